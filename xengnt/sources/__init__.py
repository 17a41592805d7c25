# SPDX-License-Identifier: MIT
"""Readers: what somebody has, as declarations or a layout. One module for each kind."""
