"""Cascades as tables: one row per gene, of the whole cohort and of the levels of its columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from pathgnn.attribute.attribution import Cascade
from pathgnn.attribute.subgroup_cascades import ColumnCascades, LevelCascades

COLUMNS = (
    *("cascade", "order", "gene", "role", "compartment", "parent", "sign", "score", "direction"),
    *("frequency", "pathway", "p", "share_of_patients", "drugs"),
)
WHOLE = ("cascade", "order", "direction", "n")


def cascade_table(found: Sequence[Cascade]) -> pd.DataFrame:
    """One row per gene of a cascade, in order from the receptor."""
    rows = [row for number, one in enumerate(found, start=1) for row in _rows(number, one)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def subgroup_cascade_table(found: Sequence[ColumnCascades]) -> pd.DataFrame:
    """The same for every level of every column, with q over all of these cascades.

    A level without a stable cascade has one row whose cascade is 0. What is not shown of a column
    has a row that says why, in brackets, as among the subgroups.
    """
    rows = [row for column in found for row in _column_rows(column)]
    place = COLUMNS.index("p") + 1
    names = ["column", "level", "n", *COLUMNS[:place], "q", *COLUMNS[place:]]
    # Whole numbers stay whole where a row has none.
    return pd.DataFrame(rows, columns=names).astype(dict.fromkeys(WHOLE, "Int64"))


def _column_rows(column: ColumnCascades) -> list[dict[str, Any]]:
    rows = [
        {"column": column.column, "level": level.name, "n": len(level.patients)} | row
        for level in column.levels
        for row in _level_rows(level)
    ]
    if column.not_shown:
        rows.append({"column": column.column, "level": f"({column.not_shown})"})
    return rows


def _level_rows(level: LevelCascades) -> list[dict[str, Any]]:
    if not level.cascades:
        return [{"cascade": 0}]
    return [
        row | {"q": q}
        for number, (one, q) in enumerate(zip(level.cascades, level.q, strict=True), start=1)
        for row in _rows(number, one)
    ]


def _rows(number: int, cascade: Cascade) -> list[dict[str, Any]]:
    rows = []
    for i, gene in enumerate(cascade.genes):
        into = [
            (u, s, f)
            for (u, v, s), f in zip(cascade.edges, cascade.frequency, strict=True)
            if v == gene
        ]
        rows.append(
            {
                "cascade": number,
                "order": cascade.order[i],
                "gene": gene,
                "role": cascade.kind[i],
                "compartment": cascade.compartment[i],
                "parent": ";".join(u for u, _, _ in into),
                "sign": ";".join(str(s) for _, s, _ in into),
                "score": cascade.score[i],
                "direction": cascade.direction[i],
                "frequency": max((f for _, _, f in into), default=cascade.stability),
                "pathway": cascade.pathway,
                "p": cascade.p,
                "share_of_patients": cascade.share_of_patients,
                "drugs": ";".join(cascade.drugs[i]) if cascade.drugs else "",
            }
        )
    return rows
