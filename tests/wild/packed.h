/* SPDX-License-Identifier: MIT */
/* Everything packed, and padded by hand; the macros for it are in a header that is not here. */
#include "compiler.h"

typedef uint16_t domid_t;
typedef uint32_t grant_ref_t;

struct __packed gnttab_get_version {
	domid_t dom;
	uint16_t pad;
	uint32_t version;
} __aligned(4);

struct gnttab_query_size {
	domid_t dom;
	u8 pad1[2];
	u32 nr_frames;
	u32 max_nr_frames;
	s16 status;
	u8 pad2[2];
} __attribute__((packed, aligned(4)));

typedef struct gnttab_swap_grant_ref {
	grant_ref_t ref_a;
	grant_ref_t ref_b;
	s16 status;
	u8 pad[2];
} PACKED QEMU_ALIGNED(4) gnttab_swap_grant_ref_t;

struct ALIGNED(4) gnttab_set_version {
	u32 version;
} __attribute_packed__;

struct [[gnu::packed]] gnttab_dump_table {
	domid_t dom;
	int16_t status __attribute__((__aligned__(2)));
};

#pragma pack(push, 1)
struct gnttab_unmap_grant_ref {
	_Alignas(8) uint64_t host_addr;
	uint64_t dev_bus_addr;
	uint32_t handle;
	int16_t status;
	char pad[2];
} __attribute__((aligned(8)));
#pragma pack(pop)

_Pragma("pack(2)") struct gnttab_cache_flush {
	union {
		uint64_t dev_bus_addr;
		grant_ref_t ref;
	} a;
	uint16_t offset, length;
	uint32_t op;
} __attribute__((aligned(8)));
#pragma pack()

__pragma(pack(push, 4))
struct gnttab_unmap_and_replace {
	uint64_t host_addr, new_addr;
	uint32_t handle;
	int16_t status;
} __attribute__((aligned(8)));
__pragma(pack(pop))

__declspec(align(8)) struct gnttab_map_grant_ref {
	__aligned_u64 host_addr;
	u32 flags;
	grant_ref_t ref;
	domid_t dom;
	s16 status;
	u32 handle;
	aligned_u64 dev_bus_addr;
};
