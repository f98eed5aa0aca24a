"""Flow of attribution drawn as bands: omics, genes, pathways, benefit."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from pathgnn.export.figure_style import LESS, MODALITY_COLOURS, MORE, NEUTRAL, STYLE, cut
from pathgnn.export.flow import Flow, flow_of
from pathgnn.export.results import Results

# Between two boxes of a column, so that labels of thin ones do not touch.
GAP = 0.036
WIDTH, LONGEST = 0.035, 24
COLUMNS = (0.0, 1.0, 2.0, 3.0)


def flow_figure(results: Results) -> Figure:
    """Band width is mean absolute attribution; red and blue, what more of a gene does."""
    flow = flow_of(results)
    with rc_context(dict(STYLE)):
        figure = Figure(figsize=(8, 5), layout="constrained")
        axes = figure.add_subplot()
        _draw(axes, flow)
        axes.set_xlim(-0.05, 3.35)
        axes.set_ylim(1.02, -0.06)
        axes.axis("off")
        for x, name in zip(COLUMNS, ("omic", "gene", "pathway", "benefit"), strict=True):
            axes.text(x, -0.035, name, fontsize=9, weight="bold")
        for colour, words in ((MORE, "more benefit"), (LESS, "less benefit")):
            axes.plot([], [], "s", color=colour, alpha=0.5, label=f"more of the gene: {words}")
        axes.legend(loc="lower right", fontsize=7, frameon=False)
        return figure


def _draw(axes: Axes, flow: Flow) -> None:
    to_benefit = flow.to_pathway.sum(0)[:, None]
    sizes = (flow.to_gene.sum(1), flow.to_gene.sum(0), to_benefit[:, 0], to_benefit.sum(0))
    whole = float(to_benefit.sum()) or 1.0
    scale = (1 - GAP * (max(len(s) for s in sizes) - 1)) / whole
    tops = [_tops(size * scale) for size in sizes]
    omic = [MODALITY_COLOURS[m % len(MODALITY_COLOURS)] for m in range(len(flow.modalities))]
    gene = [{1: MORE, -1: LESS, 0: NEUTRAL}[int(d)] for d in flow.direction]
    bands = (
        (flow.to_gene, [[c] * len(gene) for c in omic]),
        (flow.to_pathway, [[c] * len(to_benefit) for c in gene]),
        (to_benefit, [[NEUTRAL]] * len(to_benefit)),
    )
    for i, (amount, colours) in enumerate(bands):
        _bands(axes, COLUMNS[i], amount * scale, (tops[i], tops[i + 1]), colours)
    grey = [NEUTRAL] * (len(gene) + len(to_benefit) + 1)
    names = (flow.modalities, flow.genes, flow.pathways, ("",))
    fills = iter([*omic, *grey])
    for x, top, size, labels in zip(COLUMNS, tops, sizes, names, strict=True):
        for y, height, name in zip(top, size * scale, labels, strict=True):
            fill = next(fills)
            if height <= 0:
                continue
            axes.add_patch(Rectangle((x, y), WIDTH, height, fc=fill, ec="none", zorder=3))
            at = (x + WIDTH + 0.015, y + height / 2)
            axes.text(*at, cut(name, LONGEST), fontsize=7, va="center", zorder=4)


def _tops(size: Float[np.ndarray, " box"]) -> Float[np.ndarray, " box"]:
    """Upper ends of boxes that stand under each other; empty boxes take no room."""
    step = np.where(size > 0, size + GAP, 0)
    return np.concatenate([[0.0], np.cumsum(step)[:-1]])


def _bands(
    axes: Axes,
    x: float,
    amount: Float[np.ndarray, "source target"],
    tops: tuple[Float[np.ndarray, " source"], Float[np.ndarray, " target"]],
    colours: list[list[str]],
) -> None:
    left, right = x + WIDTH, x + 1
    leave, arrive = tops[0].copy(), tops[1].copy()
    for s, t in np.argwhere(amount > 0):
        height = amount[s, t]
        axes.add_patch(
            PathPatch(
                _band((left, right), (leave[s], arrive[t]), height),
                fc=colours[s][t],
                alpha=0.35,
                ec="none",
            )
        )
        leave[s] += height
        arrive[t] += height


def _band(x: tuple[float, float], y: tuple[float, float], height: float) -> Path:
    """A band of one height that bends from the left to the right."""
    (left, right), (start, end) = x, y
    middle = (left + right) / 2
    points = [(left, start), (middle, start), (middle, end), (right, end), (right, end + height)]
    points += [(middle, end + height), (middle, start + height), (left, start + height)]
    codes = [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3, Path.CLOSEPOLY]
    return Path([*points, (left, start)], codes)
