# SPDX-License-Identifier: MIT
"""The page of ``emit html``: `page` puts it together, of modules and files that are beside it."""
