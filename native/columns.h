/* SPDX-License-Identifier: MIT */
/*
 * columns.h: columns to bytes, bytes to columns, and whether bytes are beyond doubt.
 *
 * Scattering composes structs of columns, gathering takes them apart. For what goes into
 * the structs of our ABIs there are kernels in kernels.h, which compose whole words. All
 * else, and all gathering, goes column by column, by the table in a batch, some elements
 * at a time, so that they stay in the cache. Columns may begin anywhere and have any
 * stride. What is no field is written as zero.
 *
 * Values are looked at before anything is written. A column that is wider than its field
 * is from then on its low bytes, at the stride that it has; this wants a little-endian
 * machine. One that is narrower is extended, into a copy of a few elements at a time.
 *
 * build_ffi.py takes the declarations from here: each function that is "static inline"
 * has its own on one line, and the brace on the next.
 */
#ifndef XENGNT_COLUMNS_H
#define XENGNT_COLUMNS_H

#include <stdint.h>
#include <string.h>

#include "columns.cdef.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the ABI and its columns are little-endian");

#define XENGNT_TILE 64          /* elements at a time */
#define XENGNT_COLUMNS 32       /* columns at the most */

/* Loads and stores at any address. */
#define XENGNT_ACCESS(bits) \
    static uint64_t get##bits(const unsigned char *from) \
    { \
        uint##bits##_t value; \
        memcpy(&value, from, sizeof(value)); \
        return value; \
    } \
    static void put##bits(unsigned char *to, uint64_t value) \
    { \
        uint##bits##_t narrow = (uint##bits##_t)value; \
        memcpy(to, &narrow, sizeof(narrow)); \
    }
XENGNT_ACCESS(8)
XENGNT_ACCESS(16)
XENGNT_ACCESS(32)
XENGNT_ACCESS(64)

#include "kernels.h"

/* For a width in bytes, the statement with the number of its bits. */
#define XENGNT_BY_WIDTH(width, WITH) \
    switch (width) { \
    case 1: WITH(8) break; \
    case 2: WITH(16) break; \
    case 4: WITH(32) break; \
    default: WITH(64) \
    }

