# SPDX-License-Identifier: MIT
"""Version 2 of the table on the model: a part of a page, and a grant that is passed on."""

import xengnt

hv = xengnt.model.Hypervisor()
a, b, c = (hv.create_domain(pages=16, privileged=number == 0) for number in range(3))
for domain in (a, b):
    xengnt.Dispatcher(domain).set_version(version=2).raise_for_status()


def fetch(ref: int, domid: int, offset: int, length: int) -> xengnt.Status:
    """Copy from a grant into the first page of c, and return the status."""
    row = {
        "source": {"u": {"ref": ref}, "domid": domid, "offset": offset},
        "dest": {"u": {"gmfn": c.frame(0)}, "domid": "DOMID_SELF"},
        "len": length,
        "flags": "source_gref",
    }
    status: xengnt.Status = xengnt.Dispatcher(c).copy([row]).status[0]
    return status


a.page(1)[256:260] = b"part"
part = a.grants.permit_sub_page(c.domid, a.frame(1), offset=256, length=16)
print(fetch(part, a.domid, 256, 4).name, bytes(c.page(0)[:4]).decode())
print(fetch(part, a.domid, 250, 16).name, c.reasons[0][1])

a.page(2)[:9] = b"through b"
first = a.grants.permit_access(b.domid, a.frame(2))
passed_on = b.grants.permit_transitive(c.domid, a.domid, first)
print(fetch(passed_on, b.domid, 0, 9).name, bytes(c.page(0)[:9]).decode())
