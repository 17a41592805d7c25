/* SPDX-License-Identifier: MIT */
/* Written by build_ffi.py from include/xen: change that, not this. */
#ifndef XENGNT_KERNELS_H
#define XENGNT_KERNELS_H

/* 32:0+8,8+4,12+4,16+2 */
static inline __attribute__((always_inline)) void compose_words_0(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    const unsigned char *c0 = from[0];
    const int64_t s0 = by[0];
    const unsigned char *c1 = from[1];
    const int64_t s1 = by[1];
    const unsigned char *c2 = from[2];
    const int64_t s2 = by[2];
    const unsigned char *c3 = from[3];
    const int64_t s3 = by[3];

    for (; count; count--, to += 32) {
        uint64_t v0 = get64(c0);
        uint64_t v1 = get32(c1);
        uint64_t v2 = get32(c2);
        uint64_t v3 = get16(c3);
        put64(to + 0, v0);
        put64(to + 8, v1 | v2 << 32);
        put64(to + 16, v3);
        put64(to + 24, 0);
        c0 += s0; c1 += s1; c2 += s2; c3 += s3;
    }
}

static void compose_0(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    compose_words_0(to, count, from, by);
}

static void dense_0(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {8, 4, 4, 2};

    (void)by;
    compose_words_0(to, count, from, known);
}

static void wide_0(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {8, 8, 8, 8};

    (void)by;
    compose_words_0(to, count, from, known);
}

/* 24:0+8,8+8,16+4 */
static inline __attribute__((always_inline)) void compose_words_1(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    const unsigned char *c0 = from[0];
    const int64_t s0 = by[0];
    const unsigned char *c1 = from[1];
    const int64_t s1 = by[1];
    const unsigned char *c2 = from[2];
    const int64_t s2 = by[2];

    for (; count; count--, to += 24) {
        uint64_t v0 = get64(c0);
        uint64_t v1 = get64(c1);
        uint64_t v2 = get32(c2);
        put64(to + 0, v0);
        put64(to + 8, v1);
        put64(to + 16, v2);
        c0 += s0; c1 += s1; c2 += s2;
    }
}

static void compose_1(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    compose_words_1(to, count, from, by);
}

static void dense_1(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {8, 8, 4};

    (void)by;
    compose_words_1(to, count, from, known);
}

static void wide_1(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {8, 8, 8};

    (void)by;
    compose_words_1(to, count, from, known);
}

/* 24:0+2,4+4,16+8 */
static inline __attribute__((always_inline)) void compose_words_2(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    const unsigned char *c0 = from[0];
    const int64_t s0 = by[0];
    const unsigned char *c1 = from[1];
    const int64_t s1 = by[1];
    const unsigned char *c2 = from[2];
    const int64_t s2 = by[2];

    for (; count; count--, to += 24) {
        uint64_t v0 = get16(c0);
        uint64_t v1 = get32(c1);
        uint64_t v2 = get64(c2);
        put64(to + 0, v0 | v1 << 32);
        put64(to + 8, 0);
        put64(to + 16, v2);
        c0 += s0; c1 += s1; c2 += s2;
    }
}

static void compose_2(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    compose_words_2(to, count, from, by);
}

static void dense_2(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {2, 4, 8};

    (void)by;
    compose_words_2(to, count, from, known);
}

static void wide_2(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {8, 8, 8};

    (void)by;
    compose_words_2(to, count, from, known);
}

/* 4:0+2 */
static inline __attribute__((always_inline)) void compose_words_3(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    const unsigned char *c0 = from[0];
    const int64_t s0 = by[0];

    for (; count; count--, to += 4) {
        uint64_t v0 = get16(c0);
        put32(to + 0, v0);
        c0 += s0;
    }
}

static void compose_3(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    compose_words_3(to, count, from, by);
}

static void dense_3(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {2};

    (void)by;
    compose_words_3(to, count, from, known);
}

static void wide_3(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {8};

    (void)by;
    compose_words_3(to, count, from, known);
}

/* 24:0+8,8+2,12+4 */
static inline __attribute__((always_inline)) void compose_words_4(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    const unsigned char *c0 = from[0];
    const int64_t s0 = by[0];
    const unsigned char *c1 = from[1];
    const int64_t s1 = by[1];
    const unsigned char *c2 = from[2];
    const int64_t s2 = by[2];

    for (; count; count--, to += 24) {
        uint64_t v0 = get64(c0);
        uint64_t v1 = get16(c1);
        uint64_t v2 = get32(c2);
        put64(to + 0, v0);
        put64(to + 8, v1 | v2 << 32);
        put64(to + 16, 0);
        c0 += s0; c1 += s1; c2 += s2;
    }
}

static void compose_4(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    compose_words_4(to, count, from, by);
}

static void dense_4(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {8, 2, 4};

    (void)by;
    compose_words_4(to, count, from, known);
}

static void wide_4(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {8, 8, 8};

    (void)by;
    compose_words_4(to, count, from, known);
}

/* 40:0+8,8+2,10+2,16+8,24+2,26+2,32+2,34+2 */
static inline __attribute__((always_inline)) void compose_words_5(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    const unsigned char *c0 = from[0];
    const int64_t s0 = by[0];
    const unsigned char *c1 = from[1];
    const int64_t s1 = by[1];
    const unsigned char *c2 = from[2];
    const int64_t s2 = by[2];
    const unsigned char *c3 = from[3];
    const int64_t s3 = by[3];
    const unsigned char *c4 = from[4];
    const int64_t s4 = by[4];
    const unsigned char *c5 = from[5];
    const int64_t s5 = by[5];
    const unsigned char *c6 = from[6];
    const int64_t s6 = by[6];
    const unsigned char *c7 = from[7];
    const int64_t s7 = by[7];

    for (; count; count--, to += 40) {
        uint64_t v0 = get64(c0);
        uint64_t v1 = get16(c1);
        uint64_t v2 = get16(c2);
        uint64_t v3 = get64(c3);
        uint64_t v4 = get16(c4);
        uint64_t v5 = get16(c5);
        uint64_t v6 = get16(c6);
        uint64_t v7 = get16(c7);
        put64(to + 0, v0);
        put64(to + 8, v1 | v2 << 16);
        put64(to + 16, v3);
        put64(to + 24, v4 | v5 << 16);
        put64(to + 32, v6 | v7 << 16);
        c0 += s0; c1 += s1; c2 += s2; c3 += s3; c4 += s4; c5 += s5; c6 += s6; c7 += s7;
    }
}

static void compose_5(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    compose_words_5(to, count, from, by);
}

static void dense_5(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {8, 2, 2, 8, 2, 2, 2, 2};

    (void)by;
    compose_words_5(to, count, from, known);
}

static void wide_5(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {8, 8, 8, 8, 8, 8, 8, 8};

    (void)by;
    compose_words_5(to, count, from, known);
}

/* 40:0+8,8+2,10+2,16+4,24+2,26+2,32+2,34+2 */
static inline __attribute__((always_inline)) void compose_words_6(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    const unsigned char *c0 = from[0];
    const int64_t s0 = by[0];
    const unsigned char *c1 = from[1];
    const int64_t s1 = by[1];
    const unsigned char *c2 = from[2];
    const int64_t s2 = by[2];
    const unsigned char *c3 = from[3];
    const int64_t s3 = by[3];
    const unsigned char *c4 = from[4];
    const int64_t s4 = by[4];
    const unsigned char *c5 = from[5];
    const int64_t s5 = by[5];
    const unsigned char *c6 = from[6];
    const int64_t s6 = by[6];
    const unsigned char *c7 = from[7];
    const int64_t s7 = by[7];

    for (; count; count--, to += 40) {
        uint64_t v0 = get64(c0);
        uint64_t v1 = get16(c1);
        uint64_t v2 = get16(c2);
        uint64_t v3 = get32(c3);
        uint64_t v4 = get16(c4);
        uint64_t v5 = get16(c5);
        uint64_t v6 = get16(c6);
        uint64_t v7 = get16(c7);
        put64(to + 0, v0);
        put64(to + 8, v1 | v2 << 16);
        put64(to + 16, v3);
        put64(to + 24, v4 | v5 << 16);
        put64(to + 32, v6 | v7 << 16);
        c0 += s0; c1 += s1; c2 += s2; c3 += s3; c4 += s4; c5 += s5; c6 += s6; c7 += s7;
    }
}

static void compose_6(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    compose_words_6(to, count, from, by);
}

static void dense_6(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {8, 2, 2, 4, 2, 2, 2, 2};

    (void)by;
    compose_words_6(to, count, from, known);
}

static void wide_6(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {8, 8, 8, 8, 8, 8, 8, 8};

    (void)by;
    compose_words_6(to, count, from, known);
}

/* 40:0+4,8+2,10+2,16+8,24+2,26+2,32+2,34+2 */
static inline __attribute__((always_inline)) void compose_words_7(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    const unsigned char *c0 = from[0];
    const int64_t s0 = by[0];
    const unsigned char *c1 = from[1];
    const int64_t s1 = by[1];
    const unsigned char *c2 = from[2];
    const int64_t s2 = by[2];
    const unsigned char *c3 = from[3];
    const int64_t s3 = by[3];
    const unsigned char *c4 = from[4];
    const int64_t s4 = by[4];
    const unsigned char *c5 = from[5];
    const int64_t s5 = by[5];
    const unsigned char *c6 = from[6];
    const int64_t s6 = by[6];
    const unsigned char *c7 = from[7];
    const int64_t s7 = by[7];

    for (; count; count--, to += 40) {
        uint64_t v0 = get32(c0);
        uint64_t v1 = get16(c1);
        uint64_t v2 = get16(c2);
        uint64_t v3 = get64(c3);
        uint64_t v4 = get16(c4);
        uint64_t v5 = get16(c5);
        uint64_t v6 = get16(c6);
        uint64_t v7 = get16(c7);
        put64(to + 0, v0);
        put64(to + 8, v1 | v2 << 16);
        put64(to + 16, v3);
        put64(to + 24, v4 | v5 << 16);
        put64(to + 32, v6 | v7 << 16);
        c0 += s0; c1 += s1; c2 += s2; c3 += s3; c4 += s4; c5 += s5; c6 += s6; c7 += s7;
    }
}

static void compose_7(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    compose_words_7(to, count, from, by);
}

static void dense_7(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {4, 2, 2, 8, 2, 2, 2, 2};

    (void)by;
    compose_words_7(to, count, from, known);
}

static void wide_7(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {8, 8, 8, 8, 8, 8, 8, 8};

    (void)by;
    compose_words_7(to, count, from, known);
}

/* 40:0+4,8+2,10+2,16+4,24+2,26+2,32+2,34+2 */
static inline __attribute__((always_inline)) void compose_words_8(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    const unsigned char *c0 = from[0];
    const int64_t s0 = by[0];
    const unsigned char *c1 = from[1];
    const int64_t s1 = by[1];
    const unsigned char *c2 = from[2];
    const int64_t s2 = by[2];
    const unsigned char *c3 = from[3];
    const int64_t s3 = by[3];
    const unsigned char *c4 = from[4];
    const int64_t s4 = by[4];
    const unsigned char *c5 = from[5];
    const int64_t s5 = by[5];
    const unsigned char *c6 = from[6];
    const int64_t s6 = by[6];
    const unsigned char *c7 = from[7];
    const int64_t s7 = by[7];

    for (; count; count--, to += 40) {
        uint64_t v0 = get32(c0);
        uint64_t v1 = get16(c1);
        uint64_t v2 = get16(c2);
        uint64_t v3 = get32(c3);
        uint64_t v4 = get16(c4);
        uint64_t v5 = get16(c5);
        uint64_t v6 = get16(c6);
        uint64_t v7 = get16(c7);
        put64(to + 0, v0);
        put64(to + 8, v1 | v2 << 16);
        put64(to + 16, v3);
        put64(to + 24, v4 | v5 << 16);
        put64(to + 32, v6 | v7 << 16);
        c0 += s0; c1 += s1; c2 += s2; c3 += s3; c4 += s4; c5 += s5; c6 += s6; c7 += s7;
    }
}

static void compose_8(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    compose_words_8(to, count, from, by);
}

static void dense_8(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {4, 2, 2, 4, 2, 2, 2, 2};

    (void)by;
    compose_words_8(to, count, from, known);
}

static void wide_8(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {8, 8, 8, 8, 8, 8, 8, 8};

    (void)by;
    compose_words_8(to, count, from, known);
}

/* 16:0+2 */
static inline __attribute__((always_inline)) void compose_words_9(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    const unsigned char *c0 = from[0];
    const int64_t s0 = by[0];

    for (; count; count--, to += 16) {
        uint64_t v0 = get16(c0);
        put64(to + 0, v0);
        put64(to + 8, 0);
        c0 += s0;
    }
}

static void compose_9(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    compose_words_9(to, count, from, by);
}

static void dense_9(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {2};

    (void)by;
    compose_words_9(to, count, from, known);
}

static void wide_9(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {8};

    (void)by;
    compose_words_9(to, count, from, known);
}

/* 4:0+4 */
static inline __attribute__((always_inline)) void compose_words_10(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    const unsigned char *c0 = from[0];
    const int64_t s0 = by[0];

    for (; count; count--, to += 4) {
        uint64_t v0 = get32(c0);
        put32(to + 0, v0);
        c0 += s0;
    }
}

static void compose_10(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    compose_words_10(to, count, from, by);
}

static void dense_10(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {4};

    (void)by;
    compose_words_10(to, count, from, known);
}

static void wide_10(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {8};

    (void)by;
    compose_words_10(to, count, from, known);
}

/* 16:0+4,4+2,8+8 */
static inline __attribute__((always_inline)) void compose_words_11(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    const unsigned char *c0 = from[0];
    const int64_t s0 = by[0];
    const unsigned char *c1 = from[1];
    const int64_t s1 = by[1];
    const unsigned char *c2 = from[2];
    const int64_t s2 = by[2];

    for (; count; count--, to += 16) {
        uint64_t v0 = get32(c0);
        uint64_t v1 = get16(c1);
        uint64_t v2 = get64(c2);
        put64(to + 0, v0 | v1 << 32);
        put64(to + 8, v2);
        c0 += s0; c1 += s1; c2 += s2;
    }
}

static void compose_11(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    compose_words_11(to, count, from, by);
}

static void dense_11(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {4, 2, 8};

    (void)by;
    compose_words_11(to, count, from, known);
}

static void wide_11(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {8, 8, 8};

    (void)by;
    compose_words_11(to, count, from, known);
}

/* 8:0+2,2+2 */
static inline __attribute__((always_inline)) void compose_words_12(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    const unsigned char *c0 = from[0];
    const int64_t s0 = by[0];
    const unsigned char *c1 = from[1];
    const int64_t s1 = by[1];

    for (; count; count--, to += 8) {
        uint64_t v0 = get16(c0);
        uint64_t v1 = get16(c1);
        put64(to + 0, v0 | v1 << 16);
        c0 += s0; c1 += s1;
    }
}

static void compose_12(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    compose_words_12(to, count, from, by);
}

static void dense_12(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {2, 2};

    (void)by;
    compose_words_12(to, count, from, known);
}

static void wide_12(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {8, 8};

    (void)by;
    compose_words_12(to, count, from, known);
}

/* 12:0+4,4+4 */
static inline __attribute__((always_inline)) void compose_words_13(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    const unsigned char *c0 = from[0];
    const int64_t s0 = by[0];
    const unsigned char *c1 = from[1];
    const int64_t s1 = by[1];

    for (; count; count--, to += 12) {
        uint64_t v0 = get32(c0);
        uint64_t v1 = get32(c1);
        put64(to + 0, v0 | v1 << 32);
        put32(to + 8, 0);
        c0 += s0; c1 += s1;
    }
}

static void compose_13(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    compose_words_13(to, count, from, by);
}

static void dense_13(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {4, 4};

    (void)by;
    compose_words_13(to, count, from, known);
}

static void wide_13(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {8, 8};

    (void)by;
    compose_words_13(to, count, from, known);
}

/* 16:0+8,8+2,10+2,12+4 */
static inline __attribute__((always_inline)) void compose_words_14(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    const unsigned char *c0 = from[0];
    const int64_t s0 = by[0];
    const unsigned char *c1 = from[1];
    const int64_t s1 = by[1];
    const unsigned char *c2 = from[2];
    const int64_t s2 = by[2];
    const unsigned char *c3 = from[3];
    const int64_t s3 = by[3];

    for (; count; count--, to += 16) {
        uint64_t v0 = get64(c0);
        uint64_t v1 = get16(c1);
        uint64_t v2 = get16(c2);
        uint64_t v3 = get32(c3);
        put64(to + 0, v0);
        put64(to + 8, v1 | v2 << 16 | v3 << 32);
        c0 += s0; c1 += s1; c2 += s2; c3 += s3;
    }
}

