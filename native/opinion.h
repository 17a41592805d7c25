/* SPDX-License-Identifier: MIT */
/*
 * opinion.h: what the C compiler that built the extension thinks of the header's
 * constants and messages, for `xengnt selfcheck` to compare with.
 */

struct xengnt_constant {
    const char *name;
    unsigned long long bits;    /* the value, sign-extended */
    int size;
    int is_signed;
};

#define XENGNT_CONSTANT(c) \
    { #c, (unsigned long long)(c), (int)sizeof(c), (__typeof__(c))-1 < (__typeof__(c))1 }

static const char *const xengnt_messages[] = GNTTABOP_error_msgs;
