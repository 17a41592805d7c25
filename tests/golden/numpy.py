# Xen's grant-table interface for x86_32 at interface version 0x00041300; made by: xengnt emit numpy cache_flush --abi x86_32 --interface-version 0x00041300
# SPDX-License-Identifier: MIT
"""Types of numpy that lie as here on any machine; members of unions overlap."""

import numpy

grant_ref_t = numpy.dtype("<u4")

# Meant is GNTTAB_CACHE_SOURCE_GREF ? ref : dev_bus_addr.
#
# 8 bytes, aligned to 4.
gnttab_cache_flush_a = numpy.dtype(
    {
        "names": [
            "dev_bus_addr",  # 0, IN: The page, as map returned it.
            "ref",  # 0, IN: The page, by a reference.
        ],
        "formats": ["<u8", "<u4"],
        "offsets": [0, 0],
        "itemsize": 8,
    }
)

# GNTTABOP_cache_flush: clean or drop the cache lines of a part of a page that the caller has
# mapped.
#
# There is no status: the first element that fails ends the call, with its error as the result.
# For Arm; x86 had it until Xen 4.20.
#
# 16 bytes, aligned to 4.
gnttab_cache_flush = numpy.dtype(
    {
        "names": [
            "a",  # 0, IN, meant is GNTTAB_CACHE_SOURCE_GREF ? ref : dev_bus_addr
            "offset",  # 8, IN: Where in the page to begin, in bytes.
            "length",  # 10, IN: How many bytes.
            "op",  # 12, IN, enum gnttab_cache_flag
        ],
        "formats": [gnttab_cache_flush_a, "<u2", "<u2", "<u4"],
        "offsets": [0, 8, 10, 12],
        "itemsize": 16,
    }
)

# Others.
__HYPERVISOR_grant_table_op = 20  # The number of the hypercall that grant_table.h is about.

# enum grant_table_op: The commands of the hypercall.
GNTTABOP_cache_flush = 12  # [Xen 4.5]

# enum gnttab_cache_flag: What to do with cache lines.
GNTTAB_CACHE_CLEAN = 0x1  # Write dirty lines back. [Xen 4.5]
GNTTAB_CACHE_INVAL = 0x2  # Drop lines. [Xen 4.5]
GNTTAB_CACHE_SOURCE_GREF = 0x80000000  # The page is given by a grant reference. [Xen 4.5]
