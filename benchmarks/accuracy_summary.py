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
SHARE, FIRST = "network share", "network, one member"
GOAL, LEAST_AHEAD, MOST_BEHIND = 0.66, 6, 0.02

Rows = list[dict[str, Any]]


def print_table(rows: Rows) -> None:
    """Models down, tasks across, a table per group."""
    for group, table in tables(rows).items():
        print(f"\n{group}")
        print(table.round(3).to_string())


def tables(rows: Rows) -> dict[str, pd.DataFrame]:
    """Group -> value of each model in each task, and the mean where it did all of them."""
    frame = pd.DataFrame([row for row in rows if row["model"] != SHARE])
    out = {}
    for group, part in frame.groupby("group", sort=False):
        table = part.pivot_table(index="model", columns="task", values="value", sort=False)
        out[str(group)] = table.assign(mean=table.mean(axis=1, skipna=False)).sort_values(
            "mean", ascending=False
        )
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
            if control in tasks.index and len(gain) > 1:
                out.append(_graph_bar(rows, group, control))
    return out


def _graph_bar(rows: Rows, group: str, control: str) -> dict[str, Any]:
    """One network on the true graph against one on the control, paired over tasks and folds."""
    of = {(r["task"], r["model"]): r["each"] for r in rows if r["group"] == group}
    gain = [
        float(np.mean(np.subtract(each, of[task, control])))
        for (task, model), each in of.items()
        if model == FIRST and (task, control) in of
    ]
    mean, se = float(np.mean(gain)), float(np.std(gain, ddof=1) / len(gain) ** 0.5)
    low, high = mean - 1.96 * se, mean + 1.96 * se
    name = f"{group}: what the graph adds, against {control}"
    return bar(name, mean, "> 0", low > 0, low=low, high=high)
