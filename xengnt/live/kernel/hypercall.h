/* SPDX-License-Identifier: MIT */
/* How a guest calls Xen, without a hypercall page: that is for other processors' sake. */

#ifndef XENGNT_HYPERCALL_H
#define XENGNT_HYPERCALL_H

#ifdef __x86_64__

static inline long hypercall(long number, long a, long b, long c, long d, long e)
{
    register long r10 asm("r10") = d;
    register long r8 asm("r8") = e;

    asm volatile ( "syscall"
                   : "+a" (number), "+D" (a), "+S" (b), "+d" (c), "+r" (r10), "+r" (r8)
                   :: "rcx", "r11", "memory" );
    return number;
}

#endif
#endif
