# SPDX-License-Identifier: MIT
"""Seeds for fuzzers of grant_table_op: calls with labels, each with what should come of it.

`xengnt.testing.corpus.seeds` makes them, `xengnt.testing.corpus.write` puts them into a folder,
with a dictionary, a manifest and the stage.
"""
