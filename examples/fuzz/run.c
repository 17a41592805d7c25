/* SPDX-License-Identifier: MIT */
/*
 * run.c: calls with the seeds in some files, for afl-fuzz, and to see what comes of them.
 *
 *   run FILE...          calls with each
 *   run -r FILE...       prints of each its result and, in hexadecimal, its array behind the call
 *   run -c FILE...       prints how often each side of each check was seen
 *   run -l LIST...       the same of the files that a file lists, one a line, with -r or -c before
 */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

long run_seed(uint8_t *bytes, size_t size);

extern struct check *__start_checks[], *__stop_checks[];    /* the linker's */

static bool results;

static int run_file(const char *name)
{
    static uint8_t bytes[sizeof(struct xengnt_seed) + WINDOW * PAGE];
    FILE *file = fopen(name, "rb");
    size_t size;
    long rc;

    if (!file) {
        perror(name);
        return 2;
    }
    size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    rc = run_seed(bytes, size);
    if (results) {
        printf("%ld ", rc);
        for (size_t n = sizeof(struct xengnt_seed); n < size; n++)
            printf("%02x", bytes[n]);
        putchar('\n');
    }
    return 0;
}

static int run_list(const char *name)
{
    char line[4096];
    FILE *file = fopen(name, "r");
    int failed = 0;

    if (!file) {
        perror(name);
        return 2;
    }
    while (!failed && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        failed = run_file(line);
    }
    fclose(file);
    return failed;
}

int main(int argc, char **argv)
{
    bool counts = false, lists = false;
    int failed = 0;

    for (int n = 1; n < argc && !failed; n++)
        if (!strcmp(argv[n], "-r"))
            results = true;
        else if (!strcmp(argv[n], "-c"))
            counts = true;
        else if (!strcmp(argv[n], "-l"))
            lists = true;
        else
            failed = lists ? run_list(argv[n]) : run_file(argv[n]);
    if (counts)
        for (struct check **one = __start_checks; one != __stop_checks; one++)
            printf("%lu\t%lu\t%s\n", (*one)->seen[0], (*one)->seen[1], (*one)->name);
    return failed;
}
