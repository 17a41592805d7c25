/* SPDX-License-Identifier: MIT */
/*
 * pages.h: what a rig needs to let guest code in this process see pages: addresses that are
 * kept for them, pages of a file shown there, and access to memory that may not be there.
 *
 * All return 0, or a negative errno value; sizes are whole pages, but for peek and poke.
 *
 * build_ffi.py takes the declarations from here: each function has its own on
 * one line, and the brace on the next.
 */
#ifndef XENGNT_PAGES_H
#define XENGNT_PAGES_H

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000 /* an older kernel takes it for a mere wish */
#endif
#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0
#endif

#define XENGNT_NOWHERE (MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)

/* Keep addresses for later: who touches them faults. -EEXIST if something is there already. */
static inline int xengnt_keep(uint64_t start, uint64_t size)
{
    void *wanted = (void *)(uintptr_t)start;
    void *found = mmap(wanted, size, PROT_NONE, XENGNT_NOWHERE | MAP_FIXED_NOREPLACE, -1, 0);

    if (found == MAP_FAILED)
        return -errno;
    if (found != wanted) {
        munmap(found, size);
        return -EEXIST;
    }
    return 0;
}

/* Give kept addresses back. */
static inline int xengnt_leave(uint64_t start, uint64_t size)
{
    return munmap((void *)(uintptr_t)start, size) ? -errno : 0;
}

/* Show a part of a file at kept addresses, in place of what is there. */
static inline int xengnt_show(uint64_t start, uint64_t size, int file, uint64_t offset, int writable)
{
    int rights = PROT_READ | (writable ? PROT_WRITE : 0);
    void *found = mmap((void *)(uintptr_t)start, size, rights, MAP_SHARED | MAP_FIXED, file,
                       (off_t)offset);

    return found == MAP_FAILED ? -errno : 0;
}

/* Show nothing at kept addresses any more. */
static inline int xengnt_hide(uint64_t start, uint64_t size)
{
    void *found = mmap((void *)(uintptr_t)start, size, PROT_NONE, XENGNT_NOWHERE | MAP_FIXED,
                       -1, 0);

    return found == MAP_FAILED ? -errno : 0;
}

/*
 * Copy through a pipe, where a system call that copies is not to be had: the kernel looks
 * whether the bytes are there.
 */
static inline int xengnt_through_pipe(uint64_t to, uint64_t from, uint64_t size)
{
    int ends[2], result = 0;

    if (pipe(ends))
        return -errno;
    while (size && !result) {
        uint64_t part = size < 4096 ? size : 4096;
        ssize_t in = write(ends[1], (const void *)(uintptr_t)from, part);
        ssize_t out = in > 0 ? read(ends[0], (void *)(uintptr_t)to, (size_t)in) : in;

        if (out <= 0 || out != in || (uint64_t)in != part)
            result = -EFAULT;
        to += part;
        from += part;
        size -= part;
    }
    close(ends[0]);
    close(ends[1]);
    return result;
}

/* Copy with bytes of this process that may not be there, at `other`. */
static inline int xengnt_probe(long call, uint64_t own, uint64_t other, uint64_t size)
{
    struct iovec mine = { (void *)(uintptr_t)own, size };
    struct iovec theirs = { (void *)(uintptr_t)other, size };
    long done;

    if (!size)
        return 0;
    done = syscall(call, (long)getpid(), &mine, 1L, &theirs, 1L, 0L);
    if (done < 0 && (errno == ENOSYS || errno == EPERM))
        return call == SYS_process_vm_readv ? xengnt_through_pipe(own, other, size)
                                            : xengnt_through_pipe(other, own, size);
    return done == (long)size ? 0 : -EFAULT;
}

/* Read bytes from where perhaps none are: -EFAULT. */
static inline int xengnt_peek(void *to, uint64_t from, uint64_t size)
{
    return xengnt_probe(SYS_process_vm_readv, (uintptr_t)to, from, size);
}

/* Write bytes to where perhaps none may be written: -EFAULT, and those before stay written. */
static inline int xengnt_poke(uint64_t to, const void *from, uint64_t size)
{
    return xengnt_probe(SYS_process_vm_writev, (uintptr_t)from, to, size);
}

#endif /* XENGNT_PAGES_H */
