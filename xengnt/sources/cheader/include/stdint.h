/* SPDX-License-Identifier: MIT */
/*
 * The integer types of exact size, and intptr_t and uintptr_t, are built into
 * xengnt's reader of C: this adds the rest.
 */
#ifndef XENGNT_STDINT_H
#define XENGNT_STDINT_H

#if __SIZEOF_LONG__ == 8
#define INT64_C(digits)  digits##L
#define UINT64_C(digits) digits##UL
#else
#define INT64_C(digits)  digits##LL
#define UINT64_C(digits) digits##ULL
#endif
#define INT8_C(digits)    digits
#define INT16_C(digits)   digits
#define INT32_C(digits)   digits
#define UINT8_C(digits)   digits
#define UINT16_C(digits)  digits
#define UINT32_C(digits)  digits##U
#define INTMAX_C(digits)  INT64_C(digits)
#define UINTMAX_C(digits) UINT64_C(digits)

#define INT8_MAX   127
#define INT16_MAX  32767
#define INT32_MAX  2147483647
#define INT64_MAX  INT64_C(9223372036854775807)
#define INT8_MIN   (-INT8_MAX - 1)
#define INT16_MIN  (-INT16_MAX - 1)
#define INT32_MIN  (-INT32_MAX - 1)
#define INT64_MIN  (-INT64_MAX - 1)
#define UINT8_MAX  255
#define UINT16_MAX 65535
#define UINT32_MAX 4294967295U
#define UINT64_MAX UINT64_C(18446744073709551615)
#define INTMAX_MAX  INT64_MAX
#define INTMAX_MIN  INT64_MIN
#define UINTMAX_MAX UINT64_MAX

#if __SIZEOF_POINTER__ == 8
#define INTPTR_MAX  INT64_MAX
#define INTPTR_MIN  INT64_MIN
#define UINTPTR_MAX UINT64_MAX
#define PTRDIFF_MAX INT64_MAX
#define PTRDIFF_MIN INT64_MIN
#define SIZE_MAX    UINT64_MAX
#else
#define INTPTR_MAX  INT32_MAX
#define INTPTR_MIN  INT32_MIN
#define UINTPTR_MAX UINT32_MAX
#define PTRDIFF_MAX INT32_MAX
#define PTRDIFF_MIN INT32_MIN
#define SIZE_MAX    UINT32_MAX
#endif

typedef int64_t intmax_t;
typedef uint64_t uintmax_t;

typedef int8_t int_least8_t;
typedef int16_t int_least16_t;
typedef int32_t int_least32_t;
typedef int64_t int_least64_t;
typedef uint8_t uint_least8_t;
typedef uint16_t uint_least16_t;
typedef uint32_t uint_least32_t;
typedef uint64_t uint_least64_t;

typedef int8_t int_fast8_t;
typedef intptr_t int_fast16_t;
typedef intptr_t int_fast32_t;
typedef int64_t int_fast64_t;
typedef uint8_t uint_fast8_t;
typedef uintptr_t uint_fast16_t;
typedef uintptr_t uint_fast32_t;
typedef uint64_t uint_fast64_t;

#endif
