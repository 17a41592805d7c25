/* SPDX-License-Identifier: MIT */
/*
 * bare.h: just enough to run without a C library, which need not be installed
 * for both word sizes: reading, writing, leaving; and numbers as text.
 *
 * Numbers are hexadecimal with a sign, "-0x9": a 64-bit division would need
 * help from a library on x86_32.
 */
#ifndef XENGNT_TESTS_BARE_H
#define XENGNT_TESTS_BARE_H

#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)
enum { SYS_read = 0, SYS_write = 1, SYS_exit = 60 };

static long call(long number, long a, long b, long c)
{
    long result;

    __asm__ volatile ("syscall" : "=a" (result)
                      : "0" (number), "D" (a), "S" (b), "d" (c)
                      : "rcx", "r11", "memory");
    return result;
}
#elif defined(__i386__)
enum { SYS_exit = 1, SYS_read = 3, SYS_write = 4 };

static long call(long number, long a, long b, long c)
{
    long result;

    __asm__ volatile ("int $0x80" : "=a" (result)
                      : "0" (number), "b" (a), "c" (b), "d" (c) : "memory");
    return result;
}
#else
#error "x86 only"
#endif

static __attribute__((noreturn)) void leave(int status)
{
    for (;;)
        call(SYS_exit, status, 0, 0);
}

/* All of standard input, and how much that is. */
static char input[1 << 16] __attribute__((aligned(16)));
static size_t input_size;

static void read_input(void)
{
    long got;

    do {
        got = call(SYS_read, 0, (long)(input + input_size), (long)(sizeof(input) - input_size));
        if (got < 0)
            leave(3);
        input_size += (size_t)got;
    } while (got > 0);
    if (input_size == sizeof(input))
        leave(4);
}

/* Standard output, written when it is full and at the end. */
static char output[1 << 12];
static size_t output_size;

static void flush(void)
{
    size_t done = 0;

    while (done < output_size) {
        long put = call(SYS_write, 1, (long)(output + done), (long)(output_size - done));

        if (put <= 0)
            leave(5);
        done += (size_t)put;
    }
    output_size = 0;
}

static void put_byte(char byte)
{
    if (output_size == sizeof(output))
        flush();
    output[output_size++] = byte;
}

static void __attribute__((unused)) put_text(const char *text)
{
    while (*text)
        put_byte(*text++);
}

/* The magnitude of a number, and whether it is negative. */
static void __attribute__((unused)) put_number(uint64_t value, int negative)
{
    char digits[16];
    int count = 0;

    if (negative) {
        put_byte('-');
        value = -value;
    }
    do {
        digits[count++] = "0123456789abcdef"[value & 15];
        value >>= 4;
    } while (value);
    put_text("0x");
    while (count)
        put_byte(digits[--count]);
}

/* The number at a place in the input, which ends with its line. */
static uint64_t __attribute__((unused)) get_number(const char *text)
{
    int negative = *text == '-';
    uint64_t value = 0;

    for (text += negative ? 3 : 2; *text != '\n'; text++)
        value = value << 4 | (uint64_t)(*text <= '9' ? *text - '0' : *text - 'a' + 10);
    return negative ? -value : value;
}

/* Whether a text is what stands at a place in the input, up to a certain character. */
static int is_here(const char *text, const char *here, char end)
{
    while (*text && *text == *here) {
        text++;
        here++;
    }
    return !*text && *here == end;
}

static int body(void);

__attribute__((force_align_arg_pointer, noreturn, used)) void _start(void);
void _start(void)
{
    int status;

    read_input();
    status = body();
    flush();
    leave(status);
}

#endif
