# SPDX-License-Identifier: MIT
"""What real Xen was seen to do, case by case, and whether something else does the same."""
