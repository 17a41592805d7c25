/* SPDX-License-Identifier: MIT */
/* As on Linux. ssize_t and the types of <stdint.h> are built into xengnt's reader of C. */
#ifndef XENGNT_SYS_TYPES_H
#define XENGNT_SYS_TYPES_H

#include <stddef.h>

typedef unsigned char u_char;
typedef unsigned short u_short;
typedef unsigned int u_int;
typedef unsigned long u_long;
typedef unsigned short ushort;
typedef unsigned int uint;
typedef unsigned long ulong;

typedef uint8_t u_int8_t;
typedef uint16_t u_int16_t;
typedef uint32_t u_int32_t;
typedef uint64_t u_int64_t;

typedef char *caddr_t;
typedef unsigned int gid_t;
typedef unsigned int id_t;
typedef unsigned int mode_t;
typedef long off_t;
typedef int pid_t;
typedef unsigned int uid_t;

#endif
