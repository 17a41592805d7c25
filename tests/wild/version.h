/* SPDX-License-Identifier: MIT */
/* For one interface version, whatever anybody asks for. */
#define __XEN_INTERFACE_VERSION__ 0x00030205

typedef uint16_t domid_t;

#if __XEN_INTERFACE_VERSION__ < 0x0003020a
struct grant_entry {
#else
struct grant_entry_v1 {
#endif
	uint16_t flags;
	domid_t domid;
	uint32_t frame;
};
