/* SPDX-License-Identifier: MIT */
#ifndef XENGNT_ASSERT_H
#define XENGNT_ASSERT_H

#define assert(condition) ((void)0)
#define static_assert _Static_assert

#endif
