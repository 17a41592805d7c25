/* SPDX-License-Identifier: MIT */
/* Where a 64-bit PV guest begins, and what it tells the one who loads it. */

#define BASE 0xffffffff80000000

#define XEN_ELFNOTE_ENTRY        1
#define XEN_ELFNOTE_VIRT_BASE    3
#define XEN_ELFNOTE_PADDR_OFFSET 4
#define XEN_ELFNOTE_XEN_VERSION  5
#define XEN_ELFNOTE_GUEST_OS     6
#define XEN_ELFNOTE_LOADER       8

#define START_INFO_PT_BASE  88
#define START_INFO_MFN_LIST 104

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
    NOTE XEN_ELFNOTE_VIRT_BASE, .quad, BASE
    NOTE XEN_ELFNOTE_PADDR_OFFSET, .quad, BASE
    NOTE XEN_ELFNOTE_ENTRY, .quad, _start

    .section .text.start, "ax"
    .globl _start
_start:
    cld
    lea stack_top(%rip), %rsp
    test %rsi, %rsi             /* struct start_info, of the first domain only */
    jz 1f
    mov START_INFO_PT_BASE(%rsi), %rdi
    sub $BASE, %rdi
    shr $12, %rdi
    mov START_INFO_MFN_LIST(%rsi), %rax
    mov (%rax, %rdi, 8), %rdi
    call announce
1:  call serve

    .bss
    .balign 4096
    .skip 8192
stack_top:
