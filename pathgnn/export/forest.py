"""Subgroup effects as rows of a forest plot: the average first, then every level shown."""

from __future__ import annotations

from typing import NamedTuple

from pathgnn.export.results import Results


class Row(NamedTuple):
    """A name, the number of patients, and an effect with its 95 % interval."""

    name: str
    n: int
    value: float
    low: float
    high: float


def rows_of(results: Results) -> list[Row]:
    """The average of all patients, then the levels; the average alone where there are none."""
    benefit = results.benefit
    on = int(results.fitted.scores.informs[:, results.explained].sum())
    average = benefit.average
    out = [Row("all patients", on, average.value, average.low, average.high)]
    for found in results.subgroups:
        if found.arm == benefit.arm:
            out += [
                Row(f"{found.column}: {x.name}", x.n, x.effect.value, x.effect.low, x.effect.high)
                for x in found.levels
            ]
    return out
