/* SPDX-License-Identifier: MIT */
/*
 * rig.h: grant tables in an ordinary process, without a hypervisor.
 *
 * So far it has one part, the control part. It is for whoever implements grant tables (in a
 * hypervisor, an emulator or a test double) and wants to know whether that does as Xen
 * does. Define these functions, and HYPERVISOR_grant_table_op, in a shared library,
 * and run
 *
 *     xengnt conformance --backend lib:./libyours.so
 *
 * It is plain C99, needs nothing else, and may be included from C++.
 */

#ifndef XENGNT_RIG_H
#define XENGNT_RIG_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

/*
 * The control part
 * ----------------
 * What is tested is a function of the library, called
 *
 *     int HYPERVISOR_grant_table_op(unsigned int cmd, void *uop, unsigned int count);
 *
 * or as the user says. It is called in the name of a domain, and uop is an address as the
 * guest of that domain sees it: it is to be looked up, not followed. Where a guest
 * sees the memory of this process, the two are the same.
 *
 * The functions that return int return 0 or more, or a negative errno value of
 * Linux. -EOPNOTSUPP and -ENOSYS say that the library does not have what is asked
 * for; the case at hand then counts as not supported, and neither as passed nor as
 * failed. The same holds for HYPERVISOR_grant_table_op, unless Xen gives that
 * result as well. So what is not there yet is best refused, and not guessed.
 *
 * `xengnt conformance` plays each case in a process of its own, by one thread; `xengnt run`
 * plays in its own process. Structs are those of the newest interface version.
 */

/* What a domain is to be, and what the administrator chose for it. A number that is -1, and
 * a text that is NULL, was not given: do then as Xen does, as noted. The texts are the
 * caller's, and gone after the call. */
struct xengnt_rig_domain {
    /* The size of this struct as the caller knows it. Later versions of it have more
     * members, at its end: look at none that lies beyond. */
    size_t      size;
    const char *abi;            /* Of its guest: x86_64, x86_32, arm64, arm32, riscv64, ppc64. */
    const char *kind;           /* pv, hvm, pvh or arm. [pv on x86, else arm] */
    const char *xen_version;    /* Whose behaviour is expected, such as 4.17. [any] */
    int64_t     pages;          /* How many pages of memory it has, filled with zeros. */
    int64_t     max_pages;      /* How many it may have, after transfers to it. [any number] */
    int32_t     domid;          /* Its number. [any that is free] */
    int32_t     privileged;     /* 1 if it may act on the tables of others. */
    int32_t     high;           /* 1 if its frame numbers are not to fit 32 bits. */
    int32_t     max_grant_frames;       /* The most frames its table may have. [64] */
    int32_t     max_maptrack_frames;    /* The most pages of 256 handles. [1024] */
    int32_t     max_version;    /* The newest version that its table may have. [2, on Arm 1] */
    int32_t     transitive;     /* 0 if transitive grants are not honoured. [1] */
    int32_t     transfer;       /* 0 if there are no transfers. [1] */
    int32_t     cache_flush;    /* 0 if there is no cache_flush. [1] */
};

/*
 * A page of a domain's memory. It is known by its index, which counts from 0. The
 * addresses of the pages that a domain is made with follow on each other, in that order,
 * from 0x10000 on or higher. Nothing is behind the last one. More are asked for than a
 * scenario has: the first ones are for the arguments of calls, so the addresses of a guest of
 * 32 bits are to have 32 bits. A page that is given to it later has the next index.
 */
struct xengnt_rig_page {
    void    *bytes;     /* Where it is in this process, as long as the domain has it. */
    uint64_t frame;     /* Its number as it goes into an entry, or a copy: the machine's for a
                         * PV guest, the guest's own for others. */
    uint64_t address;   /* Where its guest sees it, unless something else was mapped there. */
    uint64_t machine;   /* What a dev_bus_addr of it is: any number that is its own. */
};

/* Forget all domains, and be as at the start. It may be the first function that is called. */
int xengnt_rig_reset(void);

/*
 * Make a domain, and return its number, from 0 to 0x7FEF; -EEXIST if the one that is wanted is
 * taken. Its grant table is of version 1 and has one frame, in which all entries are invalid.
 */
int xengnt_rig_create_domain(const struct xengnt_rig_domain *wanted);

/* End a domain: what it has mapped is unmapped, and what it has is freed, later if others
 * have it mapped. */
int xengnt_rig_destroy_domain(uint16_t domid);

/* Make the calls of this thread in the name of a domain from now on. */
int xengnt_rig_set_caller(uint16_t domid);

/* Describe a page; -ENOENT if the domain has none of that index, or has given it away. */
int xengnt_rig_page(uint16_t domid, uint32_t index, struct xengnt_rig_page *page);

/*
 * Say where its guest has room for a mapping of a page, at the start of one. Each index, of
 * at least 0 to 499, has room of its own, with nothing there until something is mapped.
 */
int xengnt_rig_room(uint16_t domid, uint32_t index, uint64_t *address);

/*
 * Return where in this process the byte is that a guest sees at an address, for
 * reading, or for writing if that is 1. What follows it in the same page follows it here. NULL if
 * nothing is there, or if it may not be written. It is asked again after each call.
 */
void *xengnt_rig_bytes(uint16_t domid, uint64_t address, int writing);

/*
 * Return where in this process a frame of a domain's grant table is, aligned as a
 * page; if status is 1, a frame of its status array, which only a table of version 2
 * has. NULL behind the last one. The guest's side is played on these bytes, which stay where
 * they are until the table changes its version, or the domain ends.
 */
void *xengnt_rig_table(uint16_t domid, uint32_t index, int status);

/*
 * Say why an element of this thread's last call failed, the last one if there are several:
 * return some words, and store its index, or UINT32_MAX for the call as a whole. NULL if
 * none failed. The words are UTF-8, and may change with the next call. This function may be
 * left out.
 */
const char *xengnt_rig_reason(uint32_t *element);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif

#endif /* XENGNT_RIG_H */
