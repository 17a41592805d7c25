/* SPDX-License-Identifier: MIT */
/* Its functions are of no use to who reads declarations only. */
#ifndef XENGNT_STRING_H
#define XENGNT_STRING_H

#include <stddef.h>

#endif
