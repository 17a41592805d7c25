# SPDX-License-Identifier: MIT
"""``python -m xengnt`` is the command ``xengnt``."""

import sys

from xengnt.cli import main

sys.exit(main())