static void compose_14(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    compose_words_14(to, count, from, by);
}

static void dense_14(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {8, 2, 2, 4};

    (void)by;
    compose_words_14(to, count, from, known);
}

static void wide_14(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {8, 8, 8, 8};

    (void)by;
    compose_words_14(to, count, from, known);
}

/* 16:0+4,8+2,10+2,12+4 */
static inline __attribute__((always_inline)) void compose_words_15(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    const unsigned char *c0 = from[0];
    const int64_t s0 = by[0];
    const unsigned char *c1 = from[1];
    const int64_t s1 = by[1];
    const unsigned char *c2 = from[2];
    const int64_t s2 = by[2];
    const unsigned char *c3 = from[3];
    const int64_t s3 = by[3];

    for (; count; count--, to += 16) {
        uint64_t v0 = get32(c0);
        uint64_t v1 = get16(c1);
        uint64_t v2 = get16(c2);
        uint64_t v3 = get32(c3);
        put64(to + 0, v0);
        put64(to + 8, v1 | v2 << 16 | v3 << 32);
        c0 += s0; c1 += s1; c2 += s2; c3 += s3;
    }
}

static void compose_15(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    compose_words_15(to, count, from, by);
}

static void dense_15(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {4, 2, 2, 4};

    (void)by;
    compose_words_15(to, count, from, known);
}

static void wide_15(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {8, 8, 8, 8};

    (void)by;
    compose_words_15(to, count, from, known);
}

/* 8:0+2,2+2,4+4 */
static inline __attribute__((always_inline)) void compose_words_16(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    const unsigned char *c0 = from[0];
    const int64_t s0 = by[0];
    const unsigned char *c1 = from[1];
    const int64_t s1 = by[1];
    const unsigned char *c2 = from[2];
    const int64_t s2 = by[2];

    for (; count; count--, to += 8) {
        uint64_t v0 = get16(c0);
        uint64_t v1 = get16(c1);
        uint64_t v2 = get32(c2);
        put64(to + 0, v0 | v1 << 16 | v2 << 32);
        c0 += s0; c1 += s1; c2 += s2;
    }
}

static void compose_16(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    compose_words_16(to, count, from, by);
}

static void dense_16(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {2, 2, 4};

    (void)by;
    compose_words_16(to, count, from, known);
}

static void wide_16(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {8, 8, 8};

    (void)by;
    compose_words_16(to, count, from, known);
}

/* 4:0+2,2+2 */
static inline __attribute__((always_inline)) void compose_words_17(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    const unsigned char *c0 = from[0];
    const int64_t s0 = by[0];
    const unsigned char *c1 = from[1];
    const int64_t s1 = by[1];

    for (; count; count--, to += 4) {
        uint64_t v0 = get16(c0);
        uint64_t v1 = get16(c1);
        put32(to + 0, v0 | v1 << 16);
        c0 += s0; c1 += s1;
    }
}

static void compose_17(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    compose_words_17(to, count, from, by);
}

static void dense_17(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {2, 2};

    (void)by;
    compose_words_17(to, count, from, known);
}

static void wide_17(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {8, 8};

    (void)by;
    compose_words_17(to, count, from, known);
}

/* 16:0+2,2+2 */
static inline __attribute__((always_inline)) void compose_words_18(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    const unsigned char *c0 = from[0];
    const int64_t s0 = by[0];
    const unsigned char *c1 = from[1];
    const int64_t s1 = by[1];

    for (; count; count--, to += 16) {
        uint64_t v0 = get16(c0);
        uint64_t v1 = get16(c1);
        put64(to + 0, v0 | v1 << 16);
        put64(to + 8, 0);
        c0 += s0; c1 += s1;
    }
}

static void compose_18(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    compose_words_18(to, count, from, by);
}

static void dense_18(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {2, 2};

    (void)by;
    compose_words_18(to, count, from, known);
}

static void wide_18(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {8, 8};

    (void)by;
    compose_words_18(to, count, from, known);
}

/* 16:0+2,2+2,4+4,8+8 */
static inline __attribute__((always_inline)) void compose_words_19(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    const unsigned char *c0 = from[0];
    const int64_t s0 = by[0];
    const unsigned char *c1 = from[1];
    const int64_t s1 = by[1];
    const unsigned char *c2 = from[2];
    const int64_t s2 = by[2];
    const unsigned char *c3 = from[3];
    const int64_t s3 = by[3];

    for (; count; count--, to += 16) {
        uint64_t v0 = get16(c0);
        uint64_t v1 = get16(c1);
        uint64_t v2 = get32(c2);
        uint64_t v3 = get64(c3);
        put64(to + 0, v0 | v1 << 16 | v2 << 32);
        put64(to + 8, v3);
        c0 += s0; c1 += s1; c2 += s2; c3 += s3;
    }
}

static void compose_19(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    compose_words_19(to, count, from, by);
}

static void dense_19(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {2, 2, 4, 8};

    (void)by;
    compose_words_19(to, count, from, known);
}

static void wide_19(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {8, 8, 8, 8};

    (void)by;
    compose_words_19(to, count, from, known);
}

/* 16:0+2,2+2,4+2,6+2,8+8 */
static inline __attribute__((always_inline)) void compose_words_20(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    const unsigned char *c0 = from[0];
    const int64_t s0 = by[0];
    const unsigned char *c1 = from[1];
    const int64_t s1 = by[1];
    const unsigned char *c2 = from[2];
    const int64_t s2 = by[2];
    const unsigned char *c3 = from[3];
    const int64_t s3 = by[3];
    const unsigned char *c4 = from[4];
    const int64_t s4 = by[4];

    for (; count; count--, to += 16) {
        uint64_t v0 = get16(c0);
        uint64_t v1 = get16(c1);
        uint64_t v2 = get16(c2);
        uint64_t v3 = get16(c3);
        uint64_t v4 = get64(c4);
        put64(to + 0, v0 | v1 << 16 | v2 << 32 | v3 << 48);
        put64(to + 8, v4);
        c0 += s0; c1 += s1; c2 += s2; c3 += s3; c4 += s4;
    }
}

static void compose_20(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    compose_words_20(to, count, from, by);
}

static void dense_20(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {2, 2, 2, 2, 8};

    (void)by;
    compose_words_20(to, count, from, known);
}

static void wide_20(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {8, 8, 8, 8, 8};

    (void)by;
    compose_words_20(to, count, from, known);
}

/* 16:0+2,2+2,4+2,6+2,8+4 */
static inline __attribute__((always_inline)) void compose_words_21(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    const unsigned char *c0 = from[0];
    const int64_t s0 = by[0];
    const unsigned char *c1 = from[1];
    const int64_t s1 = by[1];
    const unsigned char *c2 = from[2];
    const int64_t s2 = by[2];
    const unsigned char *c3 = from[3];
    const int64_t s3 = by[3];
    const unsigned char *c4 = from[4];
    const int64_t s4 = by[4];

    for (; count; count--, to += 16) {
        uint64_t v0 = get16(c0);
        uint64_t v1 = get16(c1);
        uint64_t v2 = get16(c2);
        uint64_t v3 = get16(c3);
        uint64_t v4 = get32(c4);
        put64(to + 0, v0 | v1 << 16 | v2 << 32 | v3 << 48);
        put64(to + 8, v4);
        c0 += s0; c1 += s1; c2 += s2; c3 += s3; c4 += s4;
    }
}

static void compose_21(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    compose_words_21(to, count, from, by);
}

static void dense_21(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {2, 2, 2, 2, 4};

    (void)by;
    compose_words_21(to, count, from, known);
}

static void wide_21(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {8, 8, 8, 8, 8};

    (void)by;
    compose_words_21(to, count, from, known);
}

