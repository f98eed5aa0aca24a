"""Average benefit by month: table and figure."""

from __future__ import annotations

import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure

from pathgnn.export.figure_style import STYLE
from pathgnn.export.results import Results

COLUMNS = ("arm", "month", "months_gained", "months_se", "survival_gained", "survival_se")
# Colour-blind safe, after Okabe and Ito.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")


def over_time(results: Results) -> pd.DataFrame:
    """One row per arm and month; empty unless the outcome is a survival time."""
    curves, rows = results.fitted.over_time, []
    if curves is not None:
        for k, benefit in enumerate(results.benefits):
            for t, month in enumerate(curves.time):
                rows.append((benefit.arm, month, *curves.months[k, t], *curves.survival[k, t]))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def over_time_figure(results: Results) -> Figure:
    """Months and survival gained by each month, with 95 % intervals, a line per arm."""
    table = over_time(results)
    with rc_context(dict(STYLE)):
        figure = Figure(figsize=(8, 3.2), layout="constrained")
        for axes, what, label in zip(
            figure.subplots(1, 2),
            ("months", "survival"),
            ("months gained by then", "probability gained then"),
            strict=True,
        ):
            for i, (arm, rows) in enumerate(table.groupby("arm", sort=False)):
                # Side by side, so that the bars of several arms do not hide each other.
                month = rows["month"] * (1 + 0.012 * i)
                colour = COLOURS[i % len(COLOURS)]
                error = 1.96 * rows[f"{what}_se"]
                axes.errorbar(
                    month, rows[f"{what}_gained"], error, color=colour, capsize=2, label=str(arm)
                )
            axes.axhline(0, color="grey", linewidth=0.8)
            axes.set_xlabel("months from time zero")
            axes.set_ylabel(label)
        if table["arm"].nunique() > 1:
            figure.axes[0].legend(frameon=False, fontsize=8)
    return figure
