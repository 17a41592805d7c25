// Xen's grant-table interface for x86_32 at interface version 0x00041300; made by: xengnt emit rust-asserts cache_flush --abi x86_32 --interface-version 0x00041300
// SPDX-License-Identifier: MIT
//
// Declare it as a module where your types are: mod xengnt_asserts; from Rust 1.61 on.
// Where a type is not as Xen's, the compiler stops, and says in what. Not seen here is
// what is behind an address: xengnt check looks at that as well.
#![allow(dead_code, unused_imports, unused_unsafe)]

use super::*;

/// What an integer type says of itself. Implement it for yours that wraps one.
pub trait Integer {
    const SIGNED: bool;
}

macro_rules! integers {
    ($($name:ty: $signed:literal,)*) => {
        $(impl Integer for $name {
            const SIGNED: bool = $signed;
        })*
    };
}

integers! {
    i8: true, i16: true, i32: true, i64: true, isize: true,
    u8: false, u16: false, u32: false, u64: false, usize: false,
}

/// Memory in which each byte is its own number.
#[repr(C, align(4096))]
struct Numbered([u8; 256]);

const NUMBERED: &Numbered = &{
    let mut bytes = [0; 256];
    let mut at = 0;
    while at < 256 {
        bytes[at] = at as u8;
        at += 1;
    }
    Numbered(bytes)
};

const fn offset<T>(field: *const T) -> usize {
    // SAFETY: it points into NUMBERED.
    unsafe { *(field as *const u8) as usize }
}

const fn size<T>(_: *const T) -> usize {
    core::mem::size_of::<T>()
}

const fn signed<T: Integer>(_: *const T) -> bool {
    T::SIGNED
}

macro_rules! at {
    ($type:ty, $($field:tt)+) => {
        // SAFETY: nothing is read.
        unsafe { core::ptr::addr_of!((*(NUMBERED.0.as_ptr() as *const $type)).$($field)+) }
    };
}

macro_rules! is_repr_c {
    ($type:ty) => {
        // By value: of what is behind an address nothing is said.
        #[deny(improper_ctypes_definitions)]
        const _: () = {
            extern "C" fn is_repr_c(_: $type) {}
        };
    };
}

macro_rules! check {
    ($holds:expr, $what:literal) => {
        const _: () = assert!($holds, concat!($what, " (Xen, ", abi!(), ")"));
    };
}

macro_rules! abi {
    () => {
        "x86_32"
    };
}

check!(size(core::ptr::null::<grant_ref_t>()) == 4, "grant_ref_t: size is not 4");
check!(!signed(core::ptr::null::<grant_ref_t>()), "grant_ref_t: is not unsigned");

is_repr_c!(gnttab_cache_flush);
check!(size(core::ptr::null::<gnttab_cache_flush>()) == 16, "gnttab_cache_flush: size is not 16");
check!(offset(at!(gnttab_cache_flush, a)) == 0, "gnttab_cache_flush.a: offset is not 0");
check!(size(at!(gnttab_cache_flush, a)) == 8, "gnttab_cache_flush.a: size is not 8");
check!(offset(at!(gnttab_cache_flush, a.dev_bus_addr)) == 0, "gnttab_cache_flush.a.dev_bus_addr: offset is not 0");
check!(size(at!(gnttab_cache_flush, a.dev_bus_addr)) == 8, "gnttab_cache_flush.a.dev_bus_addr: size is not 8");
check!(!signed(at!(gnttab_cache_flush, a.dev_bus_addr)), "gnttab_cache_flush.a.dev_bus_addr: is not unsigned");
check!(offset(at!(gnttab_cache_flush, a.r#ref)) == 0, "gnttab_cache_flush.a.ref: offset is not 0");
check!(size(at!(gnttab_cache_flush, a.r#ref)) == 4, "gnttab_cache_flush.a.ref: size is not 4");
check!(!signed(at!(gnttab_cache_flush, a.r#ref)), "gnttab_cache_flush.a.ref: is not unsigned");
check!(offset(at!(gnttab_cache_flush, offset)) == 8, "gnttab_cache_flush.offset: offset is not 8");
check!(size(at!(gnttab_cache_flush, offset)) == 2, "gnttab_cache_flush.offset: size is not 2");
check!(!signed(at!(gnttab_cache_flush, offset)), "gnttab_cache_flush.offset: is not unsigned");
check!(offset(at!(gnttab_cache_flush, length)) == 10, "gnttab_cache_flush.length: offset is not 10");
check!(size(at!(gnttab_cache_flush, length)) == 2, "gnttab_cache_flush.length: size is not 2");
check!(!signed(at!(gnttab_cache_flush, length)), "gnttab_cache_flush.length: is not unsigned");
check!(offset(at!(gnttab_cache_flush, op)) == 12, "gnttab_cache_flush.op: offset is not 12");
check!(size(at!(gnttab_cache_flush, op)) == 4, "gnttab_cache_flush.op: size is not 4");
check!(!signed(at!(gnttab_cache_flush, op)), "gnttab_cache_flush.op: is not unsigned");

check!(__HYPERVISOR_grant_table_op as i128 == 20, "__HYPERVISOR_grant_table_op: value is not 20");

check!(GNTTABOP_cache_flush as i128 == 12, "GNTTABOP_cache_flush: value is not 12");

check!(GNTTAB_CACHE_CLEAN as i128 == 1, "GNTTAB_CACHE_CLEAN: value is not 1");

check!(GNTTAB_CACHE_INVAL as i128 == 2, "GNTTAB_CACHE_INVAL: value is not 2");

check!(GNTTAB_CACHE_SOURCE_GREF as i128 == 2147483648, "GNTTAB_CACHE_SOURCE_GREF: value is not 2147483648");
