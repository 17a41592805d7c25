/* SPDX-License-Identifier: MIT */
/* Where a 64-bit PV guest begins, and what it tells the loader. */

#define XEN_ELFNOTE_ENTRY        1
#define XEN_ELFNOTE_VIRT_BASE    3
#define XEN_ELFNOTE_PADDR_OFFSET 4
#define XEN_ELFNOTE_XEN_VERSION  5
#define XEN_ELFNOTE_GUEST_OS     6
#define XEN_ELFNOTE_LOADER       8

.macro NOTE type, directive, value:vararg
    .pushsection .note.Xen, "a", @note
    .balign 4
    .long 4, 2f - 1f, \type
    .asciz "Xen"
1:  \directive \value
2:  .balign 4
    .popsection
.endm

    NOTE XEN_ELFNOTE_GUEST_OS, .asciz, "xengnt"
    NOTE XEN_ELFNOTE_XEN_VERSION, .asciz, "xen-3.0"
    NOTE XEN_ELFNOTE_LOADER, .asciz, "generic"
    NOTE XEN_ELFNOTE_VIRT_BASE, .quad, 0xffffffff80000000
    NOTE XEN_ELFNOTE_PADDR_OFFSET, .quad, 0xffffffff80000000
    NOTE XEN_ELFNOTE_ENTRY, .quad, _start

    .text
    .globl _start
_start:
    cld
    lea stack_top(%rip), %rsp
    mov %rsi, %rdi              /* start_info; what a created domain has there is not used */
    call greet
    call serve

    .bss
    .balign 4096
    .skip 8192
stack_top:
