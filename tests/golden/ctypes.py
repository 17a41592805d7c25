# Xen's grant-table interface for x86_32 at interface version 0x00041300; made by: xengnt emit ctypes cache_flush --abi x86_32 --interface-version 0x00041300
# SPDX-License-Identifier: MIT
"""Structures of ctypes that lie as here on any machine; handles are integers."""

import ctypes

grant_ref_t = ctypes.c_uint32


# Meant is GNTTAB_CACHE_SOURCE_GREF ? ref : dev_bus_addr.
#
# 8 bytes, aligned to 4.
class gnttab_cache_flush_a(ctypes.LittleEndianUnion):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = [
        ("dev_bus_addr", ctypes.c_uint64),  # 0, IN: The page, as map returned it.
        ("ref", grant_ref_t),  # 0, IN: The page, by a reference.
    ]


# GNTTABOP_cache_flush: clean or drop the cache lines of a part of a page that the caller has
# mapped.
#
# There is no status: the first element that fails ends the call, with its error as the result.
# For Arm; x86 had it until Xen 4.20.
#
# 16 bytes, aligned to 4.
class gnttab_cache_flush(ctypes.LittleEndianStructure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = [
        ("a", gnttab_cache_flush_a),  # 0, IN, meant is GNTTAB_CACHE_SOURCE_GREF ? ref : dev_bus_addr
        ("offset", ctypes.c_uint16),  # 8, IN: Where in the page to begin, in bytes.
        ("length", ctypes.c_uint16),  # 10, IN: How many bytes.
        ("op", ctypes.c_uint32),  # 12, IN, enum gnttab_cache_flag
    ]


# Others.
__HYPERVISOR_grant_table_op = 20  # The number of the hypercall that grant_table.h is about.

# enum grant_table_op: The commands of the hypercall.
GNTTABOP_cache_flush = 12  # [Xen 4.5]

# enum gnttab_cache_flag: What to do with cache lines.
GNTTAB_CACHE_CLEAN = 0x1  # Write dirty lines back. [Xen 4.5]
GNTTAB_CACHE_INVAL = 0x2  # Drop lines. [Xen 4.5]
GNTTAB_CACHE_SOURCE_GREF = 0x80000000  # The page is given by a grant reference. [Xen 4.5]
