"""A sweep in tables and pictures: its trials, which wins, what settings matter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pathgnn.export.dictionary import write_described
from pathgnn.export.figure_style import LESS, MORE, NEUTRAL, STYLE, cut
from pathgnn.files import whole_file
from pathgnn.train.guard import Guard
from pathgnn.train.tried import Tried

# States of trials that have a risk, and how they are drawn.
DRAWN = {"complete": ("o", LESS), "given up": ("x", NEUTRAL)}
SETTINGS_SHOWN = 12
# A store of trials does not know the study's patients, and so not their unit.
UNIT = "unit of the benefit"
# Trials above this quantile of the excess are drawn at the rim.
WIDEST = 0.9


class SweepResults(NamedTuple):
    """What a sweep has found so far.

    `average` is the excess of predicting the average effect for everybody; `guard` is None before
    the study's own settings are tried.
    """

    trials: tuple[Tried, ...]
    importance: Mapping[str, float]
    objectives: tuple[str, ...]
    average: float
    guard: Guard | None


def trials_table(found: SweepResults) -> pd.DataFrame:
    """A row per trial; `excess` is its risk minus the study's own settings' on the same folds.

    `p` is the chance that the best of all trials is so far ahead when none is better.
    """
    p = found.guard.p if found.guard else {}
    names = list(dict.fromkeys(name for t in found.trials for name in t.settings))
    rows = []
    for t in found.trials:
        row: dict[str, object] = {"trial": t.number, "state": t.state}
        values = t.values or (np.nan,) * len(found.objectives)
        row |= dict(zip(found.objectives, values, strict=True))
        row |= {"excess": t.excess, "p": p.get(t.number, np.nan)}
        row |= {"folds": t.folds, "seconds": t.seconds}
        row |= {name: t.settings.get(name) for name in names}
        rows.append(row | {"error": t.error})
    return pd.DataFrame(rows)


def importance_table(found: SweepResults) -> pd.DataFrame:
    """How much of the difference between trials each setting explains, the largest first."""
    return pd.DataFrame(list(found.importance.items()), columns=["setting", "importance"])


def write_sweep(found: SweepResults, folder: Path) -> None:
    """trials.csv and history, and importance of the settings where enough trials tell of it."""
    tables = {"trials": trials_table(found)}
    if found.importance:
        tables["importance"] = importance_table(found)
    write_described(tables, UNIT, folder, "sweep")
    _save(history_figure(found), folder / "history")
    if found.importance:
        _save(importance_figure(found), folder / "importance")
    if len(found.objectives) > 1:
        _save(front_figure(found), folder / "front")


def history_figure(found: SweepResults) -> Figure:
    """Excess risk of each trial in order, the least so far, a ring around the winner.

    Below 0 a trial is better than the study's own settings, if only by chance.
    """
    figure = Figure(figsize=(5.6, 3.2), layout="constrained")
    axes = figure.add_subplot()
    known = [t for t in found.trials if t.state in DRAWN and np.isfinite(t.excess)]
    top = _rim([t.excess for t in known])
    for state, (marker, colour) in DRAWN.items():
        some = [t for t in known if t.state == state]
        y = np.minimum([t.excess for t in some], top)
        axes.plot([t.number for t in some], y, marker, color=colour, ms=4, label=state)
    done = [t for t in known if t.state == "complete"]
    if done:
        least = np.minimum.accumulate([t.excess for t in done])
        axes.step([t.number for t in done], least, where="post", color=MORE, label="least so far")
    if found.guard:
        won = found.guard.chosen
        at = [won.number], [min(won.excess, top)]
        axes.plot(*at, "o", mfc="none", mec=MORE, ms=9, label="wins")
    axes.axhline(0, color=NEUTRAL, lw=0.8, ls="--")
    if np.isfinite(found.average):
        label = "average effect for all"
        axes.axhline(min(found.average, top), color=NEUTRAL, lw=0.8, ls=":", label=label)
    axes.set_xlabel("trial")
    axes.set_ylabel("risk minus that of\nthe study's own settings")
    axes.legend(frameon=False, fontsize=7)
    return figure


def importance_figure(found: SweepResults) -> Figure:
    """Bars of the settings that trials differ by most."""
    shown = list(found.importance.items())[:SETTINGS_SHOWN][::-1]
    figure = Figure(figsize=(4.6, 0.8 + 0.24 * len(shown)), layout="constrained")
    axes = figure.add_subplot()
    axes.barh([cut(name) for name, _ in shown], [share for _, share in shown], color=LESS)
    axes.set_xlabel("share of the difference between trials")
    return figure


def front_figure(found: SweepResults) -> Figure:
    """Two objectives against each other; the trials that nothing is better than in both."""
    figure = Figure(figsize=(4.2, 3.4), layout="constrained")
    axes = figure.add_subplot()
    done = [t for t in found.trials if t.state == "complete"]
    x, y = (np.array([t.values[k] for t in done]) for k in (0, 1))
    axes.plot(x, y, "o", color=NEUTRAL, ms=4)
    _label_front(axes, found, done)
    axes.set_xlabel(found.objectives[0])
    axes.set_ylabel(found.objectives[1])
    return figure


def _label_front(axes: Axes, found: SweepResults, done: Sequence[Tried]) -> None:
    sign = np.array([1.0 if name == "risk" else -1.0 for name in found.objectives])
    cost = np.array([t.values for t in done]).reshape(len(done), -1) * sign
    for i, trial in enumerate(done):
        worse = (cost <= cost[i]).all(1) & (cost < cost[i]).any(1)
        if not worse.any():
            x, y = trial.values[:2]
            axes.plot(x, y, "o", color=MORE, ms=5)
            axes.annotate(str(trial.number), (x, y), fontsize=7)


def _rim(excess: Sequence[float]) -> float:
    """Where the axis ends: one hopeless trial must not flatten all the others."""
    return float(np.quantile(excess, WIDEST)) if excess else 0.0


def _save(figure: Figure, path: Path) -> None:
    for suffix in ("svg", "png"):
        with whole_file(path.with_suffix(f".{suffix}")) as part, rc_context(dict(STYLE)):
            stamp = {"Date": None} if suffix == "svg" else None
            figure.savefig(part, dpi=150, metadata=stamp)
