"""Data dictionary: what every column of every exported table means."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

import pandas as pd

from pathgnn.files import write_csv

# Stands in dictionary.csv for the unit of the study's benefit.
UNIT = "{unit}"
NAME = "data_dictionary.csv"


def known_columns() -> pd.DataFrame:
    """Every column of every table: table, column, meaning, unit or range."""
    with files("pathgnn.export").joinpath("dictionary.csv").open(encoding="utf-8") as text:
        return pd.read_csv(text, dtype=str, keep_default_na=False)


def dictionary(tables: Mapping[str, pd.DataFrame], unit: str, of: str = "") -> pd.DataFrame:
    """Meaning and unit of the columns that the tables have, in their order.

    Args:
        tables: Name -> table.
        unit: Of the benefit.
        of: Folder in which names mean something of their own, as in "permutation/draws".
    """
    rows = []
    for name, table in tables.items():
        known = _known(name, of)
        rows += [(name, str(c), *_found(str(c), known)) for c in table.columns]
    out = pd.DataFrame(rows, columns=["table", "column", "meaning", "unit_or_range"])
    out["unit_or_range"] = out["unit_or_range"].str.replace(UNIT, unit, regex=False)
    return out


def write_dictionary(
    tables: Mapping[str, pd.DataFrame], unit: str, folder: Path, of: str = ""
) -> Path:
    """Write data_dictionary.csv beside the tables it describes."""
    path = folder / NAME
    write_csv(path, dictionary(tables, unit, of))
    return path


def write_described(
    tables: Mapping[str, pd.DataFrame], unit: str, folder: Path, of: str = ""
) -> None:
    """Write every table as NAME.csv, and a data dictionary of all known ones in the folder."""
    for name, table in tables.items():
        write_csv(folder / f"{name}.csv", table)
    beside = {path.stem: path for path in sorted(folder.glob("*.csv"))}
    named = {name: path for name, path in beside.items() if _known(name, of)}
    headers = {name: pd.read_csv(path, nrows=0) for name, path in named.items()}
    write_dictionary(headers, unit, folder, of)


def _known(table: str, of: str) -> dict[str, tuple[str, str]]:
    """Column -> meaning and unit; one in braces stands for any name."""
    known = known_columns()
    own = known[known["table"] == f"{of}/{table}"]
    rows = own if len(own) else known[known["table"] == table]
    return dict(
        zip(rows["column"], zip(rows["meaning"], rows["unit_or_range"], strict=True), strict=True)
    )


def _found(column: str, known: Mapping[str, tuple[str, str]]) -> tuple[str, str]:
    if column in known:
        return known[column]
    fits = (said for name, said in known.items() if "{" in name and _fits(column, name))
    return next(fits, ("", ""))


def _fits(column: str, pattern: str) -> bool:
    """Does a name begin as the pattern does, before its brace?"""
    return column.startswith(pattern[: pattern.index("{")])
