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
    """Models down, tasks across, a table per group; single omics by group."""
    for group, table in tables(rows).items():
        print(f"\n{group}")
        print(table.round(3).to_string())
    for group, of_omic in single_omics(rows).items():
        said = ", ".join(f"{name} {value:.3f}" for name, value in of_omic.items())
        print(f"\n{group}, network, the folds of single omics: {said}")


def tables(rows: Rows) -> dict[str, pd.DataFrame]:
    """Group -> value of each model in each task, and the mean where it did all of them.

    Single omics are elsewhere: they did not do all folds.
    """
    frame = pd.DataFrame([r for r in rows if r["model"] != SHARE and not _of_one(r["model"])])
    out = {}
    for group, part in frame.groupby("group", sort=False):
        table = part.pivot_table(index="model", columns="task", values="value", sort=False)
        out[str(group)] = table.assign(mean=table.mean(axis=1, skipna=False)).sort_values(
            "mean", ascending=False
        )
    return out


def single_omics(rows: Rows) -> dict[str, dict[str, float]]:
    """Group -> mean of the network on all omics and on each alone, over the same folds and tasks.

    Only tasks that have every omic of the group count.
    """
    frame = pd.DataFrame([r for r in rows if r["model"] == NETWORK or _of_one(r["model"])])
    out = {}
    for group, part in frame.groupby("group", sort=False):
        fewest = part["each"].map(len).min()
        value = part.assign(value=[np.mean(each[:fewest]) for each in part["each"]])
        table = value.pivot(index="task", columns="model", values="value").dropna()
        names = {m: m.removeprefix(f"{NETWORK}, ").removesuffix(" only") for m in table.columns}
        mean = table.rename(columns={**names, NETWORK: "all"}).mean()
        out[str(group)] = mean.sort_values(ascending=False).to_dict()
    return out


def _of_one(model: str) -> bool:
    """Is it the network on a single omic?"""
    return model.startswith(f"{NETWORK}, ") and model.endswith(" only")


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
