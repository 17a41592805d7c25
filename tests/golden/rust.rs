// Xen's grant-table interface for x86_32 at interface version 0x00041300; made by: xengnt emit rust cache_flush --abi x86_32 --interface-version 0x00041300
// SPDX-License-Identifier: MIT
//
// The types lie as here on any target: holes are members, and handles are integers.
// A new value has all its bytes zero: gnttab_x { field: 1, ..Default::default() }.
#![allow(dead_code, non_camel_case_types, non_upper_case_globals)]
#![allow(missing_docs, missing_debug_implementations)]
#![allow(rustdoc::broken_intra_doc_links)]

/// The number of an entry in some domain's grant table.
pub type grant_ref_t = u32;

/// Meant is GNTTAB_CACHE_SOURCE_GREF ? ref : dev_bus_addr.
///
/// 8 bytes, aligned to 4.
#[repr(C, packed(4))]
#[derive(Clone, Copy)]
pub union gnttab_cache_flush_a {
    /// 0, IN: The page, as map returned it.
    pub dev_bus_addr: u64,
    /// 0, IN: The page, by a reference.
    pub r#ref: grant_ref_t,
}
impl Default for gnttab_cache_flush_a {
    fn default() -> Self {
        // SAFETY: it is made of integers only.
        unsafe { core::mem::zeroed() }
    }
}
const _: () = assert!(core::mem::size_of::<gnttab_cache_flush_a>() == 8 && core::mem::align_of::<gnttab_cache_flush_a>() == 4);

/// GNTTABOP_cache_flush: clean or drop the cache lines of a part of a page that the caller has
/// mapped.
///
/// There is no status: the first element that fails ends the call, with its error as the result.
/// For Arm; x86 had it until Xen 4.20.
///
/// 16 bytes, aligned to 4.
#[repr(C, packed(4))]
#[derive(Clone, Copy)]
pub struct gnttab_cache_flush {
    /// 0, IN, meant is GNTTAB_CACHE_SOURCE_GREF ? ref : dev_bus_addr
    pub a: gnttab_cache_flush_a,
    /// 8, IN: Where in the page to begin, in bytes.
    pub offset: u16,
    /// 10, IN: How many bytes.
    pub length: u16,
    /// 12, IN, enum gnttab_cache_flag
    pub op: u32,
}
impl Default for gnttab_cache_flush {
    fn default() -> Self {
        // SAFETY: it is made of integers only.
        unsafe { core::mem::zeroed() }
    }
}
const _: () = assert!(core::mem::size_of::<gnttab_cache_flush>() == 16 && core::mem::align_of::<gnttab_cache_flush>() == 4);
pub type gnttab_cache_flush_t = gnttab_cache_flush;

// Others.
/// The number of the hypercall that grant_table.h is about.
pub const __HYPERVISOR_grant_table_op: i32 = 20;

// enum grant_table_op: The commands of the hypercall.
/// [Xen 4.5]
pub const GNTTABOP_cache_flush: i32 = 12;

// enum gnttab_cache_flag: What to do with cache lines.
/// Write dirty lines back. [Xen 4.5]
pub const GNTTAB_CACHE_CLEAN: u32 = 0x1;
/// Drop lines. [Xen 4.5]
pub const GNTTAB_CACHE_INVAL: u32 = 0x2;
/// The page is given by a grant reference. [Xen 4.5]
pub const GNTTAB_CACHE_SOURCE_GREF: u32 = 0x80000000;
