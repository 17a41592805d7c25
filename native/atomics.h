/* SPDX-License-Identifier: MIT */
/*
 * atomics.h: what a guest needs to share memory with Xen: atomic operations on
 * words of 16 and 32 bits, and barriers.
 *
 * They work on plain integers at any aligned address, so they hold against
 * everyone who maps the same page: threads, processes, Xen. Loads acquire: what
 * is read after one is not older than it. Stores release: what was written
 * before one is seen before it. All that reads and writes at once is a full
 * barrier, and gives what was there before.
 *
 * build_ffi.py takes the declarations from here: each function has its own on
 * one line, and the brace on the next.
 */
#ifndef XENGNT_ATOMICS_H
#define XENGNT_ATOMICS_H

#include <stdatomic.h>
#include <stdint.h>

/* A lock would be a lock of this process, and stop nobody else. */
_Static_assert(ATOMIC_SHORT_LOCK_FREE == 2 && ATOMIC_INT_LOCK_FREE == 2,
               "this compiler has no atomic operations on 16 and 32 bits for this machine");
_Static_assert(sizeof(_Atomic uint16_t) == 2 && sizeof(_Atomic uint32_t) == 4,
               "this compiler's atomic integers are larger than plain ones");

#define XENGNT_SHARED16(word) ((volatile _Atomic uint16_t *)(word))
#define XENGNT_SHARED32(word) ((volatile _Atomic uint32_t *)(word))

static inline uint16_t xengnt_load16(uint16_t *word)
{
    return atomic_load_explicit(XENGNT_SHARED16(word), memory_order_acquire);
}

static inline uint32_t xengnt_load32(uint32_t *word)
{
    return atomic_load_explicit(XENGNT_SHARED32(word), memory_order_acquire);
}

static inline void xengnt_store16(uint16_t *word, uint16_t value)
{
    atomic_store_explicit(XENGNT_SHARED16(word), value, memory_order_release);
}

static inline void xengnt_store32(uint32_t *word, uint32_t value)
{
    atomic_store_explicit(XENGNT_SHARED32(word), value, memory_order_release);
}

/* Store `value` if `expected` is there. It was done if `expected` is returned. */
static inline uint16_t xengnt_cmpxchg16(uint16_t *word, uint16_t expected, uint16_t value)
{
    atomic_compare_exchange_strong(XENGNT_SHARED16(word), &expected, value);
    return expected;
}

static inline uint32_t xengnt_cmpxchg32(uint32_t *word, uint32_t expected, uint32_t value)
{
    atomic_compare_exchange_strong(XENGNT_SHARED32(word), &expected, value);
    return expected;
}

static inline uint16_t xengnt_fetch_and16(uint16_t *word, uint16_t mask)
{
    return atomic_fetch_and(XENGNT_SHARED16(word), mask);
}

static inline uint32_t xengnt_fetch_and32(uint32_t *word, uint32_t mask)
{
    return atomic_fetch_and(XENGNT_SHARED32(word), mask);
}

static inline uint16_t xengnt_fetch_or16(uint16_t *word, uint16_t bits)
{
    return atomic_fetch_or(XENGNT_SHARED16(word), bits);
}

static inline uint32_t xengnt_fetch_or32(uint32_t *word, uint32_t bits)
{
    return atomic_fetch_or(XENGNT_SHARED32(word), bits);
}

/* Loads before it are done before loads after it. */
static inline void xengnt_rmb(void)
{
    atomic_thread_fence(memory_order_acquire);
}

/* Stores before it are seen before stores after it. */
static inline void xengnt_wmb(void)
{
    atomic_thread_fence(memory_order_release);
}

/* The two together, and stores before it are seen before loads after it are done. */
static inline void xengnt_mb(void)
{
    atomic_thread_fence(memory_order_seq_cst);
}

#endif /* XENGNT_ATOMICS_H */
