# SPDX-License-Identifier: MIT
"""How the site is built: ``python -m sphinx -W -n docs OUT``."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

import xengnt

project = "xengnt"
version = release = xengnt.__version__
html_title = "xengnt"

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "commands",
    "explorer",
    "interface",
    "pages",
    "typed",
]

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_copyright = False
html_show_sphinx = False
html_copy_source = False
html_theme_options = {"navigation_with_keys": True}

myst_heading_anchors = 4
myst_url_schemes = ["http", "https", "tree"]

default_role = "code"  # `so` is a name in Python or C
toc_object_entries = False  # headings are enough, and the build is twice as fast
autodoc_member_order = "bysource"
napoleon_use_ivar = True
autodoc_typehints_format = "short"
autodoc_class_signature = "mixed"
python_maximum_signature_line_length = 88
python_use_unqualified_type_names = True

nitpick_ignore_regex = [
    ("py:.*", r"(?!xengnt\.).*"),  # what is not ours is not described here
    ("py:class", r"xengnt\.streams\.work\.(Task|Result)"),  # type variables
    # What these are made of is not for users.
    ("py:class", r"xengnt\.(codec\.plan|live\.(control|domain)|match|model\.backing)\..*"),
]
