/* SPDX-License-Identifier: MIT */
/* Where a 64-bit Arm guest begins, and what it tells the one who loads it. */

#define LOAD_OFFSET 0xff000     /* from where its memory begins; see arm.ld */
#define IMAGE_MAGIC 0x644d5241  /* "ARM\x64" */

    .section .header, "ax"
    b _start
    .long 0
    .quad LOAD_OFFSET
    .quad 0                     /* how much memory it takes: not looked at */
    .quad 0x2                   /* little endian, pages of 4 KiB */
    .quad 0, 0, 0
    .long IMAGE_MAGIC
    .long 0

    .section .text.start, "ax"
    .globl _start
_start:
    adrp x1, stack_top
    add sp, x1, :lo12:stack_top
    cbz x0, 1f                  /* the device tree, of the first domain only */
    mov x0, #0
    bl announce
1:  bl serve

    .bss
    .balign 4096
    .skip 8192
stack_top:
