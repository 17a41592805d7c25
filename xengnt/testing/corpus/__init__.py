# SPDX-License-Identifier: MIT
"""Seeds for fuzzers of grant_table_op: calls with labels, each with what should come of it.

`seeds` makes them, `write` puts them into a folder, with a dictionary, a manifest and the stage.
"""
