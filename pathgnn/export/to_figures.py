"""Figures in matplotlib, in a table: cascade, heat map, TOC, calibration, pathways and more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product
from pathlib import Path
from types import MappingProxyType

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pathgnn.export.figure_style import STYLE, cut
from pathgnn.export.results import Results
from pathgnn.export.to_cascade_figure import COLOURS, cascade_figure
from pathgnn.export.to_flow_figure import flow_figure
from pathgnn.export.to_over_time import over_time_figure
from pathgnn.export.to_patient_figure import patient_figure
from pathgnn.export.to_subgroup_figure import subgroup_figure
from pathgnn.files import whole_file

PATHWAYS_SHOWN = 12
# Pathways named in the plot of prognostic against predictive, and how far, in points, above them.
NAMED, UP = 5, (0, 9, -9, 18, -18)
# Pixels between a name and what it must not touch.
APART = 2.0


def heatmap_figure(results: Results) -> Figure:
    """Strongest pathways x patients ordered by predicted benefit."""
    with rc_context(dict(STYLE)):
        names, values = pathway_matrix(results)
        # The colour bar needs some height for its name.
        high = max(2.0, 0.6 + 0.28 * len(names))
        figure = Figure(figsize=(8, high), layout="constrained")
        axes = figure.add_subplot()
        limit = float(np.quantile(np.abs(values), 0.99)) or 1.0
        image = axes.imshow(values, aspect="auto", cmap=COLOURS, vmin=-limit, vmax=limit)
        axes.set_yticks(range(len(names)), [cut(name) for name in names])
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
        unit = cut(results.benefit.estimand.unit, 50)
        figure = Figure(figsize=(4.5, 3.2), layout="constrained")
        axes = figure.add_subplot()
        axes.scatter(prognostic, predictive, c=np.where(q < 0.05, "#b2182b", "#999999"))
        axes.set_xlabel(
            f"prognostic: mean |attribution| without treatment\n({results.outcome_unit})"
        )
        axes.set_ylabel(f"predictive: mean |attribution| of benefit\n({unit})")
        figure.draw_without_rendering()
        # Shares, as the two have units of their own.
        share = sum(x / max(x.sum(), 1e-12) for x in (prognostic, predictive))
        for i in np.argsort(-share, kind="stable")[:NAMED]:
            _name_point(axes, cut(names[i]), (float(prognostic[i]), float(predictive[i])))
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


def _name_point(axes: Axes, name: str, at: tuple[float, float]) -> None:
    """A name beside its point, inside the frame, apart from names and points; else none."""
    frame = axes.get_window_extent()
    taken = [text.get_window_extent().padded(APART) for text in axes.texts]
    points = axes.transData.transform(np.ma.getdata(axes.collections[0].get_offsets()))
    for up, aligned in product(UP, ("left", "right", "center")):
        away = {"left": 5, "right": -5, "center": 0}[aligned]
        text = axes.annotate(name, at, (away, up), textcoords="offset points", fontsize=7)
        text.set(ha=aligned, va="center")
        box = text.get_window_extent()
        inside = frame.containsx(box.x0) and frame.containsx(box.x1)
        inside &= frame.containsy(box.y0) and frame.containsy(box.y1)
        covered = any(box.padded(APART).contains(x, y) for x, y in points)
        if inside and not covered and not any(box.overlaps(other) for other in taken):
            return
        text.remove()


def pathway_points(results: Results) -> tuple[list[str], np.ndarray, np.ndarray, np.ndarray]:
    """Per pathway: name, prognostic and predictive mean absolute attribution, q."""
    a = results.explanation.attribution
    prognostic = a.prognostic_pathway.abs().mean(0).numpy()
    predictive = a.pathway.abs().mean(0).numpy()
    return list(a.pathways), prognostic, predictive, results.explanation.pathway.q
