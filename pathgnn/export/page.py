"""What every HTML page shares: the template, the plots' JSON, and plotly's own script."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from jinja2 import Environment, PackageLoader, select_autoescape
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from pathgnn.files import write_text

LONGEST = 26
# Colour-blind safe, after Okabe and Ito.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")


def write_page(
    template: str, content: Mapping[str, Any], figures: Mapping[str, go.Figure], path: Path
) -> Path:
    """One self-contained page: every name escaped, nothing loaded from elsewhere."""
    environment = Environment(
        loader=PackageLoader("pathgnn.export", "."), autoescape=select_autoescape(default=True)
    )
    plots = {name: as_json(figure) for name, figure in figures.items()}
    page = environment.get_template(template).render(
        **content, plots=plots, plotly=Markup(get_plotlyjs())
    )
    write_text(path, page)
    return path


def as_json(figure: go.Figure) -> dict[str, Any]:
    """A figure as what plotly's script reads."""
    return dict(json.loads(figure.to_json()))


def sized(figure: go.Figure, height: int) -> go.Figure:
    """The look that all plots share."""
    return figure.update_layout(
        height=height,
        # Room above for plotly's own buttons.
        margin={"l": 10, "r": 10, "t": 30, "b": 10},
        colorway=COLOURS,
        template="plotly_white",
        showlegend=False,
    )


def escaped(name: str) -> str:
    """A name for plotly, which reads a few HTML tags."""
    return html.escape(name, quote=False)


def label(name: str) -> str:
    """The same, cut where it would push a plot aside."""
    return escaped(name if len(name) <= LONGEST else name[: LONGEST - 1] + "…")
