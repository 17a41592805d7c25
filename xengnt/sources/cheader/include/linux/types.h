/* SPDX-License-Identifier: MIT */
#ifndef XENGNT_LINUX_TYPES_H
#define XENGNT_LINUX_TYPES_H

typedef int8_t __s8;
typedef int16_t __s16;
typedef int32_t __s32;
typedef long long __s64;
typedef uint8_t __u8;
typedef uint16_t __u16;
typedef uint32_t __u32;
typedef unsigned long long __u64;

typedef __u16 __le16, __be16, __sum16;
typedef __u32 __le32, __be32, __wsum;
typedef __u64 __le64, __be64;

#define __aligned_u64  __u64 __attribute__((aligned(8)))
#define __aligned_le64 __le64 __attribute__((aligned(8)))
#define __aligned_be64 __be64 __attribute__((aligned(8)))

#ifdef __KERNEL__
typedef __s8 s8;
typedef __s16 s16;
typedef __s32 s32;
typedef __s64 s64;
typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
#define aligned_u64  __aligned_u64
#define aligned_le64 __aligned_le64
#define aligned_be64 __aligned_be64
#endif

#endif
