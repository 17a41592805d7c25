/* SPDX-License-Identifier: MIT */
/* Structs without tags, known by their typedefs only. */
#pragma once
#include <stdint.h>

typedef uint16_t domid_t;
typedef uint32_t grant_ref_t;
#if defined(__x86_64__) || defined(__i386__)
typedef unsigned long xen_pfn_t;
#else
typedef uint64_t xen_pfn_t;
#endif

typedef struct {
	uint16_t flags;
	domid_t domid;
} grant_entry_header_t;

typedef union {
	grant_entry_header_t hdr;
	struct {
		grant_entry_header_t hdr;
		uint32_t pad0;
		uint64_t frame;
	} full_page;
	struct {
		grant_entry_header_t hdr;
		uint16_t page_off, length;
		uint64_t frame;
	} sub_page;
	struct {
		grant_entry_header_t hdr;
		domid_t trans_domid;
		uint16_t pad0;
		grant_ref_t gref;
	} transitive;
	uint32_t __spacer[4];
} grant_entry_v2_t;

typedef struct {
	union {
		grant_ref_t ref;
		xen_pfn_t gmfn;
	} u;
	domid_t domid;
	uint16_t offset;
} gnttab_copy_ptr_t, *gnttab_copy_ptr_p;

typedef struct {
	gnttab_copy_ptr_t source, dest;
	uint16_t len;
	uint16_t flags;
	int16_t status;
} gnttab_copy_t;

typedef struct { xen_pfn_t *p; } frame_list_t;

/* Two names for one struct. */
typedef struct {
	domid_t dom;
	uint16_t pad;
	uint32_t version;
} gnttab_get_version_t, gnttab_version_t;
