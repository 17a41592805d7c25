/* SPDX-License-Identifier: MIT */
/*
 * opinion.h: what the C compiler that built the extension thinks of the header,
 * as far as cffi does not tell, for `xengnt selfcheck` to compare with: constants,
 * messages, and the signedness of members.
 */

#include "opinion.cdef.h"

#define XENGNT_IS_SIGNED(type) ((type)-1 < (type)1)

#define XENGNT_CONSTANT(c) \
    { #c, (unsigned long long)(c), (int)sizeof(c), XENGNT_IS_SIGNED(__typeof__(c)) }

#define XENGNT_VALUE(t, path) (((t *)0)->path)

/* An integer at a path in a struct, or what the pointer at a path points to. */
#define XENGNT_MEMBER(name, t, path) \
    { name, (int)sizeof(XENGNT_VALUE(t, path)), \
      XENGNT_IS_SIGNED(__typeof__(XENGNT_VALUE(t, path))) }
#define XENGNT_POINTEE(name, t, path) XENGNT_MEMBER(name, t, path[0])

static const char *const xengnt_messages[] = GNTTABOP_error_msgs;