/* Whether a column has a value that its field cannot hold. */
static int xengnt_beyond(const struct xengnt_column *column, uint64_t count)
{
    const unsigned char *from = column->data;
    int64_t stride = column->stride;
    uint64_t bias = column->bias, all = 0, index;

    /* In a column without gaps the stride is a constant, and several go at once. */
#define BEYOND(bits) \
    { \
        uint##bits##_t narrow = 0; \
        if (stride == bits / 8) \
            for (index = 0; index < count; index++) \
                narrow |= (uint##bits##_t)(get##bits(from + index * (bits / 8)) + bias); \
        else \
            for (index = 0; index < count; index++, from += stride) \
                narrow |= (uint##bits##_t)(get##bits(from) + bias); \
        all = narrow; \
    }
    XENGNT_BY_WIDTH(column->width, BEYOND)
#undef BEYOND
    return (all & column->outside) != 0;
}

/* The first element of such a column that its field cannot hold. */
static uint64_t xengnt_first_beyond(const struct xengnt_column *column, uint64_t count)
{
    const unsigned char *from = column->data;
    uint64_t index, value = 0;

    for (index = 0; index < count; index++, from += column->stride) {
#define VALUE(bits) value = (uint##bits##_t)(get##bits(from) + column->bias);
        XENGNT_BY_WIDTH(column->width, VALUE)
#undef VALUE
        if (value & column->outside)
            break;
    }
    return index;
}

/* Find the first element with a value that does not fit, in the first such column. */
static int xengnt_refuse(struct xengnt_batch *batch)
{
    uint32_t number;
    uint64_t limit = batch->count;

    for (number = 0; number < batch->columns; number++) {
        const struct xengnt_column *column = batch->column + number;
        uint64_t element;

        if (!column->outside || !xengnt_beyond(column, limit))
            continue; /* else it is there again, unless somebody changes it meanwhile */
        element = xengnt_first_beyond(column, limit);
        if (element < limit) {
            batch->wrong_column = number;
            batch->wrong_element = limit = element;
        }
    }
    return limit < batch->count;
}

/* Copy values, one by one, from a width to a wider one. */
static void xengnt_widen(unsigned char *to, int64_t to_stride, unsigned to_width,
                         const unsigned char *from, int64_t from_stride, unsigned from_width,
                         int is_signed, uint64_t count)
{
    int64_t value[XENGNT_TILE];
    uint64_t index;

#define TAKE(bits) \
    if (is_signed) \
        for (index = 0; index < count; index++, from += from_stride) \
            value[index] = (int##bits##_t)get##bits(from); \
    else \
        for (index = 0; index < count; index++, from += from_stride) \
            value[index] = (int64_t)get##bits(from);
    XENGNT_BY_WIDTH(from_width, TAKE)
#undef TAKE
#define GIVE(bits) \
    for (index = 0; index < count; index++, to += to_stride) \
        put##bits(to, (uint64_t)value[index]);
    XENGNT_BY_WIDTH(to_width, GIVE)
#undef GIVE
}

/* Copy values of one width. */
static void xengnt_move(unsigned char *to, int64_t to_stride, const unsigned char *from,
                        int64_t from_stride, unsigned width, uint64_t count)
{
    uint64_t index;

    /* The narrowest columns have the most stores to the byte: gather four values in each. */
    if (width == 2 && to_stride == 2)
        for (; count >= 4; count -= 4, to += 8, from += 4 * from_stride)
            put64(to, get16(from) | get16(from + from_stride) << 16 |
                          get16(from + 2 * from_stride) << 32 |
                          get16(from + 3 * from_stride) << 48);
#define MOVE(bits) \
    if (from_stride == bits / 8) \
        for (index = 0; index < count; index++, to += to_stride) \
            put##bits(to, get##bits(from + index * (bits / 8))); \
    else if (to_stride == bits / 8) \
        for (index = 0; index < count; index++, from += from_stride) \
            put##bits(to + index * (bits / 8), get##bits(from)); \
    else \
        for (index = 0; index < count; index++, to += to_stride, from += from_stride) \
            put##bits(to, get##bits(from));
    XENGNT_BY_WIDTH(width, MOVE)
#undef MOVE
}

/* Compose structs of columns that are as wide as their fields, or wider. */
static void xengnt_compose(const struct xengnt_batch *batch, unsigned char *to, uint64_t count,
                           const unsigned char *const *from, const int64_t *by)
{
    uint64_t done, some;
    uint32_t number;
    int dense = 1, wide = 1;

    if (batch->kernel >= 0) {
        const struct xengnt_kernel *kernel = xengnt_kernels + batch->kernel;

        for (number = 0; number < batch->columns; number++) {
            dense &= by[number] == batch->column[number].size;
            wide &= by[number] == 8;
        }
        (dense ? kernel->dense : wide ? kernel->wide : kernel->strided)(to, count, from, by);
        return;
    }
    for (done = 0; done < count; done += some) {
        some = count - done < XENGNT_TILE ? count - done : XENGNT_TILE;
        memset(to + done * batch->size, 0, some * batch->size);
        for (number = 0; number < batch->columns; number++) {
            const struct xengnt_column *column = batch->column + number;

            xengnt_move(to + done * batch->size + column->offset, batch->size,
                        from[number] + (int64_t)done * by[number], by[number],
                        column->size, some);
        }
    }
}

/* Say where columns are. */
static inline void xengnt_place(struct xengnt_batch *batch, const uint64_t *address, const int64_t *stride)
{
    uint32_t number;

    for (number = 0; number < batch->columns; number++) {
        batch->column[number].data = (unsigned char *)(uintptr_t)address[number];
        batch->column[number].stride = stride[number];
    }
}

/* Columns to bytes. Returns 1, and has written nothing, if a value does not fit. */
static inline int xengnt_scatter(struct xengnt_batch *batch)
{
    const unsigned char *from[XENGNT_COLUMNS];
    int64_t by[XENGNT_COLUMNS];
    unsigned char wide[XENGNT_COLUMNS][XENGNT_TILE * 8];
    uint64_t done, some;
    uint32_t number;
    int narrow = 0;

    if (xengnt_refuse(batch))
        return 1;
    for (number = 0; number < batch->columns; number++) {
        from[number] = batch->column[number].data;
        by[number] = batch->column[number].stride;
        narrow |= batch->column[number].width < batch->column[number].size;
    }
    if (!narrow) {
        xengnt_compose(batch, batch->bytes, batch->count, from, by);
        return 0;
    }
    for (done = 0; done < batch->count; done += some) {
        some = batch->count - done < XENGNT_TILE ? batch->count - done : XENGNT_TILE;
        for (number = 0; number < batch->columns; number++) {
            const struct xengnt_column *column = batch->column + number;

            from[number] = column->data + (int64_t)done * column->stride;
            if (column->width < column->size) {
                xengnt_widen(wide[number], column->size, column->size, from[number],
                             column->stride, column->width, column->is_signed, some);
                from[number] = wide[number];
                by[number] = column->size;
            }
        }
        xengnt_compose(batch, batch->bytes + done * batch->size, some, from, by);
    }
    return 0;
}

/* Bytes to columns, which are as wide as their fields, or wider. */
static inline void xengnt_gather(struct xengnt_batch *batch)
{
    uint64_t done, some;
    uint32_t number;

    for (done = 0; done < batch->count; done += some) {
        some = batch->count - done < XENGNT_TILE ? batch->count - done : XENGNT_TILE;
        for (number = 0; number < batch->columns; number++) {
            const struct xengnt_column *column = batch->column + number;
            const unsigned char *from = batch->bytes + done * batch->size + column->offset;
            unsigned char *into = column->data + (int64_t)done * column->stride;

            if (column->width == column->size)
                xengnt_move(into, column->stride, from, batch->size, column->size, some);
            else
                xengnt_widen(into, column->stride, column->width, from, batch->size,
                             column->size, column->is_signed, some);
        }
    }
}

/* The index of the first element, from one on, that a screen lets pass only on a closer
 * look; the number of elements if there is none. */
static inline uint64_t xengnt_screen(int32_t screen, const unsigned char *bytes, uint64_t from, uint64_t count)
{
    return xengnt_screens[screen].first(bytes, from, count);
}

/* What the kernels are for, by number; NULL behind the last. */
static inline const char *xengnt_kernel_of(uint32_t number)
{
    return number < XENGNT_KERNELS ? xengnt_kernels[number].shape : NULL;
}

static inline const char *xengnt_screen_of(uint32_t number)
{
    return number < XENGNT_SCREENS ? xengnt_screens[number].text : NULL;
}

#endif /* XENGNT_COLUMNS_H */
