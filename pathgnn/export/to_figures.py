"""Figures in matplotlib, in a table: cascade, heat map, TOC, calibration, pathways and more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.colors import CenteredNorm
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle

from pathgnn.attribute.attribution import Cascade
from pathgnn.export.figure_style import MODALITY_COLOURS, STYLE
from pathgnn.export.results import Results
from pathgnn.export.to_flow_figure import flow_figure
from pathgnn.export.to_over_time import over_time_figure
from pathgnn.export.to_patient_figure import patient_figure
from pathgnn.export.to_subgroup_figure import subgroup_figure
from pathgnn.files import whole_file

COLOURS = "RdBu_r"
PATHWAYS_SHOWN = 12


def cascade_figure(results: Results, number: int = 0) -> Figure:
    """One cascade from receptor to effectors: colour is the signed score, bars the omics' shares,
    width how often an edge comes back, arrow or bar end its sign."""
    with rc_context(dict(STYLE)):
        found = results.explanation.cascades
        if number >= len(found):
            figure = Figure(figsize=(7, 1.2))
            figure.text(0.5, 0.5, "No stable cascade: none came back often enough.", ha="center")
            return figure
        cascade = found[number]
        depth, width = max(cascade.order) + 1, _widest(cascade)
        figure = Figure(figsize=(max(6.0, 1.5 * depth), 1.2 + 0.9 * width), layout="constrained")
        axes = figure.add_subplot()
        place = _places(cascade)
        for edge, frequency in zip(cascade.edges, cascade.frequency, strict=True):
            _draw_edge(axes, place, edge, frequency)
        norm = CenteredNorm(0, halfrange=1)
        shares = _modality_shares(results, cascade)
        for i, gene in enumerate(cascade.genes):
            colour = figure_colour(cascade.score[i] * cascade.direction[i], norm)
            _draw_gene(axes, place[gene], (gene, cascade.compartment[i]), colour, shares[i])
        _finish_cascade(axes, results, cascade, (depth, width))
        return figure


def heatmap_figure(results: Results) -> Figure:
    """Strongest pathways x patients ordered by predicted benefit."""
    with rc_context(dict(STYLE)):
        names, values = pathway_matrix(results)
        figure = Figure(figsize=(8, 0.6 + 0.28 * len(names)), layout="constrained")
        axes = figure.add_subplot()
        limit = float(np.quantile(np.abs(values), 0.99)) or 1.0
        image = axes.imshow(values, aspect="auto", cmap=COLOURS, vmin=-limit, vmax=limit)
        axes.set_yticks(range(len(names)), names)
        axes.set_xlabel("patients, by predicted benefit →")
        axes.set_xticks([])
        figure.colorbar(image, ax=axes, label="attribution of benefit")
        return figure


def toc_figure(results: Results) -> Figure:
    """Extra gain of treating only the top share of patients, with its 95 % band."""
    with rc_context(dict(STYLE)):
        toc = results.benefit.toc
        figure = Figure(figsize=(4.5, 3.2), layout="constrained")
        axes = figure.add_subplot()
        axes.fill_between(
            toc.share, toc.value - 1.96 * toc.se, toc.value + 1.96 * toc.se, alpha=0.25
        )
        axes.plot(toc.share, toc.value)
        axes.axhline(0, color="grey", lw=0.8)
        axes.set_xlabel("share treated, highest predicted benefit first")
        axes.set_ylabel("gain above treating all")
        return figure


def calibration_figure(results: Results) -> Figure:
    """Observed mean gain by fifth of predicted benefit, with 95 % intervals."""
    with rc_context(dict(STYLE)):
        predicted = np.array([x for x, _ in results.benefit.groups])
        observed = [e for _, e in results.benefit.groups]
        mean = np.array([e.value for e in observed])
        figure = Figure(figsize=(4.5, 3.2), layout="constrained")
        axes = figure.add_subplot()
        axes.errorbar(predicted, mean, yerr=[1.96 * e.se for e in observed], fmt="o", capsize=3)
        ends = np.array([min(predicted.min(), mean.min()), max(predicted.max(), mean.max())])
        axes.plot(ends, ends, color="grey", lw=0.8)
        axes.set_xlabel(f"predicted {results.benefit.estimand.unit}")
        axes.set_ylabel("observed")
        return figure


def pathways_figure(results: Results) -> Figure:
    """Every pathway: what it says about prognosis against what it says about benefit."""
    with rc_context(dict(STYLE)):
        names, prognostic, predictive, q = pathway_points(results)
        figure = Figure(figsize=(4.5, 3.2), layout="constrained")
        axes = figure.add_subplot()
        axes.scatter(prognostic, predictive, c=np.where(q < 0.05, "#b2182b", "#999999"))
        for i in np.argsort(-(predictive + prognostic))[:5]:
            axes.annotate(names[i], (prognostic[i], predictive[i]), fontsize=7)
        axes.set_xlabel("prognostic: mean |attribution| without treatment")
        axes.set_ylabel("predictive: mean |attribution| of benefit")
        return figure


FIGURES: Mapping[str, Callable[[Results], Figure]] = MappingProxyType(
    {
        "cascade": cascade_figure,
        "pathways_by_patient": heatmap_figure,
        "toc": toc_figure,
        "calibration": calibration_figure,
        "prognostic_predictive": pathways_figure,
        "patient_waterfall": patient_figure,
        "flow": flow_figure,
        "subgroups": subgroup_figure,
    }
)


# Those of a survival outcome alone.
SURVIVAL_FIGURES: Mapping[str, Callable[[Results], Figure]] = MappingProxyType(
    {"over_time": over_time_figure}
)


def to_figures(results: Results, folder: Path) -> list[Path]:
    """Write every figure as svg, pdf and png."""
    written = []
    survival = SURVIVAL_FIGURES if results.fitted.over_time is not None else {}
    for name, draw in {**FIGURES, **survival}.items():
        figure = draw(results)
        for suffix in ("svg", "pdf", "png"):
            path = folder / f"{name}.{suffix}"
            with whole_file(path) as part, rc_context(dict(STYLE)):
                # Without a date the same results give the same file.
                stamp = {"Date": None} if suffix == "svg" else {"CreationDate": None}
                figure.savefig(part, dpi=150, metadata=stamp if suffix != "png" else None)
            written.append(path)
    return written


def pathway_matrix(results: Results) -> tuple[list[str], np.ndarray]:
    """Strongest pathways and their attribution, patients ordered by predicted benefit."""
    values = results.explanation.attribution.pathway.numpy()
    top = np.argsort(-np.abs(values).mean(0), kind="stable")[:PATHWAYS_SHOWN]
    order = np.argsort(results.benefit.score, kind="stable")
    return [results.fitted.recipe.graph.pathways[p] for p in top], values[order][:, top].T


def pathway_points(results: Results) -> tuple[list[str], np.ndarray, np.ndarray, np.ndarray]:
    """Per pathway: name, prognostic and predictive mean absolute attribution, q."""
    a = results.explanation.attribution
    prognostic = a.prognostic_pathway.abs().mean(0).numpy()
    predictive = a.pathway.abs().mean(0).numpy()
    return list(a.pathways), prognostic, predictive, results.explanation.pathway.q


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
    edge: tuple[str, str, int],
    frequency: float,
) -> None:
    source, target, sign = edge
    straight = place[target][0] - place[source][0] <= 1
    axes.add_patch(
        FancyArrowPatch(
            place[source],
            place[target],
            arrowstyle="-|>" if sign >= 0 else "|-|,widthA=0,widthB=5",
            connectionstyle="arc3" if straight else "arc3,rad=-0.3",
            mutation_scale=12 if sign >= 0 else 1,
            shrinkA=28,
            shrinkB=30,
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
) -> None:
    x, y = at
    box = FancyBboxPatch(
        (x - 0.3, y - 0.18), 0.6, 0.36, boxstyle="round,pad=0.02", fc=colour, ec="#222222", zorder=2
    )
    axes.add_patch(box)
    dark = sum(colour[:3]) < 1.4
    axes.text(
        x,
        y + 0.05,
        label[0],
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
    evidence = f"p = {cascade.p:.3g}, edges in {cascade.stability:.0%} of the networks"
    axes.set_title(f"{cascade.pathway}: {evidence}", fontsize=9)
    for i, modality in enumerate(results.explanation.attribution.modalities):
        axes.plot([], [], "s", color=MODALITY_COLOURS[i % len(MODALITY_COLOURS)], label=modality)
    axes.legend(loc="lower right", ncols=5, fontsize=6, frameon=False)