/* 16:0+4,4+4,8+4,12+4 */
static inline __attribute__((always_inline)) void compose_words_22(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    const unsigned char *c0 = from[0];
    const int64_t s0 = by[0];
    const unsigned char *c1 = from[1];
    const int64_t s1 = by[1];
    const unsigned char *c2 = from[2];
    const int64_t s2 = by[2];
    const unsigned char *c3 = from[3];
    const int64_t s3 = by[3];

    for (; count; count--, to += 16) {
        uint64_t v0 = get32(c0);
        uint64_t v1 = get32(c1);
        uint64_t v2 = get32(c2);
        uint64_t v3 = get32(c3);
        put64(to + 0, v0 | v1 << 32);
        put64(to + 8, v2 | v3 << 32);
        c0 += s0; c1 += s1; c2 += s2; c3 += s3;
    }
}

static void compose_22(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    compose_words_22(to, count, from, by);
}

static void dense_22(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {4, 4, 4, 4};

    (void)by;
    compose_words_22(to, count, from, known);
}

static void wide_22(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {8, 8, 8, 8};

    (void)by;
    compose_words_22(to, count, from, known);
}

/* 16:0+2,4+4,12+4 */
static inline __attribute__((always_inline)) void compose_words_23(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    const unsigned char *c0 = from[0];
    const int64_t s0 = by[0];
    const unsigned char *c1 = from[1];
    const int64_t s1 = by[1];
    const unsigned char *c2 = from[2];
    const int64_t s2 = by[2];

    for (; count; count--, to += 16) {
        uint64_t v0 = get16(c0);
        uint64_t v1 = get32(c1);
        uint64_t v2 = get32(c2);
        put64(to + 0, v0 | v1 << 32);
        put64(to + 8, v2 << 32);
        c0 += s0; c1 += s1; c2 += s2;
    }
}

static void compose_23(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    compose_words_23(to, count, from, by);
}

static void dense_23(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {2, 4, 4};

    (void)by;
    compose_words_23(to, count, from, known);
}

static void wide_23(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {8, 8, 8};

    (void)by;
    compose_words_23(to, count, from, known);
}

/* 16:0+4,4+2,8+4 */
static inline __attribute__((always_inline)) void compose_words_24(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    const unsigned char *c0 = from[0];
    const int64_t s0 = by[0];
    const unsigned char *c1 = from[1];
    const int64_t s1 = by[1];
    const unsigned char *c2 = from[2];
    const int64_t s2 = by[2];

    for (; count; count--, to += 16) {
        uint64_t v0 = get32(c0);
        uint64_t v1 = get16(c1);
        uint64_t v2 = get32(c2);
        put64(to + 0, v0 | v1 << 32);
        put64(to + 8, v2);
        c0 += s0; c1 += s1; c2 += s2;
    }
}

static void compose_24(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    compose_words_24(to, count, from, by);
}

static void dense_24(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {4, 2, 4};

    (void)by;
    compose_words_24(to, count, from, known);
}

static void wide_24(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {8, 8, 8};

    (void)by;
    compose_words_24(to, count, from, known);
}

/* 24:0+4,4+2,6+2,8+4,12+2,14+2,16+2,18+2 */
static inline __attribute__((always_inline)) void compose_words_25(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    const unsigned char *c0 = from[0];
    const int64_t s0 = by[0];
    const unsigned char *c1 = from[1];
    const int64_t s1 = by[1];
    const unsigned char *c2 = from[2];
    const int64_t s2 = by[2];
    const unsigned char *c3 = from[3];
    const int64_t s3 = by[3];
    const unsigned char *c4 = from[4];
    const int64_t s4 = by[4];
    const unsigned char *c5 = from[5];
    const int64_t s5 = by[5];
    const unsigned char *c6 = from[6];
    const int64_t s6 = by[6];
    const unsigned char *c7 = from[7];
    const int64_t s7 = by[7];

    for (; count; count--, to += 24) {
        uint64_t v0 = get32(c0);
        uint64_t v1 = get16(c1);
        uint64_t v2 = get16(c2);
        uint64_t v3 = get32(c3);
        uint64_t v4 = get16(c4);
        uint64_t v5 = get16(c5);
        uint64_t v6 = get16(c6);
        uint64_t v7 = get16(c7);
        put64(to + 0, v0 | v1 << 32 | v2 << 48);
        put64(to + 8, v3 | v4 << 32 | v5 << 48);
        put64(to + 16, v6 | v7 << 16);
        c0 += s0; c1 += s1; c2 += s2; c3 += s3; c4 += s4; c5 += s5; c6 += s6; c7 += s7;
    }
}

static void compose_25(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    compose_words_25(to, count, from, by);
}

static void dense_25(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {4, 2, 2, 4, 2, 2, 2, 2};

    (void)by;
    compose_words_25(to, count, from, known);
}

static void wide_25(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {8, 8, 8, 8, 8, 8, 8, 8};

    (void)by;
    compose_words_25(to, count, from, known);
}

/* 12:0+4,4+2,8+4 */
static inline __attribute__((always_inline)) void compose_words_26(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    const unsigned char *c0 = from[0];
    const int64_t s0 = by[0];
    const unsigned char *c1 = from[1];
    const int64_t s1 = by[1];
    const unsigned char *c2 = from[2];
    const int64_t s2 = by[2];

    for (; count; count--, to += 12) {
        uint64_t v0 = get32(c0);
        uint64_t v1 = get16(c1);
        uint64_t v2 = get32(c2);
        put64(to + 0, v0 | v1 << 32);
        put32(to + 8, v2);
        c0 += s0; c1 += s1; c2 += s2;
    }
}

static void compose_26(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    compose_words_26(to, count, from, by);
}

static void dense_26(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {4, 2, 4};

    (void)by;
    compose_words_26(to, count, from, known);
}

static void wide_26(unsigned char *restrict to, uint64_t count,
    const unsigned char *const *from, const int64_t *by)
{
    static const int64_t known[] = {8, 8, 8};

    (void)by;
    compose_words_26(to, count, from, known);
}

struct xengnt_kernel {
    const char *shape;
    void (*strided)(unsigned char *, uint64_t, const unsigned char *const *, const int64_t *);
    void (*dense)(unsigned char *, uint64_t, const unsigned char *const *, const int64_t *);
    void (*wide)(unsigned char *, uint64_t, const unsigned char *const *, const int64_t *);
};

static const struct xengnt_kernel xengnt_kernels[] = {
    {"32:0+8,8+4,12+4,16+2", compose_0, dense_0, wide_0},
    {"24:0+8,8+8,16+4", compose_1, dense_1, wide_1},
    {"24:0+2,4+4,16+8", compose_2, dense_2, wide_2},
    {"4:0+2", compose_3, dense_3, wide_3},
    {"24:0+8,8+2,12+4", compose_4, dense_4, wide_4},
    {"40:0+8,8+2,10+2,16+8,24+2,26+2,32+2,34+2", compose_5, dense_5, wide_5},
    {"40:0+8,8+2,10+2,16+4,24+2,26+2,32+2,34+2", compose_6, dense_6, wide_6},
    {"40:0+4,8+2,10+2,16+8,24+2,26+2,32+2,34+2", compose_7, dense_7, wide_7},
    {"40:0+4,8+2,10+2,16+4,24+2,26+2,32+2,34+2", compose_8, dense_8, wide_8},
    {"16:0+2", compose_9, dense_9, wide_9},
    {"4:0+4", compose_10, dense_10, wide_10},
    {"16:0+4,4+2,8+8", compose_11, dense_11, wide_11},
    {"8:0+2,2+2", compose_12, dense_12, wide_12},
    {"12:0+4,4+4", compose_13, dense_13, wide_13},
    {"16:0+8,8+2,10+2,12+4", compose_14, dense_14, wide_14},
    {"16:0+4,8+2,10+2,12+4", compose_15, dense_15, wide_15},
    {"8:0+2,2+2,4+4", compose_16, dense_16, wide_16},
    {"4:0+2,2+2", compose_17, dense_17, wide_17},
    {"16:0+2,2+2", compose_18, dense_18, wide_18},
    {"16:0+2,2+2,4+4,8+8", compose_19, dense_19, wide_19},
    {"16:0+2,2+2,4+2,6+2,8+8", compose_20, dense_20, wide_20},
    {"16:0+2,2+2,4+2,6+2,8+4", compose_21, dense_21, wide_21},
    {"16:0+4,4+4,8+4,12+4", compose_22, dense_22, wide_22},
    {"16:0+2,4+4,12+4", compose_23, dense_23, wide_23},
    {"16:0+4,4+2,8+4", compose_24, dense_24, wide_24},
    {"24:0+4,4+2,6+2,8+4,12+2,14+2,16+2,18+2", compose_25, dense_25, wide_25},
    {"12:0+4,4+2,8+4", compose_26, dense_26, wide_26},
};

