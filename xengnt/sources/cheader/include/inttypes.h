/* SPDX-License-Identifier: MIT */
/* The formats that this also has are of no use to who reads declarations only. */
#ifndef XENGNT_INTTYPES_H
#define XENGNT_INTTYPES_H

#include <stdint.h>

#endif
