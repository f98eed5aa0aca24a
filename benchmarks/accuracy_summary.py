"""Table and goals of the accuracy benchmark, from its rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from record import bar

OURS, NETWORK = "pathgnn, stacked", "network"
COX_GENES, COX_CLINICAL = "ridge Cox, untuned, genes only", "ridge Cox, tuned, with clinical"
RIDGE = "ridge, tuned, with clinical"
REWIRED, BARE = "network, rewired graph", "network, no edges"
SHARE = "network share"
GOAL, LEAST_AHEAD, MOST_BEHIND = 0.66, 6, 0.02

Rows = list[dict[str, Any]]


def print_table(rows: Rows) -> None:
    """Models down, tasks across, a table per group."""
    for group, table in tables(rows).items():
        print(f"\n{group}")
        print(table.round(3).to_string())


def tables(rows: Rows) -> dict[str, pd.DataFrame]:
    """Group -> value of each model in each task, and the mean over tasks."""
    frame = pd.DataFrame([row for row in rows if row["model"] != SHARE])
    out = {}
    for group, part in frame.groupby("group", sort=False):
        table = part.pivot_table(index="model", columns="task", values="value", sort=False)
        out[str(group)] = table.assign(mean=table.mean(axis=1)).sort_values("mean", ascending=False)
    return out


def bars_of(rows: Rows) -> list[dict[str, Any]]:
    """The goals, and what the graph does, with an interval over tasks."""
    out = []
    for group, table in tables(rows).items():
        peer = COX_CLINICAL if group == "tcga" else RIDGE
        if OURS not in table.index or peer not in table.index:
            continue
        tasks = table.drop(columns="mean")
        gain = tasks.loc[OURS] - tasks.loc[peer]
        ahead, worst = int((gain >= 0).sum()), float(gain.min())
        mean = float(table.loc[OURS, "mean"])
        least = int(np.ceil(LEAST_AHEAD / 8 * len(gain)))
        if group == "tcga":
            out.append(bar("tcga: mean C, stacked", mean, f">= {GOAL}", mean >= GOAL))
        out += [
            bar(f"{group}: tasks at least as good as {peer}", ahead, f">= {least}", ahead >= least),
            bar(
                f"{group}: worst difference to {peer}",
                worst,
                f">= -{MOST_BEHIND}",
                worst >= -MOST_BEHIND,
            ),
        ]
        for control in (REWIRED, BARE):
            if control in tasks.index:
                out.append(_graph_bar(group, tasks, control))
    return out


def _graph_bar(group: str, tasks: pd.DataFrame, control: str) -> dict[str, Any]:
    gain = (tasks.loc[NETWORK] - tasks.loc[control]).dropna()
    mean, se = float(gain.mean()), float(gain.std() / max(len(gain), 1) ** 0.5)
    name = f"{group}: what the graph adds, against {control}"
    return bar(
        name, mean, "> 0", bool(mean - 1.96 * se > 0), low=mean - 1.96 * se, high=mean + 1.96 * se
    )