#ifdef __clang__ /* all terms of a screen are looked at, without a jump */
#pragma clang diagnostic ignored "-Wbitwise-instead-of-logical"
#endif
#define U1(at) get8(element + at)
#define U2(at) get16(element + at)
#define U4(at) get32(element + at)
#define U8(at) get64(element + at)
#define I1(at) ((uint64_t)(int8_t)U1(at))
#define I2(at) ((uint64_t)(int16_t)U2(at))
#define I4(at) ((uint64_t)(int32_t)U4(at))
#define I8(at) U8(at)
#define EITHER(when, then, otherwise) \
    ((-(uint64_t)(when) & (then)) | (((uint64_t)(when) - 1) & (otherwise)))

static inline __attribute__((always_inline)) uint64_t doubt_0(const unsigned char *element)
{
    return (U4(8) & 0xffe0u) |
        (U2(16) > 32751u) |
        ((U4(8) & 0x3) == 0);
}

static uint64_t first_0(const unsigned char *bytes, uint64_t from,
    uint64_t count)
{
    uint64_t end, index, found;

    for (; from < count; from = end) {
        end = count - from < XENGNT_TILE ? count : from + XENGNT_TILE;
        for (found = 0, index = from; index < end; index++)
            found |= doubt_0(bytes + index * 32);
        for (index = from; found && index < end; index++)
            if (doubt_0(bytes + index * 32))
                return index;
    }
    return count;
}

static inline __attribute__((always_inline)) uint64_t doubt_1(const unsigned char *element)
{
    return (U4(8) & 0xffe0u) |
        (U2(16) > 32751u) |
        (I2(18) + 13u > 13u) |
        ((U4(8) & 0x3) == 0);
}

static uint64_t first_1(const unsigned char *bytes, uint64_t from,
    uint64_t count)
{
    uint64_t end, index, found;

    for (; from < count; from = end) {
        end = count - from < XENGNT_TILE ? count : from + XENGNT_TILE;
        for (found = 0, index = from; index < end; index++)
            found |= doubt_1(bytes + index * 32);
        for (index = from; found && index < end; index++)
            if (doubt_1(bytes + index * 32))
                return index;
    }
    return count;
}

static inline __attribute__((always_inline)) uint64_t doubt_2(const unsigned char *element)
{
    return (U2(22));
}

static uint64_t first_2(const unsigned char *bytes, uint64_t from,
    uint64_t count)
{
    uint64_t end, index, found;

    for (; from < count; from = end) {
        end = count - from < XENGNT_TILE ? count : from + XENGNT_TILE;
        for (found = 0, index = from; index < end; index++)
            found |= doubt_2(bytes + index * 24);
        for (index = from; found && index < end; index++)
            if (doubt_2(bytes + index * 24))
                return index;
    }
    return count;
}

static inline __attribute__((always_inline)) uint64_t doubt_3(const unsigned char *element)
{
    return (U2(22)) |
        (I2(20) + 13u > 13u);
}

static uint64_t first_3(const unsigned char *bytes, uint64_t from,
    uint64_t count)
{
    uint64_t end, index, found;

    for (; from < count; from = end) {
        end = count - from < XENGNT_TILE ? count : from + XENGNT_TILE;
        for (found = 0, index = from; index < end; index++)
            found |= doubt_3(bytes + index * 24);
        for (index = from; found && index < end; index++)
            if (doubt_3(bytes + index * 24))
                return index;
    }
    return count;
}

static inline __attribute__((always_inline)) uint64_t doubt_4(const unsigned char *element)
{
    return (U2(2)) |
        ((U4(10) != 0) + (U2(14) != 0)) |
        (U2(0) > 32752u);
}

static uint64_t first_4(const unsigned char *bytes, uint64_t from,
    uint64_t count)
{
    uint64_t end, index, found;

    for (; from < count; from = end) {
        end = count - from < XENGNT_TILE ? count : from + XENGNT_TILE;
        for (found = 0, index = from; index < end; index++)
            found |= doubt_4(bytes + index * 24);
        for (index = from; found && index < end; index++)
            if (doubt_4(bytes + index * 24))
                return index;
    }
    return count;
}

static inline __attribute__((always_inline)) uint64_t doubt_5(const unsigned char *element)
{
    return (U2(2)) |
        ((U4(10) != 0) + (U2(14) != 0)) |
        (U2(0) > 32752u) |
        (I2(8) + 13u > 13u);
}

static uint64_t first_5(const unsigned char *bytes, uint64_t from,
    uint64_t count)
{
    uint64_t end, index, found;

    for (; from < count; from = end) {
        end = count - from < XENGNT_TILE ? count : from + XENGNT_TILE;
        for (found = 0, index = from; index < end; index++)
            found |= doubt_5(bytes + index * 24);
        for (index = from; found && index < end; index++)
            if (doubt_5(bytes + index * 24))
                return index;
    }
    return count;
}

static inline __attribute__((always_inline)) uint64_t doubt_6(const unsigned char *element)
{
    return (U2(0) > 32752u);
}

static uint64_t first_6(const unsigned char *bytes, uint64_t from,
    uint64_t count)
{
    uint64_t end, index, found;

    for (; from < count; from = end) {
        end = count - from < XENGNT_TILE ? count : from + XENGNT_TILE;
        for (found = 0, index = from; index < end; index++)
            found |= doubt_6(bytes + index * 4);
        for (index = from; found && index < end; index++)
            if (doubt_6(bytes + index * 4))
                return index;
    }
    return count;
}

static inline __attribute__((always_inline)) uint64_t doubt_7(const unsigned char *element)
{
    return (U2(0) > 32752u) |
        (I2(2) + 13u > 13u);
}

static uint64_t first_7(const unsigned char *bytes, uint64_t from,
    uint64_t count)
{
    uint64_t end, index, found;

    for (; from < count; from = end) {
        end = count - from < XENGNT_TILE ? count : from + XENGNT_TILE;
        for (found = 0, index = from; index < end; index++)
            found |= doubt_7(bytes + index * 4);
        for (index = from; found && index < end; index++)
            if (doubt_7(bytes + index * 4))
                return index;
    }
    return count;
}

static inline __attribute__((always_inline)) uint64_t doubt_8(const unsigned char *element)
{
    return (U2(10)) |
        ((U4(18) != 0) + (U2(22) != 0)) |
        (U8(0) & 0xfff0000000000000u) |
        (U2(8) > 32751u);
}

static uint64_t first_8(const unsigned char *bytes, uint64_t from,
    uint64_t count)
{
    uint64_t end, index, found;

    for (; from < count; from = end) {
        end = count - from < XENGNT_TILE ? count : from + XENGNT_TILE;
        for (found = 0, index = from; index < end; index++)
            found |= doubt_8(bytes + index * 24);
        for (index = from; found && index < end; index++)
            if (doubt_8(bytes + index * 24))
                return index;
    }
    return count;
}

static inline __attribute__((always_inline)) uint64_t doubt_9(const unsigned char *element)
{
    return (U2(10)) |
        ((U4(18) != 0) + (U2(22) != 0)) |
        (U8(0) & 0xfff0000000000000u) |
        (U2(8) > 32751u) |
        (I2(16) + 13u > 13u);
}

static uint64_t first_9(const unsigned char *bytes, uint64_t from,
    uint64_t count)
{
    uint64_t end, index, found;

    for (; from < count; from = end) {
        end = count - from < XENGNT_TILE ? count : from + XENGNT_TILE;
        for (found = 0, index = from; index < end; index++)
            found |= doubt_9(bytes + index * 24);
        for (index = from; found && index < end; index++)
            if (doubt_9(bytes + index * 24))
                return index;
    }
    return count;
}

static inline __attribute__((always_inline)) uint64_t doubt_10(const unsigned char *element)
{
    return (U4(12)) |
        (U4(28)) |
        (U2(38)) |
        (EITHER((U2(34) & 0x1u) == 0x1u, U8(0) & 0xffffffff00000000u, U8(0) & 0xfff0000000000000u)) |
        (U2(8) > 32752u) |
        (EITHER((U2(34) & 0x2u) == 0x2u, U8(16) & 0xffffffff00000000u, U8(16) & 0xfff0000000000000u)) |
        (U2(24) > 32752u) |
        (U2(34) & 0xfffcu) |
        (EITHER((U2(34) & 0x1u) == 0x1u, 0, U2(8) < 32752u)) |
        (EITHER((U2(34) & 0x2u) == 0x2u, 0, U2(24) < 32752u)) |
        (U2(32) > 4096u) |
        (U2(10) + U2(32) > 4096) |
        (U2(26) + U2(32) > 4096);
}

