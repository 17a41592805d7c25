# SPDX-License-Identifier: MIT
# Written by build_ffi.py from include/xen: change that, not this.
from enum import IntEnum, IntFlag

class Documented:
    @property
    def c_name(self) -> str: ...
    @property
    def doc(self) -> str: ...
    @property
    def message(self) -> str: ...

class Op(Documented, IntEnum):
    MAP_GRANT_REF = 0
    UNMAP_GRANT_REF = 1
    SETUP_TABLE = 2
    DUMP_TABLE = 3
    TRANSFER = 4
    COPY = 5
    QUERY_SIZE = 6
    UNMAP_AND_REPLACE = 7
    SET_VERSION = 8
    GET_STATUS_FRAMES = 9
    GET_VERSION = 10
    SWAP_GRANT_REF = 11
    CACHE_FLUSH = 12

class Status(Documented, IntEnum):
    OKAY = 0
    GENERAL_ERROR = -1
    BAD_DOMAIN = -2
    BAD_GNTREF = -3
    BAD_HANDLE = -4
    BAD_VIRT_ADDR = -5
    BAD_DEV_ADDR = -6
    NO_DEVICE_SPACE = -7
    PERMISSION_DENIED = -8
    BAD_PAGE = -9
    BAD_COPY_ARG = -10
    ADDRESS_TOO_BIG = -11
    EAGAIN = -12
    NO_SPACE = -13

class EntryType(Documented, IntEnum):
    INVALID = 0
    PERMIT_ACCESS = 1
    ACCEPT_TRANSFER = 2
    TRANSITIVE = 3

class Domid(Documented, IntEnum):
    SELF = 32752
    IO = 32753
    XEN = 32754
    COW = 32755
    INVALID = 32756
    ANY = 32757
    IDLE = 32767

class MapFlag(Documented, IntFlag):
    DEVICE_MAP = 1
    HOST_MAP = 2
    READONLY = 4
    APPLICATION_MAP = 8
    CONTAINS_PTE = 16
    GUEST_AVAIL_MASK = 4294901760

class CopyFlag(Documented, IntFlag):
    SOURCE_GREF = 1
    DEST_GREF = 2

class EntryFlag(Documented, IntFlag):
    READONLY = 4
    READING = 8
    WRITING = 16
    PWT = 32
    PCD = 64
    PAT = 128
    SUB_PAGE = 256

class TransferFlag(Documented, IntFlag):
    COMMITTED = 4
    COMPLETED = 8

class CacheFlag(Documented, IntFlag):
    CLEAN = 1
    INVAL = 2
    SOURCE_GREF = 2147483648
