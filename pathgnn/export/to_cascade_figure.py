"""The cascade as a figure for a paper: boxes from receptor to effectors, edges with their signs."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.colors import CenteredNorm
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle

from pathgnn.attribute.attribution import Cascade
from pathgnn.export.figure_style import MODALITY_COLOURS, STYLE, cut
from pathgnn.export.report_words import p_said
from pathgnn.export.results import Results

COLOURS = "RdBu_r"
# Letters of a gene's name that its box has room for.
LONGEST = 11
# Of an edge by its sign: the end, and what its size is multiplied by.
ENDS = MappingProxyType({1: ("-|>", 14.0), -1: ("|-|,widthA=0,widthB=7", 1.0), 0: ("-", 1.0)})


def cascade_figure(results: Results, number: int = 0) -> Figure:
    """One cascade from receptor to effectors: colour is the signed score, bars the omics' shares,
    width how often an edge comes back. Arrow: activates; bar: inhibits; neither: sign unknown."""
    with rc_context(dict(STYLE)):
        found = results.explanation.cascades
        if number >= len(found):
            figure = Figure(figsize=(7, 1.2))
            why = results.explanation.no_cascade or "there are fewer"
            figure.text(0.5, 0.5, f"No cascade is drawn: {why}.", ha="center", wrap=True)
            return figure
        cascade = found[number]
        depth, width = max(cascade.order) + 1, _widest(cascade)
        figure = Figure(figsize=(max(6.0, 1.5 * depth), 1.2 + 0.9 * width), layout="constrained")
        axes = figure.add_subplot()
        place = _places(cascade)
        norm = CenteredNorm(0, halfrange=1)
        shares = _modality_shares(results, cascade)
        boxes = {}
        for i, gene in enumerate(cascade.genes):
            colour = figure_colour(cascade.score[i] * cascade.direction[i], norm)
            label = (gene, cascade.compartment[i])
            boxes[gene] = _draw_gene(axes, place[gene], label, colour, shares[i])
        for edge, frequency in zip(cascade.edges, cascade.frequency, strict=True):
            _draw_edge(axes, place, boxes, edge, frequency)
        _finish_cascade(axes, results, cascade, (depth, width))
        return figure


def figure_colour(value: float, norm: CenteredNorm) -> tuple[float, float, float, float]:
    """Colour of a signed score between -1 and 1, on a map that is white at 0."""
    from matplotlib import colormaps

    red, green, blue, alpha = colormaps[COLOURS](norm(value))
    return float(red), float(green), float(blue), float(alpha)


def _widest(cascade: Cascade) -> int:
    return int(np.bincount(cascade.order).max())


def _places(cascade: Cascade) -> dict[str, tuple[float, float]]:
    """Order from left to right; genes of the same order spread evenly up and down."""
    out: dict[str, tuple[float, float]] = {}
    for level in range(max(cascade.order) + 1):
        row = [g for g, o in zip(cascade.genes, cascade.order, strict=True) if o == level]
        for i, gene in enumerate(row):
            out[gene] = (float(level), float(i - (len(row) - 1) / 2))
    return out


def _draw_edge(
    axes: Axes,
    place: dict[str, tuple[float, float]],
    boxes: dict[str, FancyBboxPatch],
    edge: tuple[str, str, int],
    frequency: float,
) -> None:
    """From box to box: clipped at both, so that its end is seen whatever the figure's size."""
    source, target, sign = edge
    straight = place[target][0] - place[source][0] <= 1
    style, scale = ENDS[sign]
    axes.add_patch(
        FancyArrowPatch(
            place[source],
            place[target],
            patchA=boxes[source],
            patchB=boxes[target],
            arrowstyle=style,
            connectionstyle="arc3" if straight else "arc3,rad=-0.3",
            mutation_scale=scale,
            shrinkA=1,
            shrinkB=3,
            lw=0.8 + 2.2 * frequency,
            color="#444444",
            zorder=1,
        )
    )


def _draw_gene(
    axes: Axes,
    at: tuple[float, float],
    label: tuple[str, str],
    colour: tuple[float, float, float, float],
    shares: np.ndarray,
) -> FancyBboxPatch:
    x, y = at
    box = FancyBboxPatch(
        (x - 0.3, y - 0.18), 0.6, 0.36, boxstyle="round,pad=0.02", fc=colour, ec="#222222", zorder=2
    )
    axes.add_patch(box)
    dark = sum(colour[:3]) < 1.4
    axes.text(
        x,
        y + 0.05,
        cut(label[0], LONGEST),
        ha="center",
        va="center",
        fontsize=8,
        zorder=3,
        color="w" if dark else "k",
    )
    axes.text(x, y + 0.3, label[1], ha="center", va="center", fontsize=6, color="#666666")
    start = x - 0.26
    for share, fill in zip(shares, MODALITY_COLOURS, strict=False):
        axes.add_patch(Rectangle((start, y - 0.14), 0.52 * share, 0.06, fc=fill, zorder=3))
        start += 0.52 * share
    return box


def _modality_shares(results: Results, cascade: Cascade) -> np.ndarray:
    """Per gene of the cascade, the share of its mean absolute attribution from each omic."""
    a = results.explanation.attribution
    at = [a.genes.index(g) for g in cascade.genes]
    part = a.score[:, at].abs().mean(0).numpy()
    return np.asarray(part / part.sum(1, keepdims=True).clip(1e-12))


def _finish_cascade(axes: Axes, results: Results, cascade: Cascade, size: tuple[int, int]) -> None:
    depth, width = size
    axes.set_xlim(-0.6, depth - 0.4)
    axes.set_ylim(-width / 2 - 0.35, width / 2 + 0.3)
    axes.axis("off")
    evidence = f"{p_said(cascade.p)}, edges in {cascade.stability:.0%} of the networks"
    axes.set_title(f"{cut(cascade.pathway or 'no named pathway')}: {evidence}", fontsize=9)
    for i, modality in enumerate(results.explanation.attribution.modalities):
        axes.plot([], [], "s", color=MODALITY_COLOURS[i % len(MODALITY_COLOURS)], label=modality)
    axes.legend(loc="lower right", ncols=5, fontsize=6, frameon=False)