static uint64_t first_10(const unsigned char *bytes, uint64_t from,
    uint64_t count)
{
    uint64_t end, index, found;

    for (; from < count; from = end) {
        end = count - from < XENGNT_TILE ? count : from + XENGNT_TILE;
        for (found = 0, index = from; index < end; index++)
            found |= doubt_10(bytes + index * 40);
        for (index = from; found && index < end; index++)
            if (doubt_10(bytes + index * 40))
                return index;
    }
    return count;
}

static inline __attribute__((always_inline)) uint64_t doubt_11(const unsigned char *element)
{
    return (U4(12)) |
        (U4(28)) |
        (U2(38)) |
        (EITHER((U2(34) & 0x1u) == 0x1u, U8(0) & 0xffffffff00000000u, U8(0) & 0xfff0000000000000u)) |
        (U2(8) > 32752u) |
        (EITHER((U2(34) & 0x2u) == 0x2u, U8(16) & 0xffffffff00000000u, U8(16) & 0xfff0000000000000u)) |
        (U2(24) > 32752u) |
        (U2(34) & 0xfffcu) |
        (I2(36) + 13u > 13u) |
        (EITHER((U2(34) & 0x1u) == 0x1u, 0, U2(8) < 32752u)) |
        (EITHER((U2(34) & 0x2u) == 0x2u, 0, U2(24) < 32752u)) |
        (U2(32) > 4096u) |
        (U2(10) + U2(32) > 4096) |
        (U2(26) + U2(32) > 4096);
}

static uint64_t first_11(const unsigned char *bytes, uint64_t from,
    uint64_t count)
{
    uint64_t end, index, found;

    for (; from < count; from = end) {
        end = count - from < XENGNT_TILE ? count : from + XENGNT_TILE;
        for (found = 0, index = from; index < end; index++)
            found |= doubt_11(bytes + index * 40);
        for (index = from; found && index < end; index++)
            if (doubt_11(bytes + index * 40))
                return index;
    }
    return count;
}

static inline __attribute__((always_inline)) uint64_t doubt_12(const unsigned char *element)
{
    return (U2(2)) |
        (U2(14)) |
        (U2(0) > 32752u);
}

static uint64_t first_12(const unsigned char *bytes, uint64_t from,
    uint64_t count)
{
    uint64_t end, index, found;

    for (; from < count; from = end) {
        end = count - from < XENGNT_TILE ? count : from + XENGNT_TILE;
        for (found = 0, index = from; index < end; index++)
            found |= doubt_12(bytes + index * 16);
        for (index = from; found && index < end; index++)
            if (doubt_12(bytes + index * 16))
                return index;
    }
    return count;
}

static inline __attribute__((always_inline)) uint64_t doubt_13(const unsigned char *element)
{
    return (U2(2)) |
        (U2(14)) |
        (U2(0) > 32752u) |
        (I2(12) + 13u > 13u);
}

static uint64_t first_13(const unsigned char *bytes, uint64_t from,
    uint64_t count)
{
    uint64_t end, index, found;

    for (; from < count; from = end) {
        end = count - from < XENGNT_TILE ? count : from + XENGNT_TILE;
        for (found = 0, index = from; index < end; index++)
            found |= doubt_13(bytes + index * 16);
        for (index = from; found && index < end; index++)
            if (doubt_13(bytes + index * 16))
                return index;
    }
    return count;
}

static inline __attribute__((always_inline)) uint64_t doubt_14(const unsigned char *element)
{
    return ((U4(0) < 1) |
        (U4(0) > 2));
}

static uint64_t first_14(const unsigned char *bytes, uint64_t from,
    uint64_t count)
{
    uint64_t end, index, found;

    for (; from < count; from = end) {
        end = count - from < XENGNT_TILE ? count : from + XENGNT_TILE;
        for (found = 0, index = from; index < end; index++)
            found |= doubt_14(bytes + index * 4);
        for (index = from; found && index < end; index++)
            if (doubt_14(bytes + index * 4))
                return index;
    }
    return count;
}

static inline __attribute__((always_inline)) uint64_t doubt_15(const unsigned char *element)
{
    return (U2(4) > 32752u);
}

static uint64_t first_15(const unsigned char *bytes, uint64_t from,
    uint64_t count)
{
    uint64_t end, index, found;

    for (; from < count; from = end) {
        end = count - from < XENGNT_TILE ? count : from + XENGNT_TILE;
        for (found = 0, index = from; index < end; index++)
            found |= doubt_15(bytes + index * 16);
        for (index = from; found && index < end; index++)
            if (doubt_15(bytes + index * 16))
                return index;
    }
    return count;
}

static inline __attribute__((always_inline)) uint64_t doubt_16(const unsigned char *element)
{
    return (U2(4) > 32752u) |
        (I2(6) + 13u > 13u);
}

static uint64_t first_16(const unsigned char *bytes, uint64_t from,
    uint64_t count)
{
    uint64_t end, index, found;

    for (; from < count; from = end) {
        end = count - from < XENGNT_TILE ? count : from + XENGNT_TILE;
        for (found = 0, index = from; index < end; index++)
            found |= doubt_16(bytes + index * 16);
        for (index = from; found && index < end; index++)
            if (doubt_16(bytes + index * 16))
                return index;
    }
    return count;
}

static inline __attribute__((always_inline)) uint64_t doubt_17(const unsigned char *element)
{
    return (U2(0) > 32752u) |
        (U2(2));
}

static uint64_t first_17(const unsigned char *bytes, uint64_t from,
    uint64_t count)
{
    uint64_t end, index, found;

    for (; from < count; from = end) {
        end = count - from < XENGNT_TILE ? count : from + XENGNT_TILE;
        for (found = 0, index = from; index < end; index++)
            found |= doubt_17(bytes + index * 8);
        for (index = from; found && index < end; index++)
            if (doubt_17(bytes + index * 8))
                return index;
    }
    return count;
}

static inline __attribute__((always_inline)) uint64_t doubt_18(const unsigned char *element)
{
    return (U2(10));
}

static uint64_t first_18(const unsigned char *bytes, uint64_t from,
    uint64_t count)
{
    uint64_t end, index, found;

    for (; from < count; from = end) {
        end = count - from < XENGNT_TILE ? count : from + XENGNT_TILE;
        for (found = 0, index = from; index < end; index++)
            found |= doubt_18(bytes + index * 12);
        for (index = from; found && index < end; index++)
            if (doubt_18(bytes + index * 12))
                return index;
    }
    return count;
}

static inline __attribute__((always_inline)) uint64_t doubt_19(const unsigned char *element)
{
    return (U2(10)) |
        (I2(8) + 13u > 13u);
}

static uint64_t first_19(const unsigned char *bytes, uint64_t from,
    uint64_t count)
{
    uint64_t end, index, found;

    for (; from < count; from = end) {
        end = count - from < XENGNT_TILE ? count : from + XENGNT_TILE;
        for (found = 0, index = from; index < end; index++)
            found |= doubt_19(bytes + index * 12);
        for (index = from; found && index < end; index++)
            if (doubt_19(bytes + index * 12))
                return index;
    }
    return count;
}

static inline __attribute__((always_inline)) uint64_t doubt_20(const unsigned char *element)
{
    return (EITHER((U4(12) & 0x80000000u) == 0x80000000u, U8(0) & 0xffffffff00000000u, 0)) |
        (U4(12) & 0x7ffffffcu) |
        ((U4(12) & 0x80000000) != 0) |
        (U4(12) == 0x2) |
        (((U4(12) & 0x80000000) == 0) & ((U8(0) >> 56) != 0)) |
        (U2(10) > 4096u) |
        ((U2(8) + U2(10) > 4096) |
        (U2(8) + 1 > 4096));
}

