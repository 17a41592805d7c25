# SPDX-License-Identifier: MIT
"""The tests here are for a dom0, where ``tests/test_live_dom0.py`` runs them."""

from __future__ import annotations

import os

collect_ignore = [] if os.environ.get("XENGNT_LIVE_DOM0") == "1" else ["test_xencall.py"]
