# SPDX-License-Identifier: MIT
"""Call any C function as if it were the hypervisor, and see what became of each element.

Here the function is made of Python by cffi; one from a shared library is
``xengnt.Library("./lib.so", "symbol")``.
"""

import cffi

import xengnt

ffi = cffi.FFI()
ffi.cdef(
    "struct map { uint64_t host_addr; uint32_t flags, ref; uint16_t dom; int16_t status;"
    " uint32_t handle; uint64_t dev_bus_addr; };"
)


@ffi.callback("int(unsigned int, void *, unsigned int)", error=-14)  # if it raises: -EFAULT
def hypervisor(_cmd: int, uop: object, count: int) -> int:
    """Map what is asked for, except reference 9."""
    maps = ffi.cast("struct map *", uop)
    for i in range(count):
        bad = maps[i].ref == 9  # noqa: PLR2004 -- the one that is to fail
        maps[i].status = xengnt.Status.BAD_GNTREF if bad else xengnt.Status.OKAY
        maps[i].handle = 100 + i
    return 0


recorder = xengnt.Recorder(xengnt.CFunction(hypervisor))
xen = xengnt.Dispatcher(recorder)
batch = xen.map_grant_ref(flags=xengnt.MapFlag.HOST_MAP, ref=[8, 9, 10], dom=1)

print(batch.rc, [int(status) for status in batch.status], batch.handle)
try:
    batch.raise_for_status()
except xengnt.GrantError as error:
    print(error)
print(recorder.scenario.text().count("\n"), "lines recorded")
