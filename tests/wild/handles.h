/* SPDX-License-Identifier: MIT */
/* As a kernel writes it whose macros for guest handles are elsewhere. */
#include <asm/xen/interface.h>

typedef uint16_t domid_t;
#if defined(__x86_64__) || defined(__i386__)
typedef unsigned long xen_pfn_t;
#else
typedef uint64_t xen_pfn_t;
#endif

struct gnttab_setup_table {
	domid_t dom;
	uint32_t nr_frames;
	int16_t status;
	GUEST_HANDLE(xen_pfn_t) frame_list;
};
DEFINE_GUEST_HANDLE_STRUCT(gnttab_setup_table);

struct gnttab_get_status_frames {
	uint32_t nr_frames;
	domid_t dom;
	int16_t status;
	XEN_GUEST_HANDLE(uint64_t) frame_list;
};
DEFINE_XEN_GUEST_HANDLE(gnttab_get_status_frames_t)
___DEFINE_XEN_GUEST_HANDLE(uchar, unsigned char);
DEFINE_GUEST_HANDLE(int)

/* Not of the interface. */
struct every_handle {
	__XEN_GUEST_HANDLE(uchar) plain;
	XEN_GUEST_HANDLE_64(const void) wide;
	XEN_GUEST_HANDLE_PARAM(gnttab_setup_table) argument;
	GUEST_HANDLE(struct gnttab_setup_table) of_struct;
	COMPAT_HANDLE(char) compat;
};
int every_call(XEN_GUEST_HANDLE_PARAM(void) uop, unsigned int count);
