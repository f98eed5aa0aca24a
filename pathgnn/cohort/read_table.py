"""One table from a csv, tsv or parquet file, patient ids as text, with errors that help."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from pandas.errors import EmptyDataError, ParserError

from pathgnn.errors import CohortError

SUFFIXES = (".csv", ".tsv", ".txt", ".parquet")


def read_table(path: Path, id_column: str = "") -> pd.DataFrame:
    """The table in a file, indexed by patient id as text.

    Args:
        path: csv, tsv, txt (tab) or parquet; the first three also gzipped.
        id_column: Column with the ids; empty: the parquet index, else the first column.

    Raises:
        CohortError: missing, empty, truncated or unreadable file, or no such column.
    """
    table = _load(path)
    if table.empty:
        raise CohortError(f"{path.name} holds no row; is the file complete?")
    if id_column:
        if id_column not in table.columns and id_column != table.index.name:
            raise CohortError(
                f"{path.name} has no column {id_column!r}; it has {_some(table.columns)}"
            )
        table = table if id_column == table.index.name else table.set_index(id_column)
    elif isinstance(table.index, pd.RangeIndex):
        table = table.set_index(table.columns[0])
    table.index = table.index.astype(str).str.strip()
    table.columns = table.columns.astype(str).str.strip()
    return table


def numeric(table: pd.DataFrame, where: str) -> pd.DataFrame:
    """The same table as floats, empty cells as NaN.

    Raises:
        CohortError: naming the first column and value that is no number.
    """
    text = [c for c in table.columns if not pd.api.types.is_numeric_dtype(table[c])]
    out = table.copy()
    for column in text:
        out[column] = pd.to_numeric(table[column], errors="coerce")
        wrong = out[column].isna() & table[column].notna()
        wrong &= ~table[column].astype(str).str.strip().isin(("", "NA", "nan", "NaN"))
        if wrong.any():
            value = table.loc[wrong, column].iloc[0]
            raise CohortError(
                f"{where}: column {column!r} holds {value!r}, which is no number; name the omic's "
                "`columns`, or mend the file"
            )
    return out.astype(float)


def _load(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise CohortError(f"no file at {path}; check the path in the study file")
    plain = Path(path.stem) if path.suffix == ".gz" else path
    if plain.suffix not in SUFFIXES:
        raise CohortError(f"{path.name}: read are {', '.join(SUFFIXES)}, gzipped or not")
    try:
        if plain.suffix == ".parquet":
            return pd.read_parquet(path)
        separator = "," if plain.suffix == ".csv" else "\t"
        return pd.read_csv(path, sep=separator, low_memory=False)
    except EmptyDataError as error:
        raise CohortError(f"{path.name} is empty; is the file complete?") from error
    except (OSError, EOFError, ValueError, ParserError) as error:
        reason = str(error).splitlines()[0]
        raise CohortError(
            f"{path.name} is damaged or cut off ({reason}); fetch it again"
        ) from error


def _some(columns: pd.Index) -> str:
    names = ", ".join(repr(str(c)) for c in columns[:6])
    return names + (", ..." if len(columns) > 6 else "")
