/* SPDX-License-Identifier: MIT */
/*
 * writer: reads the name of an op or entry on a line, then lines path=value,
 * with an empty line behind each element; writes the blob.
 */
#include "bare.h"
#include <xen/grant_table.h>
#include "fields.h"

static void set_address(void *handle, uint64_t value)
{
    uintptr_t narrow = (uintptr_t)value;

    __builtin_memcpy(handle, &narrow, sizeof(narrow));
}

#define SET(path)                                                       \
    if (is_here(#path, line, '=')) {                                    \
        one.path = (__typeof__(one.path))get_number(line + sizeof(#path)); \
        known = 1;                                                      \
    }
#define SET_HANDLE(path)                                                \
    if (is_here(#path, line, '=')) {                                    \
        set_address(&one.path, get_number(line + sizeof(#path)));       \
        known = 1;                                                      \
    }

#define WRITER(name, type, fields)                                      \
    static int write_##name(const char *line, const char *end)          \
    {                                                                   \
        static type one;                                                \
                                                                        \
        while (line < end) {                                            \
            int known = 0;                                              \
                                                                        \
            if (*line == '\n') {                                        \
                const char *bytes = (const char *)&one;                 \
                size_t at;                                              \
                                                                        \
                for (at = 0; at < sizeof(one); at++)                    \
                    put_byte(bytes[at]);                                \
                __builtin_memset(&one, 0, sizeof(one));                 \
                line++;                                                 \
                continue;                                               \
            }                                                           \
            fields(SET, SET_HANDLE)                                     \
            if (!known)                                                 \
                return 6;                                               \
            while (*line++ != '\n')                                     \
                ;                                                       \
        }                                                               \
        return 0;                                                       \
    }
TYPES(WRITER)

#define PICK(name, type, fields)                                        \
    if (is_here(#name, input, '\n'))                                    \
        return write_##name(input + sizeof(#name), input + input_size);

static int body(void)
{
    TYPES(PICK)
    return 2;
}
