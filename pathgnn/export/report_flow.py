"""Plots of the report that name genes, pathways and subgroups: the flow and the forest."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from pathgnn.export.figure_style import MODALITY_COLOURS
from pathgnn.export.flow import Flow, flow_of
from pathgnn.export.forest import Row, rows_of
from pathgnn.export.page import escaped, label, sized
from pathgnn.export.results import Results

MORE, LESS, NEITHER = "178,24,43", "33,102,172", "120,120,120"


def flow_plot(results: Results) -> go.Figure:
    """Omics, genes, pathways, benefit; red where more of a gene goes with more benefit."""
    flow = flow_of(results)
    names = [*flow.modalities, *flow.genes, *flow.pathways, "benefit"]
    source, target, value, colour = _links(flow)
    grey = ["#999999"] * (len(flow.genes) + len(flow.pathways) + 1)
    figure = go.Figure(
        go.Sankey(
            node={
                "label": [label(n) for n in names],
                "customdata": [escaped(n) for n in names],
                "color": [*_fills(len(flow.modalities)), *grey],
                "pad": 12,
                "thickness": 14,
                "hovertemplate": "%{customdata}: %{value:.3g}<extra></extra>",
            },
            link={
                "source": source,
                "target": target,
                "value": value,
                "color": colour,
                "hovertemplate": "%{source.customdata} → %{target.customdata}: %{value:.3g}"
                "<extra></extra>",
            },
        )
    )
    return sized(figure, 560)


def forest_plot(results: Results) -> go.Figure:
    """Effect with interval in every subgroup level that is large enough to show."""
    rows = rows_of(results)
    place = list(range(len(rows)))
    average = results.benefit.average.value
    figure = go.Figure(_forest_marks(rows, place))
    figure.add_vline(0, line_width=1, line_color="#222222")
    figure.add_vline(average, line_width=1, line_dash="dash", line_color="#666666")
    figure.update_yaxes(
        tickvals=place,
        ticktext=[label(row.name) for row in rows],
        range=[len(rows) - 0.4, -0.6],
        automargin=True,
        zeroline=False,
    )
    unit = escaped(results.benefit.estimand.unit)
    figure.update_xaxes(title=f"effect: {unit}", zeroline=False)
    return sized(figure, 90 + 26 * len(rows))


def _forest_marks(rows: list[Row], place: list[int]) -> go.Scatter:
    return go.Scatter(
        x=[row.value for row in rows],
        y=place,
        error_x={
            "array": [row.high - row.value for row in rows],
            "arrayminus": [row.value - row.low for row in rows],
            "color": "#0072b2",
        },
        customdata=[[escaped(row.name), row.n] for row in rows],
        hovertemplate="%{customdata[0]}: %{x:.3g}, %{customdata[1]} patients<extra></extra>",
        mode="markers",
        marker={"color": "#0072b2", "size": 9, "symbol": "square"},
    )


def _fills(n: int) -> list[str]:
    return [MODALITY_COLOURS[m % len(MODALITY_COLOURS)] for m in range(n)]


def _links(flow: Flow) -> tuple[list[int], list[int], list[float], list[str]]:
    """Source, target, size and colour of every link that carries something."""
    n_modalities, n_genes = flow.to_gene.shape
    first_pathway = n_modalities + n_genes
    end = first_pathway + len(flow.pathways)
    shade = {1: MORE, -1: LESS, 0: NEITHER}
    links = [
        (int(m), n_modalities + int(g), flow.to_gene[m, g], NEITHER)
        for m, g in np.argwhere(flow.to_gene > 0)
    ]
    links += [
        (
            n_modalities + int(g),
            first_pathway + int(p),
            flow.to_pathway[g, p],
            shade[int(flow.direction[g])],
        )
        for g, p in np.argwhere(flow.to_pathway > 0)
    ]
    whole = flow.to_pathway.sum(0)
    links += [(first_pathway + int(p), end, whole[p], NEITHER) for p in np.flatnonzero(whole > 0)]
    return (
        [a for a, _, _, _ in links],
        [b for _, b, _, _ in links],
        [float(f"{v:.4g}") for _, _, v, _ in links],
        [f"rgba({c},0.35)" for _, _, _, c in links],
    )
