# SPDX-License-Identifier: MIT
"""A network device on the model gives a page away, for good."""

import xengnt

hv = xengnt.model.Hypervisor()
back, front = hv.create_domain(pages=16, privileged=True), hv.create_domain(pages=16)

slot = front.grants.accept_transfer(back.domid)
back.page(3)[:6] = b"packet"
frame = back.frame(3)

batch = xengnt.Dispatcher(back).transfer(mfn=frame, domid=front.domid, ref=slot)
batch.raise_for_status()
print(front.grants.end_transfer(slot) == frame, bytes(front.page(16)[:6]).decode())

try:
    back.page(3)
except xengnt.InvalidValue as error:
    print(error)
