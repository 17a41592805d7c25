# SPDX-License-Identifier: MIT
"""A 32-bit guest on the model: the same calls, in other layouts."""

import xengnt

hv = xengnt.model.Hypervisor()
control = hv.create_domain(pages=16, privileged=True)
small = hv.create_domain(pages=16, abi="x86_32")

ref = control.grants.permit_access(small.domid, control.frame(1))
control.page(1)[:10] = b"to 32 bits"
row = {
    "source": {"u": {"ref": ref}, "domid": control.domid},
    "dest": {"u": {"gmfn": small.frame(0)}, "domid": "DOMID_SELF"},
    "len": 10,
    "flags": "source_gref",
}
batch = xengnt.Dispatcher(small).copy([row])
batch.raise_for_status()
print(len(batch.blob), "bytes, where 64 bits take", len(control.abi.encode("copy", [row])))
print(bytes(small.page(0)[:10]).decode())
print(xengnt.Dispatcher(small).setup_table(dom="DOMID_SELF", nr_frames=2).frames)
