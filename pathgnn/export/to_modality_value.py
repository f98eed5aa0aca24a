"""What omics are worth: tables of subsets and of shares, and one picture per metric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pathgnn.benefit.shapley import Coalition
from pathgnn.export.dictionary import write_described
from pathgnn.files import whole_folder
from pathgnn.train.modality_value import Worth

# Colour-blind safe: grey, the chosen one in orange, the best in blue.
PLAIN, CHOSEN, BEST = "#888888", "#d55e00", "#0072b2"
MOST_SHOWN = 32
SUBSETS = "subsets.csv"


def subsets_table(worth: Sequence[Worth], cost: Mapping[str, float]) -> pd.DataFrame:
    """One row per metric and subset, the cheapest first."""
    rows = []
    for one in worth:
        for subset in _in_order(one, cost):
            rows.append(
                {"metric": one.metric}
                | {player: player in subset for player in one.share}
                | {
                    "cost": sum(cost[p] for p in subset),
                    "value": one.value[subset],
                    "se": one.se[subset],
                    "best": subset == one.cheapest.best,
                    "chosen": subset == one.cheapest.chosen,
                }
            )
    return pd.DataFrame(rows)


def shares_table(worth: Sequence[Worth]) -> pd.DataFrame:
    """One row per metric and omic: its Shapley value with a 95 % interval."""
    return pd.DataFrame(
        [
            {"metric": one.metric, "omic": player, "share": value, "low": low, "high": high}
            for one in worth
            for player, (value, low, high) in one.share.items()
        ]
    )


def in_words(one: Worth) -> str:
    """What to measure, in a sentence."""
    chosen, best = (_name(c) for c in (one.cheapest.chosen, one.cheapest.best))
    if not one.cheapest.chosen:
        return f"{one.metric}: none; no subset is a standard error better than measuring nothing."
    said = f"{one.metric}: {chosen} is the cheapest within a standard error of the best"
    return f"{said} ({best})." if chosen != best else f"{one.metric}: {best}, nothing less."


def write_value(worth: Sequence[Worth], cost: Mapping[str, float], folder: Path) -> None:
    """Tables and pictures, the whole folder or nothing."""
    with whole_folder(folder, SUBSETS) as part:
        tables = {"subsets": subsets_table(worth, cost), "shares": shares_table(worth)}
        write_described(tables, "", part, "modalities")
        for i, one in enumerate(worth):
            modality_figure(one, cost).savefig(part / f"value_{i + 1}.png", dpi=150)
            modality_figure(one, cost).savefig(part / f"value_{i + 1}.svg")


def modality_figure(one: Worth, cost: Mapping[str, float]) -> Figure:
    """Values of the subsets from cheap to dear, what is in each, and the omics' shares."""
    subsets = _shown(one, cost)
    players = list(one.share)
    height = 2.6 + 0.28 * len(players)
    figure = Figure(figsize=(4.4 + 0.24 * len(subsets), height), layout="constrained")
    grid = figure.add_gridspec(
        2,
        2,
        width_ratios=[max(2.0, 0.24 * len(subsets)), 1.6],
        height_ratios=[2.2, 0.28 * len(players) + 0.2],
    )
    top = figure.add_subplot(grid[0, 0])
    below = figure.add_subplot(grid[1, 0], sharex=top)
    _draw_values(top, one, subsets)
    _draw_members(below, subsets, players)
    _draw_shares(figure.add_subplot(grid[:, 1]), one, players)
    return figure


def _draw_values(axes: Axes, one: Worth, subsets: list[Coalition]) -> None:
    for x, subset in enumerate(subsets):
        colour = PLAIN if subset != one.cheapest.best else BEST
        colour = CHOSEN if subset == one.cheapest.chosen else colour
        axes.errorbar(x, one.value[subset], one.se[subset], fmt="o", color=colour, ms=5)
    handles = [axes.plot([], [], "o", color=c)[0] for c in (BEST, CHOSEN)]
    labels = ["best", "cheapest within 1 SE"]
    axes.legend(handles, labels, frameon=False, fontsize=7, loc="lower right")
    axes.set_ylabel(one.metric)
    axes.tick_params(labelbottom=False, bottom=False)


def _draw_members(axes: Axes, subsets: list[Coalition], players: list[str]) -> None:
    for y, player in enumerate(players):
        has = np.array([player in subset for subset in subsets])
        places = np.arange(len(subsets))
        axes.plot(places[~has], np.full((~has).sum(), y), "o", color="#dddddd", ms=4)
        axes.plot(places[has], np.full(has.sum(), y), "o", color="black", ms=5)
    axes.set_yticks(range(len(players)), players)
    axes.set_ylim(len(players) - 0.5, -0.5)
    axes.set_xlabel("subsets, from cheap to dear")
    axes.set_xticks([])


def _draw_shares(axes: Axes, one: Worth, players: list[str]) -> None:
    share = np.array([one.share[p] for p in players])
    error = np.abs(share[:, 1:] - share[:, :1]).T
    axes.barh(range(len(players)), share[:, 0], xerr=error, color=PLAIN, height=0.6, capsize=2)
    axes.axvline(0, color="black", lw=0.8)
    axes.set_yticks(range(len(players)), players)
    axes.invert_yaxis()
    axes.set_xlabel("Shapley value (95 %)")


def _shown(one: Worth, cost: Mapping[str, float]) -> list[Coalition]:
    """All subsets from cheap to dear; of many, those of highest value, the chosen and none."""
    ranked = sorted(one.value, key=lambda c: -one.value[c])
    kept = {frozenset[str](), one.cheapest.best, one.cheapest.chosen, *ranked[: MOST_SHOWN - 3]}
    return [subset for subset in _in_order(one, cost) if subset in kept]


def _in_order(one: Worth, cost: Mapping[str, float]) -> list[Coalition]:
    return sorted(one.value, key=lambda c: (sum(cost[p] for p in c), -one.value[c]))


def _name(subset: Coalition) -> str:
    return " + ".join(sorted(subset)) or "nothing"
