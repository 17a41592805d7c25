/* SPDX-License-Identifier: MIT */
/*
 | How headers look that have been around for long.
 */
#ifndef HABITS
#	define	HABITS
#import "project.h"
#import "project.h"
#ident "@(#)habits.h"

#define GNTST_okay (0) /* ok */
#define GNTST_general_error	\
	(-1)
#define GNTST_bad_domain ((gnt_status)-2)
#define GNTST_bad_gntref bad_reference
#define GTF_readonly BIT(2, U)
#define GTF_reading UINT32_C(8)
#define GTF_writing (1u<<4)
#define GTF_PWT _AC(0x20, U)
#define OUR_BIT _BITUL(3)
#define OUR_LONG_BIT BIT_ULL(40)

typedef int gnt_status;
enum { bad_handle = -4, bad_reference, GNTST_bad_handle = bad_handle };
enum flags { OUR_ENUM = BIT(1), OUR_NEXT };

static const uint32_t GTF_accept_transfer = 2, GTF_transitive = GTF_accept_transfer | 1;
static const int GNTTABOP_copy = 5;

struct	gnttab_dump_table
{
	unsigned  short	dom;	/* in	*/
	signed    short	status;	/* out	*/
}	;
#endif
