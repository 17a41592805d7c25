/* SPDX-License-Identifier: MIT */
/*
 * reader: reads the name of an op or entry, a newline, and a blob; prints every
 * field of every element as path=value, and an empty line behind each element.
 */
#include "bare.h"
#include <xen/grant_table.h>
#include "fields.h"

static void show(const char *path, uint64_t value, int negative)
{
    put_text(path);
    put_byte('=');
    put_number(value, negative);
    put_byte('\n');
}

/* Below 0x00030201 a handle is a pointer, else something with one in it. */
static uint64_t address(const void *handle)
{
    uintptr_t value;

    __builtin_memcpy(&value, handle, sizeof(value));
    return value;
}

#define SHOW(path) show(#path, (uint64_t)e->path, e->path < 0);
#define SHOW_HANDLE(path) show(#path, address(&e->path), 0);

#define READER(name, type, fields)                                      \
    static int read_##name(const char *blob, size_t size)               \
    {                                                                   \
        static type one;                                                \
        const type *e = &one;                                           \
                                                                        \
        for (; size >= sizeof(one); size -= sizeof(one)) {              \
            __builtin_memcpy(&one, blob, sizeof(one));                  \
            fields(SHOW, SHOW_HANDLE)                                   \
            put_byte('\n');                                             \
            blob += sizeof(one);                                        \
        }                                                               \
        return size ? 6 : 0;                                            \
    }
TYPES(READER)

#define PICK(name, type, fields)                                        \
    if (is_here(#name, input, '\n'))                                    \
        return read_##name(input + sizeof(#name), input_size - sizeof(#name));

static int body(void)
{
    TYPES(PICK)
    return 2;
}
