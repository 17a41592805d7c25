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

#elif defined(__i386__)

static inline long hypercall(long number, long a, long b, long c, long d, long e)
{
    asm volatile ( "vmmcall"
                   : "+a" (number), "+b" (a), "+c" (b), "+d" (c), "+S" (d), "+D" (e)
                   :: "memory" );
    return number;
}

#elif defined(__aarch64__)

static inline long hypercall(long number, long a, long b, long c, long d, long e)
{
    register long x16 asm("x16") = number;
    register long x0 asm("x0") = a;
    register long x1 asm("x1") = b;
    register long x2 asm("x2") = c;
    register long x3 asm("x3") = d;
    register long x4 asm("x4") = e;

    asm volatile ( "hvc #0xEA1"
                   : "+r" (x16), "+r" (x0), "+r" (x1), "+r" (x2), "+r" (x3), "+r" (x4)
                   :: "memory" );
    return x0;
}

#endif
#endif
