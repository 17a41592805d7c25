/* SPDX-License-Identifier: MIT */
/*
 * The kernels of columns.h in buffers that end where they must not reach, with strides and
 * addresses of all kinds: what is generated against the table, and both ways. Sanitizers
 * watch. Prints what differs; exits with 1 if anything does.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "columns.h"

static uint64_t state = 88172645463325252u;

static uint64_t number(void) /* xorshift */
{
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}

static unsigned char *filled(size_t length)
{
    unsigned char *bytes = malloc(length ? length : 1);
    size_t index;

    if (!bytes)
        exit(2);
    for (index = 0; index < length; index++)
        bytes[index] = (unsigned char)number();
    return bytes;
}

/* The struct of a kernel, "8:0+4,4+2", as columns without memory. */
static uint32_t parsed(const char *text, struct xengnt_column *column, uint32_t *size)
{
    char *at;
    uint32_t columns = 0;

    *size = (uint32_t)strtoul(text, &at, 10);
    while (*at) {
        memset(column, 0, sizeof(*column));
        column->offset = (uint32_t)strtoul(at + 1, &at, 10);
        column->size = (uint8_t)strtoul(at + 1, &at, 10);
        column++, columns++;
    }
    return columns;
}

enum { DENSE, WIDE, ANY };

/* Give a column memory of just its size, of random values; what begins it is returned. */
static unsigned char *placed(struct xengnt_column *column, uint64_t count, int kind, int narrower)
{
    static const uint8_t widths[] = {1, 2, 4, 8};
    uint8_t width = kind == DENSE ? column->size : kind == WIDE ? 8 : widths[number() % 4];
    int64_t gap = kind == ANY ? (int64_t)(number() % 5) : 0;
    unsigned char *memory;
    size_t length;

    if (!narrower && width < column->size)
        width = column->size;
    column->width = width;
    column->is_signed = number() & 1;
    column->stride = width + gap;
    length = count ? (size_t)((count - 1) * (uint64_t)column->stride + width) : 0;
    memory = filled(length + 1); /* one byte before, so that addresses are odd */
    column->data = memory + 1;
    if (kind == ANY && count && number() & 1) {
        column->data += (count - 1) * (uint64_t)column->stride;
        column->stride = -column->stride;
    }
    return memory;
}

static int differs(uint32_t kernel, uint64_t count, int kind)
{
    struct xengnt_column column[XENGNT_COLUMNS], back[XENGNT_COLUMNS];
    unsigned char *memory[XENGNT_COLUMNS], *target[XENGNT_COLUMNS];
    struct xengnt_batch batch = {0};
    unsigned char *one, *other;
    uint32_t index;
    int wrong;

    batch.columns = parsed(xengnt_kernel_of(kernel), column, &batch.size);
    batch.count = count;
    batch.column = column;
    for (index = 0; index < batch.columns; index++)
        memory[index] = placed(column + index, count, kind, 1);
    one = filled((size_t)(count * batch.size) + 1);
    other = filled((size_t)(count * batch.size) + 1);
    batch.kernel = (int32_t)kernel;
    batch.bytes = one + 1;
    wrong = xengnt_scatter(&batch);
    batch.kernel = -1;
    batch.bytes = other + 1;
    wrong |= xengnt_scatter(&batch);
    wrong |= memcmp(one + 1, other + 1, (size_t)(count * batch.size)) != 0;

    /* Taken apart and composed again they are the same, whatever the columns are like. */
    memcpy(back, column, sizeof(back));
    for (index = 0; index < batch.columns; index++)
        target[index] = placed(back + index, count, kind, 0);
    batch.column = back;
    xengnt_gather(&batch);
    memset(one, 0xee, (size_t)(count * batch.size) + 1);
    batch.bytes = one + 1;
    wrong |= xengnt_scatter(&batch);
    wrong |= memcmp(one + 1, other + 1, (size_t)(count * batch.size)) != 0;

    for (index = 0; index < batch.columns; index++) {
        free(memory[index]);
        free(target[index]);
    }
    free(one);
    free(other);
    return wrong;
}

/* A column whose element does not fit is found, and nothing is written. */
static int passes(uint64_t count, uint64_t bad)
{
    struct xengnt_column column = {0};
    struct xengnt_batch batch = {0};
    unsigned char *memory = calloc((size_t)count, 8);
    unsigned char *bytes = filled((size_t)count * 2);
    unsigned char *before = malloc((size_t)count * 2);
    int wrong;

    memcpy(before, bytes, (size_t)count * 2);
    memory[8 * bad + 2] = 1;
    column.data = memory;
    column.stride = column.width = 8;
    column.size = 2;
    column.outside = ~(uint64_t)0xffff;
    batch.bytes = bytes;
    batch.count = count;
    batch.column = &column;
    batch.columns = 1;
    batch.size = 2;
    batch.kernel = -1;
    wrong = !xengnt_scatter(&batch) || batch.wrong_element != bad ||
            memcmp(before, bytes, (size_t)count * 2) != 0;
    free(memory);
    free(bytes);
    free(before);
    return wrong;
}

int main(void)
{
    static const uint64_t counts[] = {0, 1, 3, 63, 64, 65, 200};
    uint32_t kernel, screen, round, wrong = 0;
    uint64_t index;

    for (kernel = 0; xengnt_kernel_of(kernel); kernel++)
        for (round = 0; round < 21; round++)
            if (differs(kernel, counts[round / 3], (int)(round % 3))) {
                printf("%s: %u\n", xengnt_kernel_of(kernel), round);
                wrong = 1;
            }
    for (screen = 0; xengnt_screen_of(screen); screen++)
        for (round = 0; round < 7; round++) {
            uint64_t size = strtoul(xengnt_screen_of(screen), NULL, 10), at = 0;
            unsigned char *bytes = filled((size_t)(counts[round] * size) + 1);

            while (at < counts[round])
                at = xengnt_screen((int32_t)screen, bytes + 1, at, counts[round]) + 1;
            free(bytes);
        }
    for (index = 0; index < 130; index++)
        wrong |= (uint32_t)passes(130, index);
    return (int)wrong;
}
