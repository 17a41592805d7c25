/* Xen's grant-table interface for x86_32 at interface version 0x00041300; made by: xengnt emit c-asserts cache_flush --abi x86_32 --interface-version 0x00041300 */
/* SPDX-License-Identifier: MIT */
/*
 * Include it behind your own types in one file that you compile: nothing of it is left in the
 * object, and where a type is not as Xen's the compiler stops, and says in what.
 * Not seen here are what is behind an address, and which struct goes with which command: xengnt
 * check looks at those as well.
 */
#include <stddef.h>

#define XENGNT_ABI "x86_32"

#if defined(__cplusplus) && defined(__GNUC__)
# pragma GCC diagnostic push
# pragma GCC diagnostic ignored "-Wold-style-cast"
# pragma GCC diagnostic ignored "-Wzero-as-null-pointer-constant"
#endif

#if defined(__cplusplus) && __cplusplus >= 201103L
# define XENGNT_ASSERT(holds, what) \
    static_assert(holds, what " (Xen, " XENGNT_ABI ")")
#elif !defined(__cplusplus) && (defined(__GNUC__) || __STDC_VERSION__ >= 201112L)
# ifdef __GNUC__
#  define XENGNT_ASSERT(holds, what) \
    __extension__ _Static_assert(holds, what " (Xen, " XENGNT_ABI ")")
# else
#  define XENGNT_ASSERT(holds, what) \
    _Static_assert(holds, what " (Xen, " XENGNT_ABI ")")
# endif
#else
# define XENGNT_ASSERT(holds, what) extern char xengnt_assert[(holds) ? 1 : -1]
#endif

/* 1 is signed, 0 unsigned, 2 what is neither, such as an address, and 3 no whole number. */
#ifdef __cplusplus
# ifndef XENGNT_SIGN_OF
#  define XENGNT_SIGN_OF
extern "C++" {
char (&xengnt_sign_of(signed char))[1 + (1)];
char (&xengnt_sign_of(short))[1 + (1)];
char (&xengnt_sign_of(int))[1 + (1)];
char (&xengnt_sign_of(long))[1 + (1)];
__extension__ char (&xengnt_sign_of(long long))[1 + (1)];
char (&xengnt_sign_of(bool))[1 + (0)];
char (&xengnt_sign_of(unsigned char))[1 + (0)];
char (&xengnt_sign_of(unsigned short))[1 + (0)];
char (&xengnt_sign_of(unsigned int))[1 + (0)];
char (&xengnt_sign_of(unsigned long))[1 + (0)];
__extension__ char (&xengnt_sign_of(unsigned long long))[1 + (0)];
char (&xengnt_sign_of(char))[1 + ((char)-1 < (char)0)];
char (&xengnt_sign_of(float))[1 + (3)];
char (&xengnt_sign_of(double))[1 + (3)];
char (&xengnt_sign_of(...))[3];
}
# endif
# define XENGNT_SIGN(of) (sizeof(xengnt_sign_of(of)) - 1)
#elif defined(__GNUC__) || __STDC_VERSION__ >= 201112L
# ifdef __GNUC__
#  define XENGNT_EXTENSION __extension__
# else
#  define XENGNT_EXTENSION
# endif
# define XENGNT_SIGN(of) (XENGNT_EXTENSION _Generic((of), \
    signed char: 1, \
    short: 1, \
    int: 1, \
    long: 1, \
    long long: 1, \
    _Bool: 0, \
    unsigned char: 0, \
    unsigned short: 0, \
    unsigned int: 0, \
    unsigned long: 0, \
    unsigned long long: 0, \
    char: (char)-1 < (char)0, \
    float: 3, \
    double: 3, default: 2))
#else
# define XENGNT_SIGN(of) 2
#endif
#define XENGNT_SIGNED(of, what) \
    XENGNT_ASSERT(XENGNT_SIGN(of) == 1 || XENGNT_SIGN(of) == 2, what)
#define XENGNT_UNSIGNED(of, what) \
    XENGNT_ASSERT(XENGNT_SIGN(of) == 0 || XENGNT_SIGN(of) == 2, what)
#define XENGNT_FIELD(type, field) ((type *)0)->field

XENGNT_ASSERT(sizeof(grant_ref_t) == 4, "grant_ref_t: size is not 4");
XENGNT_UNSIGNED((grant_ref_t)0, "grant_ref_t: is not unsigned");

