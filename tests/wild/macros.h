/* SPDX-License-Identifier: MIT */
/* Macros of the project at every turn, with semicolons and without. */
MODULE_LICENSE("Dual MIT/GPL")
BEGIN_DECLS
#ifdef __cplusplus
extern "C" {
#endif
struct gnttab_dump_table { uint16_t dom; int16_t status; };
XEN_DEFINE_FOO(bar)
struct gnttab_set_version { uint32_t version; };
EXPORT_SYMBOL(x);
OTHER(a, "b;{", struct c *) NEXT(1)
typedef struct gnttab_swap_grant_ref { uint32_t ref_a, ref_b; int16_t status; } swap_t;
static_assert(sizeof(swap_t) == 12, "swap");
_Static_assert(1, "")
	;
static inline int okay(const struct gnttab_dump_table *one)
{
	asm volatile ("nop" ::: "memory");
	return one->status == 0 ? '{' : "}"[0];
}
struct gnttab_get_version { uint16_t dom; uint16_t pad; uint32_t version; };
asm(".globl okay");
DEFINE_BODY(f, int x) { return x; }
struct gnttab_query_size { uint16_t dom; uint32_t nr_frames, max_nr_frames; int16_t status; };
struct gnttab_query_size *query(void), *query_all(int domains[]);
extern struct gnttab_set_version __attribute__((weak)) versions[];
BUILD_ASSERT(sizeof(struct gnttab_query_size) == 16) extern int x;
__BEGIN_DECLS struct gnttab_unmap_grant_ref {
	uint64_t host_addr, dev_bus_addr;
	uint32_t handle;
	int16_t status;
};
#ifdef __cplusplus
}
#endif
END_DECLS
