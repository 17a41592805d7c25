/* SPDX-License-Identifier: MIT */
/* size_t and ptrdiff_t are built into xengnt's reader of C. */
#ifndef XENGNT_STDDEF_H
#define XENGNT_STDDEF_H

#define NULL ((void *)0)
#define offsetof(type, member) __builtin_offsetof(type, member)

#if defined(__aarch64__) || defined(__arm__)
typedef unsigned int wchar_t;
#elif defined(__i386__)
typedef long wchar_t;
#else
typedef int wchar_t;
#endif

#endif
