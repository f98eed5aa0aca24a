"""The site: built from this folder by `sphinx-build -W notebooks OUT`, offline.

Notebooks are shown without outputs; `-D nb_execution_mode=cache` runs them first.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pathgnn

sys.path.insert(0, str(Path(__file__).parent))

project, author, release = "pathgnn", "the authors of pathgnn", pathgnn.__version__
copyright = "the authors of pathgnn, BSD-3-Clause"
extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "site_tables",
]
source_suffix = {".rst": "restructuredtext", ".md": "myst-nb", ".ipynb": "myst-nb"}
exclude_patterns = ["_build", "**/.ipynb_checkpoints"]
myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence", "deflist"]
myst_heading_anchors = 3
nb_execution_mode = "off"
nb_execution_timeout = 300
# A progress bar of a run notebook is text on the page, not a widget from elsewhere.
nb_mime_priority_overrides = [("html", "application/vnd.jupyter.widget-view+json", None)]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
napoleon_google_docstring, napoleon_numpy_docstring = True, False

html_theme = "furo"
html_title = f"pathgnn {release}"
# MathML is shown by every browser of today, without a script from elsewhere.
html_math_renderer = "mathml"
