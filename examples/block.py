# SPDX-License-Identifier: MIT
"""A block device on the model: a ring by map, data by map and by copy."""

import xengnt

hv = xengnt.model.Hypervisor()
back, front = hv.create_domain(pages=16, privileged=True), hv.create_domain(pages=16)
xen = xengnt.Dispatcher(back)

# The front end grants a ring, a page to read from and a page to write to.
ring, out, into = (
    front.grants.permit_access(back.domid, front.frame(page), readonly=page == 1)
    for page in range(3)
)
front.page(1)[512:520] = b"data out"

# The back end maps two of them at once, and sees what the front end wrote.
rooms = [back.reserve(), back.reserve()]
flags = [xengnt.MapFlag.HOST_MAP, xengnt.MapFlag.HOST_MAP | xengnt.MapFlag.READONLY]
maps = xen.map_grant_ref(host_addr=rooms, flags=flags, ref=[ring, out], dom=front.domid)
maps.raise_for_status()
print(back.memory.read(rooms[1] + 512, 8).decode())

# It answers by a copy, which needs no mapping.
back.page(3)[:7] = b"data in"
row = {
    "source": {"u": {"gmfn": back.frame(3)}, "domid": "DOMID_SELF"},
    "dest": {"u": {"ref": into}, "domid": front.domid},
    "len": 7,
    "flags": "dest_gref",
}
xen.copy([row]).raise_for_status()
print(bytes(front.page(2)[:7]).decode())

# What is mapped cannot be withdrawn.
try:
    front.grants.end_access(ring)
except xengnt.InUse as error:
    print(error)
xen.unmap_grant_ref(host_addr=rooms, handle=maps.handle).raise_for_status()
for ref in (ring, out, into):
    front.grants.end_access(ref)
print(front.grants.free, "free")
