# SPDX-License-Identifier: MIT
"""Real Xen, booted under QEMU, as a world that scenarios are played in.

One thing follows from another: ``packages`` gets Xen and QEMU, ``image`` compiles the guest
kernel in ``kernel/``, ``machine`` boots both in a QEMU whose memory is a file that this
process maps, ``mailbox`` has a guest make hypercalls, ``control`` makes domains with them,
``domain`` is one of these as a backend, and ``world`` is where scenarios play.
"""
