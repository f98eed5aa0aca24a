"""Waterfall of one patient: from the average benefit to theirs by the strongest pathways."""

from __future__ import annotations

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from pathgnn.cohort.pseudonym import pseudonym
from pathgnn.errors import ConfigError
from pathgnn.export.figure_style import LESS, MORE, NEUTRAL, STYLE, cut
from pathgnn.export.results import Results
from pathgnn.export.waterfall import (
    CLINICAL,
    OTHERS,
    REST,
    SHRUNK,
    remainder,
    steps_of,
    strongest,
)


def patient_figure(results: Results, patient: int | None = None) -> Figure:
    """From the average benefit to that of one patient, by the strongest pathways.

    Args:
        results: What a run found out.
        patient: Place in the cohort, named by pseudonym; None: the one with the highest prediction.

    Raises:
        ConfigError: the cohort has no such patient.
    """
    n = len(results.benefit.score)
    if patient is None:
        patient = int(np.argmax(results.benefit.score))
    if not 0 <= patient < n:
        raise ConfigError(f"no patient {patient}; the cohort has the places 0 to {n - 1}")
    steps = steps_of(results)
    shown = strongest(steps, patient)
    names = results.fitted.recipe.graph.pathways
    parts = [(names[p], value) for p, value in shown]
    last = remainder(steps, patient, shown)
    parts += [(n, v) for n, v in zip((OTHERS, CLINICAL, REST, SHRUNK), last, strict=True) if v]
    with rc_context(dict(STYLE)):
        return _drawn(results, patient, steps.average, parts)


def _drawn(
    results: Results, patient: int, average: float, parts: list[tuple[str, float]]
) -> Figure:
    benefit = results.benefit
    value = np.array([v for _, v in parts])
    start = average + np.concatenate([[0.0], np.cumsum(value)[:-1]])
    end = len(parts) + 1
    figure = Figure(figsize=(6.5, 0.9 + 0.27 * (end + 1)), layout="constrained")
    axes = figure.add_subplot()
    axes.barh([0, end], [average, benefit.benefit[patient]], color=NEUTRAL, height=0.6)
    colour = np.where(value > 0, MORE, LESS).tolist()
    axes.barh(range(1, end), value, left=start, color=colour, height=0.6)
    low, high = benefit.low[patient], benefit.high[patient]
    axes.plot([low, high], [end, end], color="black", lw=1.2, marker="|", markersize=8)
    for i, (left, size) in enumerate(zip(start, value, strict=True), start=1):
        axes.annotate(
            f"{size:+.2g}",
            (max(left, left + size), i),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            fontsize=7,
        )
    axes.axvline(0, color="black", lw=0.6)
    names = ["average benefit", *(cut(n) for n, _ in parts), f"benefit of {pseudonym(patient)}"]
    axes.set_yticks(range(end + 1), names)
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.spines[["top", "right"]].set_visible(False)
    said = f"predicted benefit: {cut(benefit.estimand.unit, 50)} (line: 95 % interval)"
    figure.supxlabel(said, fontsize=9)
    return figure
