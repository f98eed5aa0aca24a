"""Is every column of a folder's tables described, and nothing described that is not there?"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from pathgnn.export.dictionary import known_columns

# A sweep has it where it was asked for.
OPTIONAL = {("sweep/trials", "stability")}


def assert_described(folder: Path, names: str, of: str = "") -> None:
    """The data dictionary of a folder lists each column of these tables with meaning and unit."""
    said, known = _read(folder / "data_dictionary.csv"), known_columns()
    for name in names.split():
        rows = said[said["table"] == name]
        columns = list(_read(folder / f"{name}.csv").columns)
        assert rows["column"].tolist() == columns
        assert (rows[["meaning", "unit_or_range"]] != "").all().all(), rows
        assert not rows["unit_or_range"].str.contains("{", regex=False).any()
        table = f"{of}/{name}"
        plain = known[(known["table"] == table) & ~known["column"].str.contains("{", regex=False)]
        assert {c for c in plain["column"] if (table, c) not in OPTIONAL} <= set(columns)


def _read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, keep_default_na=False)
