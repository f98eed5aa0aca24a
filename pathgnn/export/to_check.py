"""The page of `pathgnn check`: findings first, then who, what, outcomes, overlap, names, sites."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from pathgnn.benefit.arms import Curve
from pathgnn.export.dictionary import write_described
from pathgnn.export.page import escaped, sized, write_page
from pathgnn.train.overview import Overview

# Of Okabe & Ito, told apart by the colour-blind too.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#555555")
PATTERNS_SHOWN, COVARIATES_SHOWN, SITES_SHOWN = 15, 20, 25
SEVERITIES = ("refused", "warning", "note", "ok")


def to_check(seen: Overview, path: Path) -> Path:
    """Write the page."""
    return write_page("check.html.j2", _content(seen), plots(seen), path)


def write_tables(seen: Overview, more: Mapping[str, pd.DataFrame], folder: Path) -> None:
    """The page's tables as csv: findings, who has what, omics, covariates, duplicates, sites.

    Args:
        seen: What the page shows.
        more: Tables that it has no room for, beside them.
        folder: Where they go.
    """
    tables = {
        **more,
        "checks": pd.DataFrame(seen.findings),
        "who_has_what": seen.who_has_what,
        "omics": seen.omics,
        "genes_by_layers": seen.layers,
        "covariates": seen.balance,
    }
    tables |= {k: t for k, t in (("duplicates", seen.duplicates), ("sites", seen.sites)) if len(t)}
    for name in ("duplicates", "sites"):
        (folder / f"{name}.csv").unlink(missing_ok=True)
    write_described(tables, seen.unit, folder)


def plots(seen: Overview) -> dict[str, go.Figure]:
    """The interactive figures by name; those without content are left out."""
    out = {"map": _map(seen)} if seen.map.size else {}
    if seen.curves:
        out["outcome"] = _survival(seen.curves)
    elif seen.levels:
        out["outcome"] = _levels(seen)
    for i, contrast in enumerate(dict.fromkeys(seen.propensity["contrast"])):
        out[f"overlap{i}"] = _overlap(seen.propensity, str(contrast), seen)
    return out


def _content(seen: Overview) -> dict[str, Any]:
    counts = Counter(str(f.severity) for f in seen.findings)
    return {
        "seen": seen,
        "counts": [(s, counts[s]) for s in SEVERITIES if counts[s]],
        "patterns": seen.who_has_what.head(PATTERNS_SHOWN).to_numpy().tolist(),
        "pattern_columns": [str(c) for c in seen.who_has_what.columns],
        "covariates": seen.balance.head(COVARIATES_SHOWN).to_numpy().tolist(),
        "covariate_columns": [str(c) for c in seen.balance.columns],
        "omics": seen.omics.to_dict("records"),
        "layers": seen.layers.to_dict("records"),
        "sites": seen.sites.head(SITES_SHOWN).to_numpy().tolist(),
        "site_columns": [str(c) for c in seen.sites.columns],
        "contrasts": list(dict.fromkeys(seen.propensity["contrast"])),
        "colours": COLOURS,
    }


def _map(seen: Overview) -> go.Figure:
    """Patients x omics, sorted by pattern; dark is measured, white is missing."""
    figure = go.Figure(
        go.Heatmap(
            z=np.round(100 * seen.map.T, 1),
            y=[escaped(str(name)) for name in seen.omics["omic"]],
            colorscale=[[0, "#ffffff"], [1e-9, "#dbe9f6"], [1, "#08519c"]],
            zmin=0,
            zmax=100,
            ygap=2,
            hovertemplate="%{y}: %{z} % of its features<extra></extra>",
            colorbar={"title": {"text": "% measured"}, "thickness": 10},
        )
    )
    figure.update_yaxes(autorange="reversed")
    figure.update_xaxes(title="patients, those with the same omics together", showticklabels=False)
    return sized(figure, 90 + 34 * seen.map.shape[1])


def _survival(curves: tuple[Curve, ...]) -> go.Figure:
    figure = go.Figure()
    for i, curve in enumerate(curves):
        colour = COLOURS[i % len(COLOURS)]
        step = {"x": curve.time, "mode": "lines", "showlegend": False}
        bound = {"line": {"width": 0, "shape": "hv"}, "hoverinfo": "skip"}
        figure.add_scatter(y=curve.low, **step, **bound)
        figure.add_scatter(y=curve.high, fill="tonexty", fillcolor=_pale(colour), **step, **bound)
        figure.add_scatter(
            y=curve.survival, line={"color": colour, "shape": "hv"}, name=escaped(curve.arm), **step
        )
    figure.update_xaxes(title="months", rangemode="tozero")
    figure.update_yaxes(title="share without event", range=[0, 1.02])
    return sized(figure, 360)


def _levels(seen: Overview) -> go.Figure:
    """A point with its 95 % interval per arm."""
    value = [level.value for level in seen.levels]
    figure = go.Figure(
        go.Scatter(
            x=value,
            y=[escaped(level.arm) for level in seen.levels],
            error_x={
                "type": "data",
                "symmetric": False,
                "color": "#333333",
                "array": [level.high - level.value for level in seen.levels],
                "arrayminus": [level.value - level.low for level in seen.levels],
            },
            mode="markers",
            marker={"size": 10, "color": [COLOURS[i % len(COLOURS)] for i in range(len(value))]},
        )
    )
    binary = seen.kind == "binary"
    figure.update_xaxes(title="share with the good outcome" if binary else f"mean {seen.unit}")
    if binary:
        figure.update_xaxes(range=[0, 1])
    figure.update_yaxes(type="category", autorange="reversed")
    return sized(figure, 110 + 40 * len(value))


def _overlap(histogram: pd.DataFrame, contrast: str, seen: Overview) -> go.Figure:
    figure = go.Figure()
    names = [a.arm for a in seen.arms]
    on = histogram[histogram["contrast"] == contrast]
    for arm, rows in on.groupby("arm", sort=False):
        figure.add_bar(
            x=rows["propensity"],
            y=rows["share"],
            name=escaped(str(arm)),
            marker={"color": COLOURS[names.index(str(arm)) % len(COLOURS)], "opacity": 0.6},
        )
    figure.update_layout(barmode="overlay", bargap=0)
    figure.update_xaxes(title="probability of this arm, given what is measured", range=[0, 1])
    figure.update_yaxes(title="share of the arm")
    return sized(figure, 240)


def _pale(colour: str) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},.15)"
