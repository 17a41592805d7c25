// Xen's grant-table interface for x86_32 at interface version 0x00041300; made by: xengnt emit zig cache_flush --abi x86_32 --interface-version 0x00041300
// SPDX-License-Identifier: MIT
//
// The types lie as here on any target: holes are members, and handles are integers.
// For a new value with all bytes zero: std.mem.zeroes(gnttab_x).

/// The number of an entry in some domain's grant table.
pub const grant_ref_t = u32;

/// GNTTABOP_cache_flush: clean or drop the cache lines of a part of a page that the caller has
/// mapped.
///
/// There is no status: the first element that fails ends the call, with its error as the result.
/// For Arm; x86 had it until Xen 4.20.
///
/// 16 bytes, aligned to 4.
pub const gnttab_cache_flush = extern struct {
    /// 0, IN, meant is GNTTAB_CACHE_SOURCE_GREF ? ref : dev_bus_addr
    a: extern union {
        /// 0, IN: The page, as map returned it.
        dev_bus_addr: u64 align(4),
        /// 0, IN: The page, by a reference.
        ref: grant_ref_t,
    },
    /// 8, IN: Where in the page to begin, in bytes.
    offset: u16,
    /// 10, IN: How many bytes.
    length: u16,
    /// 12, IN, enum gnttab_cache_flag
    op: u32,
};
pub const gnttab_cache_flush_t = gnttab_cache_flush;

// Others.
/// The number of the hypercall that grant_table.h is about.
pub const __HYPERVISOR_grant_table_op = 20;

// enum grant_table_op: The commands of the hypercall.
/// [Xen 4.5]
pub const GNTTABOP_cache_flush = 12;

// enum gnttab_cache_flag: What to do with cache lines.
/// Write dirty lines back. [Xen 4.5]
pub const GNTTAB_CACHE_CLEAN = 0x1;
/// Drop lines. [Xen 4.5]
pub const GNTTAB_CACHE_INVAL = 0x2;
/// The page is given by a grant reference. [Xen 4.5]
pub const GNTTAB_CACHE_SOURCE_GREF = 0x80000000;

fn check(comptime holds: bool, comptime what: []const u8) void {
    if (!holds) @compileError(what);
}

comptime {
    check(@offsetOf(gnttab_cache_flush, "a") == 0, "gnttab_cache_flush.a: offset is not 0");
    check(@offsetOf(gnttab_cache_flush, "offset") == 8, "gnttab_cache_flush.offset: offset is not 8");
    check(@offsetOf(gnttab_cache_flush, "length") == 10, "gnttab_cache_flush.length: offset is not 10");
    check(@offsetOf(gnttab_cache_flush, "op") == 12, "gnttab_cache_flush.op: offset is not 12");
    check(@sizeOf(gnttab_cache_flush) == 16, "gnttab_cache_flush: size is not 16");
}