XENGNT_ASSERT(sizeof(struct gnttab_cache_flush) == 16, "gnttab_cache_flush: size is not 16");
XENGNT_ASSERT(offsetof(struct gnttab_cache_flush, a) == 0, "gnttab_cache_flush.a: offset is not 0");
XENGNT_ASSERT(sizeof(XENGNT_FIELD(struct gnttab_cache_flush, a)) == 8, "gnttab_cache_flush.a: size is not 8");
XENGNT_ASSERT(offsetof(struct gnttab_cache_flush, a.dev_bus_addr) == 0, "gnttab_cache_flush.a.dev_bus_addr: offset is not 0");
XENGNT_ASSERT(sizeof(XENGNT_FIELD(struct gnttab_cache_flush, a.dev_bus_addr)) == 8, "gnttab_cache_flush.a.dev_bus_addr: size is not 8");
XENGNT_UNSIGNED(XENGNT_FIELD(struct gnttab_cache_flush, a.dev_bus_addr), "gnttab_cache_flush.a.dev_bus_addr: is not unsigned");
XENGNT_ASSERT(offsetof(struct gnttab_cache_flush, a.ref) == 0, "gnttab_cache_flush.a.ref: offset is not 0");
XENGNT_ASSERT(sizeof(XENGNT_FIELD(struct gnttab_cache_flush, a.ref)) == 4, "gnttab_cache_flush.a.ref: size is not 4");
XENGNT_UNSIGNED(XENGNT_FIELD(struct gnttab_cache_flush, a.ref), "gnttab_cache_flush.a.ref: is not unsigned");
XENGNT_ASSERT(offsetof(struct gnttab_cache_flush, offset) == 8, "gnttab_cache_flush.offset: offset is not 8");
XENGNT_ASSERT(sizeof(XENGNT_FIELD(struct gnttab_cache_flush, offset)) == 2, "gnttab_cache_flush.offset: size is not 2");
XENGNT_UNSIGNED(XENGNT_FIELD(struct gnttab_cache_flush, offset), "gnttab_cache_flush.offset: is not unsigned");
XENGNT_ASSERT(offsetof(struct gnttab_cache_flush, length) == 10, "gnttab_cache_flush.length: offset is not 10");
XENGNT_ASSERT(sizeof(XENGNT_FIELD(struct gnttab_cache_flush, length)) == 2, "gnttab_cache_flush.length: size is not 2");
XENGNT_UNSIGNED(XENGNT_FIELD(struct gnttab_cache_flush, length), "gnttab_cache_flush.length: is not unsigned");
XENGNT_ASSERT(offsetof(struct gnttab_cache_flush, op) == 12, "gnttab_cache_flush.op: offset is not 12");
XENGNT_ASSERT(sizeof(XENGNT_FIELD(struct gnttab_cache_flush, op)) == 4, "gnttab_cache_flush.op: size is not 4");
XENGNT_UNSIGNED(XENGNT_FIELD(struct gnttab_cache_flush, op), "gnttab_cache_flush.op: is not unsigned");

XENGNT_ASSERT(__HYPERVISOR_grant_table_op == 20, "__HYPERVISOR_grant_table_op: value is not 20");
XENGNT_ASSERT(sizeof(__HYPERVISOR_grant_table_op) == 4, "__HYPERVISOR_grant_table_op: size is not 4");
XENGNT_SIGNED(__HYPERVISOR_grant_table_op, "__HYPERVISOR_grant_table_op: is not signed");

XENGNT_ASSERT(GNTTABOP_cache_flush == 12, "GNTTABOP_cache_flush: value is not 12");
XENGNT_ASSERT(sizeof(GNTTABOP_cache_flush) == 4, "GNTTABOP_cache_flush: size is not 4");
XENGNT_SIGNED(GNTTABOP_cache_flush, "GNTTABOP_cache_flush: is not signed");

XENGNT_ASSERT(GNTTAB_CACHE_CLEAN == 1, "GNTTAB_CACHE_CLEAN: value is not 1");
XENGNT_ASSERT(sizeof(GNTTAB_CACHE_CLEAN) == 4, "GNTTAB_CACHE_CLEAN: size is not 4");
XENGNT_UNSIGNED(GNTTAB_CACHE_CLEAN, "GNTTAB_CACHE_CLEAN: is not unsigned");

XENGNT_ASSERT(GNTTAB_CACHE_INVAL == 2, "GNTTAB_CACHE_INVAL: value is not 2");
XENGNT_ASSERT(sizeof(GNTTAB_CACHE_INVAL) == 4, "GNTTAB_CACHE_INVAL: size is not 4");
XENGNT_UNSIGNED(GNTTAB_CACHE_INVAL, "GNTTAB_CACHE_INVAL: is not unsigned");

XENGNT_ASSERT(GNTTAB_CACHE_SOURCE_GREF == 0x80000000ULL, "GNTTAB_CACHE_SOURCE_GREF: value is not 2147483648");
XENGNT_ASSERT(sizeof(GNTTAB_CACHE_SOURCE_GREF) == 4, "GNTTAB_CACHE_SOURCE_GREF: size is not 4");
XENGNT_UNSIGNED(GNTTAB_CACHE_SOURCE_GREF, "GNTTAB_CACHE_SOURCE_GREF: is not unsigned");

#if defined(__cplusplus) && defined(__GNUC__)
# pragma GCC diagnostic pop
#endif
#undef XENGNT_ABI
#undef XENGNT_ASSERT
#undef XENGNT_SIGN
#undef XENGNT_EXTENSION
#undef XENGNT_SIGNED
#undef XENGNT_UNSIGNED
#undef XENGNT_FIELD
