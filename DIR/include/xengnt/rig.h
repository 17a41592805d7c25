/* SPDX-License-Identifier: MIT */
/*
 * rig.h: grant tables in an ordinary process, without a hypervisor.
 *
 * The rig, libxengnt_rig.so, is something to call instead of Xen: link a driver's code with
 * it, and run that under a debugger and sanitizers. `xengnt rig build` makes it. It does what
 * Xen would, on real memory: what is granted and mapped appears at the address where it is to
 * be, read-only if that was asked for, and is gone when it is unmapped.
 *
 * The header has two parts. The control part makes domains and says where things are. It is
 * also for whoever implements grant tables (in a hypervisor, an emulator or a test double)
 * and wants to know whether that does as Xen does. Define these functions, and
 * HYPERVISOR_grant_table_op, in a shared library, and run
 *
 *     xengnt conformance --backend lib:./libyours.so
 *
 * The rest only the rig has; XENGNT_RIG_CONTROL_ONLY leaves it out.
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
 * What is called, or tested, is a function of the library,
 *
 *     int HYPERVISOR_grant_table_op(unsigned int cmd, void *uop, unsigned int count);
 *
 * or one that the user names. It is called in the name of a domain, and uop is an address as the
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

#ifndef XENGNT_RIG_CONTROL_ONLY

/*
 * The rig
 * -------
 * Begin with domains; the first one starts the hypervisor, as Xen is by default, unless
 * xengnt_rig_create_hypervisor has done so. All members of the structs that are to be as by
 * default are -1 or NULL, so start from the initialisers:
 *
 *     struct xengnt_rig_domain wanted = XENGNT_RIG_DOMAIN;
 *     int front, back;
 *
 *     wanted.pages = 256;
 *     front = xengnt_rig_create_domain(&wanted);
 *     back = xengnt_rig_create_domain(NULL);
 *
 * The guests are the code of this process, and see all its memory but that of other domains.
 * Each domain has its own pages, at addresses below 2 GiB, and room for mappings beside them;
 * a mapping goes to one of its pages or into the room, and nowhere else. A page that is mapped
 * read-only faults when it is written, and one that is not there when it is touched. Arguments
 * of calls may be anywhere: they are probed, so a bad pointer is -EFAULT, as from Xen.
 *
 * A domain may have another ABI than this machine's. Its code cannot be in this process, so
 * its addresses are only numbers: fill the bytes of its pages, and call with their addresses.
 *
 * Each thread has its calling domain. The first domain that there is calls for a thread that
 * has chosen none. Without any, a call gives -ESRCH.
 *
 * Everything here may be called by several threads at once. Calls are made one at a time. Guest
 * code may change its entries at any time; one whose flags never stand still while a call takes
 * it into use gives GNTST_general_error, as from Xen.
 *
 * A process that forks goes on with the rig in one of the two, as the memory is shared.
 * Whatever fails leaves words in xengnt_rig_reason, also where that is not a call's fault.
 * -EIO says that the rig itself does not work, such as that it could not start Python.
 */

/* Initialisers: everything as by default, which is a domain of 64 pages for this machine. */
#define XENGNT_RIG_DOMAIN \
    { sizeof(struct xengnt_rig_domain), NULL, NULL, NULL, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1 }
#define XENGNT_RIG_HYPERVISOR \
    { sizeof(struct xengnt_rig_hypervisor), NULL, -1, -1, -1, -1, -1, -1 }

/* The call, in the name of this thread's domain. */
int HYPERVISOR_grant_table_op(unsigned int cmd, void *uop, unsigned int count);

/* What the administrator chose for all domains. As above, -1 and NULL are not given. */
struct xengnt_rig_hypervisor {
    size_t      size;           /* Of this struct. */
    const char *xen_version;    /* Which Xen to behave like. [4.17] */
    int32_t     max_grant_frames;       /* The most frames of a table. [64] */
    int32_t     max_maptrack_frames;    /* The most pages of 256 handles. [1024] */
    int32_t     max_version;    /* The newest version of tables. [2] */
    int32_t     transitive;     /* 0 if transitive grants are not honoured. [1] */
    int32_t     transfer;       /* 0 if there are no transfers. [1] */
    int32_t     cache_flush;    /* 0 if there is no cache_flush. [as the version has it] */
};

/* Create a hypervisor without domains, in place of the one that is there. NULL is one as by
 * default. xengnt_rig_reset destroys it. */
int xengnt_rig_create_hypervisor(const struct xengnt_rig_hypervisor *wanted);

/* Return this thread's calling domain, or -ESRCH if there is none. */
int xengnt_rig_caller(void);

/* Store the frame number, as it goes into an entry, of the page that a domain sees at an
 * address; -ENOENT if none of its own is there. */
int xengnt_rig_frame(uint16_t domid, const void *address, uint64_t *frame);

/* Return where a domain sees the page that it names by a frame number, NULL if it has none. */
void *xengnt_rig_address(uint16_t domid, uint64_t frame);

/* What a domain has in use, to look for leaks. */
struct xengnt_rig_use {
    size_t   size;              /* Of this struct. */
    uint32_t handles;           /* Mappings that it has made and not ended. */
    uint32_t granted;           /* Entries of its table that grant something. */
    uint32_t in_use;            /* Entries of its table that a mapping or a copy holds. */
    uint32_t frames;            /* Frames of its table. */
};

/* Store what a domain has in use. `use->size` is to be set. */
int xengnt_rig_use(uint16_t domid, struct xengnt_rig_use *use);

/*
 * Let elements fail that would not: of a command (GNTTABOP_map_grant_ref), in calls by a
 * domain, or by any if domid is 0x7FF0 (DOMID_SELF). `skip` elements are done first, then `times`
 * get `status`, and nothing is done for them. So skip 4 and times 1 let the fifth map fail;
 * times UINT32_MAX is for ever. -EINVAL if elements of the command have no status, or it is
 * none that an element fails with. Several may be in force; the first one that fits counts.
 */
int xengnt_rig_inject(uint16_t domid, unsigned int cmd, int status, uint32_t skip,
                      uint32_t times);

/* Let a domain have so many handles at most from now on, those in use included, so that
 * it runs out of them: Xen's own choice is in steps of 256. UINT32_MAX is no such limit. */
int xengnt_rig_limit_handles(uint16_t domid, uint32_t handles);

/* Let nothing fail any more that would not, and take back all such limits. Return how many
 * elements have failed for either reason since the hypervisor began, or since the last time. */
int xengnt_rig_heal(void);

/*
 * Record all that happens, from now on, in a file that `xengnt run` plays again: domains, calls
 * and what came out, and what guest code changed between them in its pages and tables. Numbers
 * that the rig chose are names in it, so it plays on real Xen too. What was injected is left
 * out, as it did not happen. NULL ends the recording, as does xengnt_rig_reset. After each call
 * all is in the file, also if the process ends then. -EBUSY if a call has been made already.
 * What other threads change while a call is made counts as changed after it.
 */
int xengnt_rig_record(const char *path);

#endif /* XENGNT_RIG_CONTROL_ONLY */

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif

#endif /* XENGNT_RIG_H */