static uint64_t first_20(const unsigned char *bytes, uint64_t from,
    uint64_t count)
{
    uint64_t end, index, found;

    for (; from < count; from = end) {
        end = count - from < XENGNT_TILE ? count : from + XENGNT_TILE;
        for (found = 0, index = from; index < end; index++)
            found |= doubt_20(bytes + index * 16);
        for (index = from; found && index < end; index++)
            if (doubt_20(bytes + index * 16))
                return index;
    }
    return count;
}

static inline __attribute__((always_inline)) uint64_t doubt_21(const unsigned char *element)
{
    return (U2(2)) |
        (U2(10)) |
        (U2(0) > 32752u);
}

static uint64_t first_21(const unsigned char *bytes, uint64_t from,
    uint64_t count)
{
    uint64_t end, index, found;

    for (; from < count; from = end) {
        end = count - from < XENGNT_TILE ? count : from + XENGNT_TILE;
        for (found = 0, index = from; index < end; index++)
            found |= doubt_21(bytes + index * 16);
        for (index = from; found && index < end; index++)
            if (doubt_21(bytes + index * 16))
                return index;
    }
    return count;
}

static inline __attribute__((always_inline)) uint64_t doubt_22(const unsigned char *element)
{
    return (U2(2)) |
        (U2(10)) |
        (U2(0) > 32752u) |
        (I2(8) + 13u > 13u);
}

static uint64_t first_22(const unsigned char *bytes, uint64_t from,
    uint64_t count)
{
    uint64_t end, index, found;

    for (; from < count; from = end) {
        end = count - from < XENGNT_TILE ? count : from + XENGNT_TILE;
        for (found = 0, index = from; index < end; index++)
            found |= doubt_22(bytes + index * 16);
        for (index = from; found && index < end; index++)
            if (doubt_22(bytes + index * 16))
                return index;
    }
    return count;
}

static inline __attribute__((always_inline)) uint64_t doubt_23(const unsigned char *element)
{
    return (U2(6)) |
        (U2(14)) |
        (U2(4) > 32751u);
}

static uint64_t first_23(const unsigned char *bytes, uint64_t from,
    uint64_t count)
{
    uint64_t end, index, found;

    for (; from < count; from = end) {
        end = count - from < XENGNT_TILE ? count : from + XENGNT_TILE;
        for (found = 0, index = from; index < end; index++)
            found |= doubt_23(bytes + index * 16);
        for (index = from; found && index < end; index++)
            if (doubt_23(bytes + index * 16))
                return index;
    }
    return count;
}

static inline __attribute__((always_inline)) uint64_t doubt_24(const unsigned char *element)
{
    return (U2(6)) |
        (U2(14)) |
        (U2(4) > 32751u) |
        (I2(12) + 13u > 13u);
}

static uint64_t first_24(const unsigned char *bytes, uint64_t from,
    uint64_t count)
{
    uint64_t end, index, found;

    for (; from < count; from = end) {
        end = count - from < XENGNT_TILE ? count : from + XENGNT_TILE;
        for (found = 0, index = from; index < end; index++)
            found |= doubt_24(bytes + index * 16);
        for (index = from; found && index < end; index++)
            if (doubt_24(bytes + index * 16))
                return index;
    }
    return count;
}

static inline __attribute__((always_inline)) uint64_t doubt_25(const unsigned char *element)
{
    return (U2(22)) |
        (U2(4) > 32752u) |
        (U2(12) > 32752u) |
        (U2(18) & 0xfffcu) |
        (EITHER((U2(18) & 0x1u) == 0x1u, 0, U2(4) < 32752u)) |
        (EITHER((U2(18) & 0x2u) == 0x2u, 0, U2(12) < 32752u)) |
        (U2(16) > 4096u) |
        (U2(6) + U2(16) > 4096) |
        (U2(14) + U2(16) > 4096);
}

static uint64_t first_25(const unsigned char *bytes, uint64_t from,
    uint64_t count)
{
    uint64_t end, index, found;

    for (; from < count; from = end) {
        end = count - from < XENGNT_TILE ? count : from + XENGNT_TILE;
        for (found = 0, index = from; index < end; index++)
            found |= doubt_25(bytes + index * 24);
        for (index = from; found && index < end; index++)
            if (doubt_25(bytes + index * 24))
                return index;
    }
    return count;
}

static inline __attribute__((always_inline)) uint64_t doubt_26(const unsigned char *element)
{
    return (U2(22)) |
        (U2(4) > 32752u) |
        (U2(12) > 32752u) |
        (U2(18) & 0xfffcu) |
        (I2(20) + 13u > 13u) |
        (EITHER((U2(18) & 0x1u) == 0x1u, 0, U2(4) < 32752u)) |
        (EITHER((U2(18) & 0x2u) == 0x2u, 0, U2(12) < 32752u)) |
        (U2(16) > 4096u) |
        (U2(6) + U2(16) > 4096) |
        (U2(14) + U2(16) > 4096);
}

static uint64_t first_26(const unsigned char *bytes, uint64_t from,
    uint64_t count)
{
    uint64_t end, index, found;

    for (; from < count; from = end) {
        end = count - from < XENGNT_TILE ? count : from + XENGNT_TILE;
        for (found = 0, index = from; index < end; index++)
            found |= doubt_26(bytes + index * 24);
        for (index = from; found && index < end; index++)
            if (doubt_26(bytes + index * 24))
                return index;
    }
    return count;
}

static inline __attribute__((always_inline)) uint64_t doubt_27(const unsigned char *element)
{
    return (U2(4) > 32752u);
}

static uint64_t first_27(const unsigned char *bytes, uint64_t from,
    uint64_t count)
{
    uint64_t end, index, found;

    for (; from < count; from = end) {
        end = count - from < XENGNT_TILE ? count : from + XENGNT_TILE;
        for (found = 0, index = from; index < end; index++)
            found |= doubt_27(bytes + index * 12);
        for (index = from; found && index < end; index++)
            if (doubt_27(bytes + index * 12))
                return index;
    }
    return count;
}

static inline __attribute__((always_inline)) uint64_t doubt_28(const unsigned char *element)
{
    return (U2(4) > 32752u) |
        (I2(6) + 13u > 13u);
}

static uint64_t first_28(const unsigned char *bytes, uint64_t from,
    uint64_t count)
{
    uint64_t end, index, found;

    for (; from < count; from = end) {
        end = count - from < XENGNT_TILE ? count : from + XENGNT_TILE;
        for (found = 0, index = from; index < end; index++)
            found |= doubt_28(bytes + index * 12);
        for (index = from; found && index < end; index++)
            if (doubt_28(bytes + index * 12))
                return index;
    }
    return count;
}

static inline __attribute__((always_inline)) uint64_t doubt_29(const unsigned char *element)
{
    return (U4(8) & 0xffe0u) |
        (U2(16) > 32751u) |
        ((U4(8) & 0x3) == 0) |
        ((U4(8) & 0x19) != 0);
}

static uint64_t first_29(const unsigned char *bytes, uint64_t from,
    uint64_t count)
{
    uint64_t end, index, found;

    for (; from < count; from = end) {
        end = count - from < XENGNT_TILE ? count : from + XENGNT_TILE;
        for (found = 0, index = from; index < end; index++)
            found |= doubt_29(bytes + index * 32);
        for (index = from; found && index < end; index++)
            if (doubt_29(bytes + index * 32))
                return index;
    }
    return count;
}

static inline __attribute__((always_inline)) uint64_t doubt_30(const unsigned char *element)
{
    return (U4(8) & 0xffe0u) |
        (U2(16) > 32751u) |
        (I2(18) + 13u > 13u) |
        ((U4(8) & 0x3) == 0) |
        ((U4(8) & 0x19) != 0);
}

static uint64_t first_30(const unsigned char *bytes, uint64_t from,
    uint64_t count)
{
    uint64_t end, index, found;

    for (; from < count; from = end) {
        end = count - from < XENGNT_TILE ? count : from + XENGNT_TILE;
        for (found = 0, index = from; index < end; index++)
            found |= doubt_30(bytes + index * 32);
        for (index = from; found && index < end; index++)
            if (doubt_30(bytes + index * 32))
                return index;
    }
    return count;
}

static inline __attribute__((always_inline)) uint64_t doubt_31(const unsigned char *element)
{
    return ((U4(0) < 1) |
        (U4(0) > 1));
}

