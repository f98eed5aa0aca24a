"""Subgroups as a table: one row per arm, column and level that is large enough to show."""

from __future__ import annotations

import pandas as pd

from pathgnn.benefit.subgroups import Interval, Level, Subgroups, Tests
from pathgnn.export.results import Results

COUNTS = ("n", "n_reference", "n_arm")
INTERVALS = ("effect", "excess", "slope", "recommended", "nearer")


def subgroup_table(results: Results) -> pd.DataFrame:
    """Effects and errors of every level; the p and q are those of its column.

    A column with nothing to compare has one row that says why.
    """
    rows = [row for found in results.subgroups for row in _rows(found)]
    if not rows:
        return pd.DataFrame(columns=["arm", "column", "level", "n"])
    table = pd.DataFrame(rows)
    # A row of words alone leaves counts empty, which are whole numbers still.
    return table.astype({name: "Int64" for name in COUNTS if name in table})


def _rows(found: Subgroups) -> list[dict[str, object]]:
    shared: dict[str, object] = {"arm": found.arm, "column": found.column}
    tests = {
        f"{question}_{part}": getattr(test, part)
        for question, test in zip(Tests._fields, found.tests, strict=True)
        for part in ("p", "q")
    }
    rows = [shared | {"level": level.name} | _numbers(level) | tests for level in found.levels]
    if found.why_empty:
        rows.append(shared | {"level": f"({found.why_empty})"})
    elif found.n_hidden:
        rows.append(shared | {"level": f"({found.n_hidden} levels too small to show)"})
    return rows


def _numbers(level: Level) -> dict[str, object]:
    out: dict[str, object] = {
        "n": level.n,
        "n_reference": level.n_reference,
        "n_arm": level.n_arm,
        "predicted": level.predicted,
        "error_ratio": level.error_ratio,
    }
    for name in INTERVALS:
        one: Interval = getattr(level, name)
        out |= {name: one.value, f"{name}_low": one.low, f"{name}_high": one.high}
    return out
