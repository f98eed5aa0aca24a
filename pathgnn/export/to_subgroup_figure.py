"""Forest plot: the effect with its interval in every subgroup that is large enough to show."""

from __future__ import annotations

from matplotlib import rc_context
from matplotlib.figure import Figure

from pathgnn.export.figure_style import NEUTRAL, STYLE, cut
from pathgnn.export.forest import rows_of
from pathgnn.export.results import Results

COLOUR = "#0072b2"


def subgroup_figure(results: Results) -> Figure:
    """The average alone where no subgroup was asked for."""
    rows = rows_of(results)
    with rc_context(dict(STYLE)):
        figure = Figure(figsize=(6.5, 1.0 + 0.27 * len(rows)), layout="constrained")
        axes = figure.add_subplot()
        place = list(range(len(rows)))
        value = [row.value for row in rows]
        error = [[row.value - row.low for row in rows], [row.high - row.value for row in rows]]
        axes.axvline(0, color="black", lw=0.8)
        axes.axvline(results.benefit.average.value, color=NEUTRAL, lw=0.8, ls="--")
        axes.errorbar(value, place, xerr=error, fmt="s", color=COLOUR, capsize=2, markersize=5)
        axes.set_yticks(place, [cut(row.name) for row in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        right = axes.secondary_yaxis("right")
        right.set_yticks(place, [f"n = {row.n}" for row in rows])
        right.tick_params(length=0)
        for side in (axes, right):
            side.spines[["top", "right"]].set_visible(False)
        axes.locator_params(axis="x", nbins=6)
        unit = cut(results.benefit.estimand.unit, 50)
        figure.supxlabel(f"effect: {unit} (95 %; dashed: the average)", fontsize=9)
        return figure
