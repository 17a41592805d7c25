/* SPDX-License-Identifier: MIT */
/* As a tool writes it that keeps a prefix on every name, its integers included. */
#ifndef VKI_XEN_GNTTAB_H
#define VKI_XEN_GNTTAB_H

typedef vki_uint16_t vki_xen_domid_t;
typedef vki_uint32_t vki_xen_grant_ref_t;
typedef vki_uint32_t vki_xen_grant_handle_t;
typedef unsigned long vki_xen_pfn_t;

#define VKI_XEN_GNTTABOP_map_grant_ref 0
#define VKI_XEN_GNTTABOP_copy 5
#define VKI_XEN_GNTCOPY_source_gref (1 << 0)
#define VKI_XEN_GNTST_bad_page (-9)

struct vki_xen_gnttab_map_grant_ref {
	vki_uint64_t host_addr;
	vki_uint32_t flags;
	vki_xen_grant_ref_t ref;
	vki_xen_domid_t dom;
	vki_int16_t status;
	vki_xen_grant_handle_t handle;
	__vki_u64 dev_bus_addr;
};

struct vki_xen_gnttab_copy {
	struct vki_xen_gnttab_copy_ptr {
		union {
			vki_xen_grant_ref_t ref;
			vki_xen_pfn_t gmfn;
		} u;
		vki_xen_domid_t domid;
		vki_uint16_t offset;
	} source, dest;
	vki_uint16_t len;
	__vki_u16 flags;
	__vki_s16 status;
};

#endif
