"""How the documentation is built; ``docs/generate.py`` makes the reference from the code first."""

import sys
from pathlib import Path

import sphinx.application

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent))

from docs import generate  # noqa: E402  # the line above lets Sphinx find it

project = "Feedgate"
author = "The Feedgate developers"
copyright = f"2026, {author}"  # noqa: A001  # Sphinx's own name
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build", "decisions/0000-template.md"]
nitpicky = True
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence", "deflist"]

html_theme = "furo"
html_title = "Feedgate"
html_copy_source = False
html_show_sphinx = False


def setup(app: sphinx.application.Sphinx) -> None:
    """Make the reference before Sphinx looks for pages."""
    app.connect("builder-inited", lambda _: generate.write(DOCS / "reference"))