static uint64_t first_31(const unsigned char *bytes, uint64_t from,
    uint64_t count)
{
    uint64_t end, index, found;

    for (; from < count; from = end) {
        end = count - from < XENGNT_TILE ? count : from + XENGNT_TILE;
        for (found = 0, index = from; index < end; index++)
            found |= doubt_31(bytes + index * 4);
        for (index = from; found && index < end; index++)
            if (doubt_31(bytes + index * 4))
                return index;
    }
    return count;
}

static inline __attribute__((always_inline)) uint64_t doubt_32(const unsigned char *element)
{
    return (EITHER((U4(12) & 0x80000000u) == 0x80000000u, U8(0) & 0xffffffff00000000u, 0)) |
        (U4(12) & 0x7ffffffcu) |
        ((U4(12) & 0x80000000) != 0) |
        (((U4(12) & 0x80000000) == 0) & ((U8(0) >> 56) != 0)) |
        (U2(10) > 4096u) |
        ((U2(8) + U2(10) > 4096) |
        (U2(8) + 1 > 4096));
}

static uint64_t first_32(const unsigned char *bytes, uint64_t from,
    uint64_t count)
{
    uint64_t end, index, found;

    for (; from < count; from = end) {
        end = count - from < XENGNT_TILE ? count : from + XENGNT_TILE;
        for (found = 0, index = from; index < end; index++)
            found |= doubt_32(bytes + index * 16);
        for (index = from; found && index < end; index++)
            if (doubt_32(bytes + index * 16))
                return index;
    }
    return count;
}

struct xengnt_screen {
    const char *text;
    uint64_t (*first)(const unsigned char *, uint64_t, uint64_t);
};

static const struct xengnt_screen xengnt_screens[] = {
    {"32: (U4(8) & 0xffe0u) | (U2(16) > 32751u) | ((U4(8) & 0x3) == 0)", first_0},
    {"32: (U4(8) & 0xffe0u) | (U2(16) > 32751u) | (I2(18) + 13u > 13u) | ((U4(8) & 0x3) == 0)", first_1},
    {"24: (U2(22))", first_2},
    {"24: (U2(22)) | (I2(20) + 13u > 13u)", first_3},
    {"24: (U2(2)) | ((U4(10) != 0) + (U2(14) != 0)) | (U2(0) > 32752u)", first_4},
    {"24: (U2(2)) | ((U4(10) != 0) + (U2(14) != 0)) | (U2(0) > 32752u) | (I2(8) + 13u > 13u)", first_5},
    {"4: (U2(0) > 32752u)", first_6},
    {"4: (U2(0) > 32752u) | (I2(2) + 13u > 13u)", first_7},
    {"24: (U2(10)) | ((U4(18) != 0) + (U2(22) != 0)) | (U8(0) & 0xfff0000000000000u) | (U2(8) > 32751u)", first_8},
    {"24: (U2(10)) | ((U4(18) != 0) + (U2(22) != 0)) | (U8(0) & 0xfff0000000000000u) | (U2(8) > 32751u) | (I2(16) + 13u > 13u)", first_9},
    {"40: (U4(12)) | (U4(28)) | (U2(38)) | (EITHER((U2(34) & 0x1u) == 0x1u, U8(0) & 0xffffffff00000000u, U8(0) & 0xfff0000000000000u)) | (U2(8) > 32752u) | (EITHER((U2(34) & 0x2u) == 0x2u, U8(16) & 0xffffffff00000000u, U8(16) & 0xfff0000000000000u)) | (U2(24) > 32752u) | (U2(34) & 0xfffcu) | (EITHER((U2(34) & 0x1u) == 0x1u, 0, U2(8) < 32752u)) | (EITHER((U2(34) & 0x2u) == 0x2u, 0, U2(24) < 32752u)) | (U2(32) > 4096u) | (U2(10) + U2(32) > 4096) | (U2(26) + U2(32) > 4096)", first_10},
    {"40: (U4(12)) | (U4(28)) | (U2(38)) | (EITHER((U2(34) & 0x1u) == 0x1u, U8(0) & 0xffffffff00000000u, U8(0) & 0xfff0000000000000u)) | (U2(8) > 32752u) | (EITHER((U2(34) & 0x2u) == 0x2u, U8(16) & 0xffffffff00000000u, U8(16) & 0xfff0000000000000u)) | (U2(24) > 32752u) | (U2(34) & 0xfffcu) | (I2(36) + 13u > 13u) | (EITHER((U2(34) & 0x1u) == 0x1u, 0, U2(8) < 32752u)) | (EITHER((U2(34) & 0x2u) == 0x2u, 0, U2(24) < 32752u)) | (U2(32) > 4096u) | (U2(10) + U2(32) > 4096) | (U2(26) + U2(32) > 4096)", first_11},
    {"16: (U2(2)) | (U2(14)) | (U2(0) > 32752u)", first_12},
    {"16: (U2(2)) | (U2(14)) | (U2(0) > 32752u) | (I2(12) + 13u > 13u)", first_13},
    {"4: ((U4(0) < 1) | (U4(0) > 2))", first_14},
    {"16: (U2(4) > 32752u)", first_15},
    {"16: (U2(4) > 32752u) | (I2(6) + 13u > 13u)", first_16},
    {"8: (U2(0) > 32752u) | (U2(2))", first_17},
    {"12: (U2(10))", first_18},
    {"12: (U2(10)) | (I2(8) + 13u > 13u)", first_19},
    {"16: (EITHER((U4(12) & 0x80000000u) == 0x80000000u, U8(0) & 0xffffffff00000000u, 0)) | (U4(12) & 0x7ffffffcu) | ((U4(12) & 0x80000000) != 0) | (U4(12) == 0x2) | (((U4(12) & 0x80000000) == 0) & ((U8(0) >> 56) != 0)) | (U2(10) > 4096u) | ((U2(8) + U2(10) > 4096) | (U2(8) + 1 > 4096))", first_20},
    {"16: (U2(2)) | (U2(10)) | (U2(0) > 32752u)", first_21},
    {"16: (U2(2)) | (U2(10)) | (U2(0) > 32752u) | (I2(8) + 13u > 13u)", first_22},
    {"16: (U2(6)) | (U2(14)) | (U2(4) > 32751u)", first_23},
    {"16: (U2(6)) | (U2(14)) | (U2(4) > 32751u) | (I2(12) + 13u > 13u)", first_24},
    {"24: (U2(22)) | (U2(4) > 32752u) | (U2(12) > 32752u) | (U2(18) & 0xfffcu) | (EITHER((U2(18) & 0x1u) == 0x1u, 0, U2(4) < 32752u)) | (EITHER((U2(18) & 0x2u) == 0x2u, 0, U2(12) < 32752u)) | (U2(16) > 4096u) | (U2(6) + U2(16) > 4096) | (U2(14) + U2(16) > 4096)", first_25},
    {"24: (U2(22)) | (U2(4) > 32752u) | (U2(12) > 32752u) | (U2(18) & 0xfffcu) | (I2(20) + 13u > 13u) | (EITHER((U2(18) & 0x1u) == 0x1u, 0, U2(4) < 32752u)) | (EITHER((U2(18) & 0x2u) == 0x2u, 0, U2(12) < 32752u)) | (U2(16) > 4096u) | (U2(6) + U2(16) > 4096) | (U2(14) + U2(16) > 4096)", first_26},
    {"12: (U2(4) > 32752u)", first_27},
    {"12: (U2(4) > 32752u) | (I2(6) + 13u > 13u)", first_28},
    {"32: (U4(8) & 0xffe0u) | (U2(16) > 32751u) | ((U4(8) & 0x3) == 0) | ((U4(8) & 0x19) != 0)", first_29},
    {"32: (U4(8) & 0xffe0u) | (U2(16) > 32751u) | (I2(18) + 13u > 13u) | ((U4(8) & 0x3) == 0) | ((U4(8) & 0x19) != 0)", first_30},
    {"4: ((U4(0) < 1) | (U4(0) > 1))", first_31},
    {"16: (EITHER((U4(12) & 0x80000000u) == 0x80000000u, U8(0) & 0xffffffff00000000u, 0)) | (U4(12) & 0x7ffffffcu) | ((U4(12) & 0x80000000) != 0) | (((U4(12) & 0x80000000) == 0) & ((U8(0) >> 56) != 0)) | (U2(10) > 4096u) | ((U2(8) + U2(10) > 4096) | (U2(8) + 1 > 4096))", first_32},
};

#define XENGNT_KERNELS 27u

#define XENGNT_SCREENS 33u

#endif
