/* SPDX-License-Identifier: MIT */
/* opinion.cdef.h: the part of opinion.h that cffi reads too. */

struct xengnt_constant {
    const char *name;
    unsigned long long bits;    /* the value, sign-extended */
    int size;
    int is_signed;
};

struct xengnt_member {
    const char *name;           /* tag.path, and of a pointee tag.path* */
    int size;
    int is_signed;
};
