# SPDX-License-Identifier: MIT
"""The rig: grant tables for C code in an ordinary process, by the model and on real memory."""
