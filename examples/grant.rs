// SPDX-License-Identifier: MIT
//! The interface as a Rust project might type it: xengnt check takes the object.
#![no_std]

#[repr(C)]
#[derive(Clone, Copy)]
pub union GnttabCopyU {
    pub r#ref: u32,
    pub gmfn: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct GnttabCopyPtr {
    pub u: GnttabCopyU,
    pub domid: u16,
    pub offset: u16,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct GnttabCopy {
    pub source: GnttabCopyPtr,
    pub dest: GnttabCopyPtr,
    pub len: u16,
    pub flags: u16,
    pub status: i16,
}

#[no_mangle]
pub extern "C" fn bytes_to_copy(op: &GnttabCopy) -> u16 {
    op.len
}
