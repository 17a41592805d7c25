# SPDX-License-Identifier: MIT
"""Tables, pins and handles, to look at.

Imports the modules beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xengnt.abi.bits import TYPE_MASK
from xengnt.model.entries import Entries, EntriesV2

if TYPE_CHECKING:
    from xengnt.model.domain import Domain
    from xengnt.model.hypervisor import Hypervisor
    from xengnt.model.table import GrantTable


def table(one: GrantTable) -> dict[str, Any]:
    """Return a table: entries that are not free, or in use; and the handles of its owner."""
    entries = one.entries
    return {
        "version": one.version,
        "frames": [frame.number for frame in one.shared],
        "max_frames": one.max_frames,
        "status_frames": [frame.number for frame in one.status],
        "entries": {
            ref: _entry(one, entries, ref)
            for ref in range(len(entries))
            if entries.header(ref)[0] & TYPE_MASK or ref in one.pins
        },
        "handles": {
            handle: {"domid": m.table.owner.domid, "ref": m.ref, "flags": m.flags}
            for handle, m in sorted(one.maptrack.live.items())
        },
    }


def _entry(one: GrantTable, entries: Entries, ref: int) -> dict[str, Any]:
    flags, domid = entries.header(ref)
    found: dict[str, Any] = {"flags": flags, "domid": domid, "frame": entries.whole(ref)}
    if isinstance(entries, EntriesV2):
        found["status"] = entries.status_of(ref)
    pin = one.pins.get(ref)
    if pin:
        found["pin"] = {"domid": pin.domid, "frame": pin.frame.number, **pin.as_dict()}
    return found


def domain(one: Domain) -> dict[str, Any]:
    """Return a domain with its table."""
    return {
        "kind": one.kind,
        "abi": one.abi.name,
        "privileged": one.privileged,
        "dying": one.dying,
        "pages": {index: frame.number for index, frame in one.pages.items() if frame.owner is one},
        "table": table(one.table),
    }


def hypervisor(one: Hypervisor) -> dict[str, Any]:
    """Return all domains."""
    return {
        "xen_version": one.xen_version,
        "domains": {domid: domain(found) for domid, found in sorted(one.domains.items())},
    }


def text(one: Hypervisor) -> str:
    """Return all tables as lines: one for each entry, and for each handle."""
    lines = []
    for domid, found in hypervisor(one)["domains"].items():
        grants = found["table"]
        dying = ", dying" if found["dying"] else ""
        lines.append(
            f"d{domid}: {found['kind']}, {found['abi']}{dying}; grant table version "
            f"{grants['version']}, {len(grants['frames'])} of {grants['max_frames']} frames"
        )
        for ref, entry in grants["entries"].items():
            status = f" status {entry['status']:#x}" if "status" in entry else ""
            line = f"  [{ref}] flags {entry['flags']:#06x}{status} for d{entry['domid']} "
            line += f"frame {entry['frame']:#x}"
            if "pin" in entry:
                pin = entry["pin"]
                counts = " ".join(
                    f"{name}={pin[name]}"
                    for name in ("host_read", "host_write", "device_read", "device_write")
                )
                line += f"; in use by d{pin['domid']}, frame {pin['frame']:#x}: {counts}"
            lines.append(line)
        lines.extend(
            f"  handle {handle}: entry {mapped['ref']} of d{mapped['domid']}, "
            f"flags {mapped['flags']:#x}"
            for handle, mapped in grants["handles"].items()
        )
    return "\n".join([*lines, ""])
