"""Data dictionary: what every column of every exported table means."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

import pandas as pd

from pathgnn.files import write_csv

# Stands in dictionary.csv for the unit of the study's benefit.
UNIT = "{unit}"


def known_columns() -> pd.DataFrame:
    """Every column of every table: table, column, meaning, unit or range."""
    with files("pathgnn.export").joinpath("dictionary.csv").open(encoding="utf-8") as text:
        return pd.read_csv(text, dtype=str, keep_default_na=False)


def dictionary(tables: Mapping[str, pd.DataFrame], unit: str) -> pd.DataFrame:
    """Meaning and unit of the columns that the tables have, in their order; `unit` of a benefit."""
    known = known_columns().set_index(["table", "column"])
    have = [(name, column) for name, table in tables.items() for column in table.columns]
    out = known.reindex(pd.MultiIndex.from_tuples(have, names=known.index.names)).fillna("")
    out["unit_or_range"] = out["unit_or_range"].str.replace(UNIT, unit, regex=False)
    return out.reset_index()


def write_dictionary(tables: Mapping[str, pd.DataFrame], unit: str, folder: Path) -> Path:
    """Write data_dictionary.csv beside the tables it describes."""
    path = folder / "data_dictionary.csv"
    write_csv(path, dictionary(tables, unit))
    return path
