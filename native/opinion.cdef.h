/* SPDX-License-Identifier: MIT */
/* opinion.cdef.h: for cffi, the part of opinion.h that Python sees. */

struct xengnt_constant {
    const char *name;
    unsigned long long bits;
    int size;
    int is_signed;
};
extern const struct xengnt_constant xengnt_constants[...];
extern const char *const xengnt_messages[...];
