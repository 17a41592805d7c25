# SPDX-License-Identifier: MIT
"""A behaviour model of Xen's grant tables, on the real bytes.

    hv = Hypervisor(xen_version="4.17")
    backend, frontend = hv.create_domain(privileged=True), hv.create_domain(abi="x86_32")
    xengnt.Dispatcher(backend).map_grant_ref(...)

``docs/model.md`` says what it models, and in which module which rule is.
"""

from xengnt.model.domain import Domain
from xengnt.model.hypervisor import Hypervisor

__all__ = ["Domain", "Hypervisor"]
