/* SPDX-License-Identifier: MIT */
/** @file
  As firmware and its drivers write it: capital types, names in camel case.
**/
#ifndef XEN_GRANT_TABLE_H_
#define XEN_GRANT_TABLE_H_

#include <Uefi.h>
#include <Library/BaseLib.h>

typedef UINT16 DOMAIN_ID;
typedef UINT32 GRANT_REF;

typedef struct _GNTTAB_MAP_GRANT_REF {
  UINT64     HostAddr;
  UINT32     Flags;
  GRANT_REF  Ref;
  DOMAIN_ID  Dom;
  INT16      Status;
  UINT32     Handle;
  UINT64     DevBusAddr;
} GNTTAB_MAP_GRANT_REF, *PGNTTAB_MAP_GRANT_REF;

typedef struct _GNTTAB_QUERY_SIZE GNTTAB_QUERY_SIZE, *PGNTTAB_QUERY_SIZE;
struct _GNTTAB_QUERY_SIZE {
  DOMAIN_ID  Dom;
  uint32     NrFrames;
  uint32     MaxNrFrames;
  int16      Status;
};

typedef struct GnttabSwapGrantRef {
  u_int32_t RefA, RefB;
  s16       Status;
} GnttabSwapGrantRef;

typedef struct GnttabTransfer {
  UINTN  Mfn;
  __le16 Domid;
  __u32  Ref;
  __s16  Status;
} GnttabTransfer;

#endif
