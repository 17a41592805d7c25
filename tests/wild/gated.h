/* SPDX-License-Identifier: MIT */
/* Gates on the macros of a project of its own. */
#ifdef CONFIG_XEN_INTERFACE_VERSION
#undef __XEN_INTERFACE_VERSION__
#define __XEN_INTERFACE_VERSION__ CONFIG_XEN_INTERFACE_VERSION
#endif

typedef uint16_t domid_t;

#if XEN_VERSION >= 0x00030200
struct grant_entry_v1 {
#else
struct grant_entry {
#endif
	uint16_t flags;
	domid_t domid;
	uint32_t frame;
};
