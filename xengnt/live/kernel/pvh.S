/* SPDX-License-Identifier: MIT */
/*
 * Where a 32-bit PVH guest begins. It stays as it is started: without paging, on flat
 * segments, so that its addresses are those of its memory, from 0.
 */

#include "mailbox.h"

#define XEN_ELFNOTE_PHYS32_ENTRY 18

    .section .note.Xen, "a", @note
    .balign 4
    .long 4, 4, XEN_ELFNOTE_PHYS32_ENTRY
    .asciz "Xen"
    .long _start

    .section .text.start, "ax"
    .globl _start
_start:
    cld
    mov $stack_top, %esp
    test %ebx, %ebx             /* struct hvm_start_info, of the first domain only */
    jz 1f
    mov $CR2_MARK, %eax         /* the processor keeps it beside the nested page table */
    mov %eax, %cr2
    push $0
    call announce
1:  call serve

    .bss
    .balign 4096
    .skip 8192
stack_top:
