"""One table from a csv, tsv, parquet, h5ad or h5mu file, ids as text, with errors that help."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pandas.errors import EmptyDataError, ParserError

from pathgnn.cohort.memory import refuse_size
from pathgnn.cohort.small_cells import shown_names, shown_value
from pathgnn.cohort.text_file import Look, look
from pathgnn.errors import CohortError

TEXT = (".csv", ".tsv", ".txt", ".maf", ".xls")
CONTAINERS = (".h5ad", ".h5mu")
SUFFIXES = (*TEXT, ".parquet", *CONTAINERS)
# Bytes that a cell of a text table takes while pandas reads it.
BYTES_PER_CELL = 16
# Texts that stand for no value. "None" is not among them: no prior therapy is a fact.
NO_VALUE = ("", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "#N/A", "<NA>", "-NaN", "-nan")
# What the libraries raise on a damaged file.
BROKEN = (
    OSError,
    EOFError,
    ArithmeticError,
    AttributeError,
    LookupError,
    NotImplementedError,
    TypeError,
    ValueError,
    ParserError,
    zlib.error,
    pa.ArrowException,
)
LONGEST_REASON = 200
# How many rows of a table went because they have no id.
WITHOUT_ID = "without_id"


def read_table(path: Path, id_column: str = "", text: tuple[str, ...] = ()) -> pd.DataFrame:
    """The table in a file, indexed by patient or sample id as text.

    Args:
        path: Text with any common delimiter, plain or gzipped; parquet; or the observations of
            an h5ad or h5mu file. Lines before the header that start with # are skipped.
        id_column: Column with the ids; empty: the parquet index, else the first column.
        text: Further columns that hold ids: 007 stays 007.

    Raises:
        CohortError: missing, empty, truncated or unreadable file, or no such column.
    """
    table = load_table(path, (id_column, *text))
    if table.empty:
        raise CohortError(f"{path.name} holds no row; is the file complete?")
    if id_column:
        if id_column not in table.columns and id_column != table.index.name:
            raise CohortError(
                f"{path.name} has no column {id_column!r}; it has {shown_names(table.columns)}"
            )
        table = table if id_column == table.index.name else table.set_index(id_column)
    elif isinstance(table.index, pd.RangeIndex) or only_numbers_rows(
        table.index.name, table.index.dtype, table.iloc[:, 0]
    ):
        table = table.set_index(table.columns[0])
    if isinstance(table.index, pd.MultiIndex):
        raise CohortError(f"{path.name} has several columns as its index; write one column of ids")
    # A row without an id belongs to nobody.
    nobody = table.index.isna() | (table.index.astype(str).str.strip() == "")
    lost = int(table[nobody].notna().any(axis=1).sum())
    table = table[~nobody]
    table.attrs[WITHOUT_ID] = lost
    table.index = table.index.astype(str).str.strip()
    table.columns = table.columns.astype(str).str.strip()
    return table


def without_id(table: pd.DataFrame, file: str) -> list[str]:
    """Rows that `read_table` left out because they have no id, in a sentence; empty lines apart."""
    n = table.attrs.get(WITHOUT_ID, 0)
    return [f"{n} rows of {file} have no id, or one such as NA: left out"] if n else []


def only_numbers_rows(name: Any, kind: Any, first: pd.Series) -> bool:
    """Is an index what filtering or sorting left of row numbers, and the first column the ids?"""
    numbers = name in (None, "__index_level_0__") and pd.api.types.is_integer_dtype(kind)
    if not numbers or pd.api.types.is_float_dtype(first) or pd.api.types.is_bool_dtype(first):
        return False
    return not pd.api.types.is_integer_dtype(first) or not first.duplicated().any()


def load_table(path: Path, text: tuple[str, ...] = ()) -> pd.DataFrame:
    """The table as it stands in the file, its first column and those of ids as text.

    Raises:
        CohortError: missing, empty, truncated or unreadable file, or too large for the memory.
    """
    kind = suffix_of(path)
    if kind in CONTAINERS:
        from pathgnn.cohort.read_anndata import read_observations

        return read_observations(path)
    try:
        return _parquet(path) if kind == ".parquet" else _text(path, look(path), text)
    except EmptyDataError as error:
        raise CohortError(f"{path.name} is empty; is the file complete?") from error
    except MemoryError as error:
        raise CohortError(
            f"{path.name} does not fit into memory; write it as parquet, which is read in parts"
        ) from error
    except BROKEN as error:
        raise broken(path, error) from error


def broken(path: Path, error: Exception) -> CohortError:
    """The error for a file that cannot be read; it does not repeat what the file holds."""
    reason = str(error).partition("\n")[0][:LONGEST_REASON] or type(error).__name__
    return CohortError(f"{path.name} is damaged or cut off ({reason}); fetch it again")


def suffix_of(path: Path) -> str:
    """The suffix that decides how a file is read, without .gz.

    Raises:
        CohortError: no such file, or a suffix that is not read.
    """
    if not path.is_file():
        raise CohortError(f"no file at {path}; check the path in the study file")
    plain = Path(path.stem) if path.suffix.lower() == ".gz" else path
    suffix = plain.suffix.lower()
    if suffix not in SUFFIXES:
        raise CohortError(f"{path.name}: read are {', '.join(SUFFIXES)}, text also gzipped")
    return suffix


def numeric(
    table: pd.DataFrame, where: str, hint: str = "write numbers, or leave those cells empty"
) -> pd.DataFrame:
    """The same table as floats, empty cells as NaN; floats stay as narrow as they are.

    Raises:
        CohortError: naming the first column and value that is no number, and what to do.
    """
    kinds = table.dtypes
    dates = [str(c) for c, kind in kinds.items() if kind.kind in "mM"]
    if dates:
        raise CohortError(
            f"{where}: column {dates[0]!r} holds dates or durations; write them as numbers"
        )
    if len(kinds) and all(kind.kind == "f" for kind in kinds.unique()):
        return table
    text = [str(c) for c, kind in kinds.items() if not pd.api.types.is_numeric_dtype(kind)]
    columns: dict[str, pd.Series] = {}
    for column in text:
        values = pd.to_numeric(table[column], errors="coerce")
        wrong = values.isna() & table[column].notna()
        wrong &= ~table[column].astype(str).str.strip().isin((*NO_VALUE, "None", "."))
        if wrong.any():
            value = shown_value(table[column][wrong].iloc[0], table[column])
            raise CohortError(
                f"{where}: column {column!r} holds {value}, which is no number; {hint}"
            )
        columns[column] = values
    out = table.assign(**columns) if columns else table
    return out.astype(float)


def _parquet(path: Path) -> pd.DataFrame:
    rows = pq.ParquetFile(path).metadata
    refuse_size(path, rows.num_rows * rows.num_columns * 8)
    return pd.read_parquet(path)


def _text(path: Path, seen: Look, text: tuple[str, ...]) -> pd.DataFrame:
    n_rows = _unzipped(path) / max(seen.row_bytes, 1)
    refuse_size(path, n_rows * len(seen.header) * BYTES_PER_CELL)
    names = [*([""] * seen.named_rows), *seen.header, *([""] * seen.trailing)]
    # By place: a column without a name holds ids, too, if it is the first.
    names = [name or f"Unnamed: {i}" for i, name in enumerate(names)]
    table = pd.read_csv(
        path,
        sep=seen.separator,
        encoding=seen.encoding,
        encoding_errors="replace",
        decimal=seen.decimal,
        skiprows=seen.skip,
        skipinitialspace=True,
        low_memory=False,
        header=0,
        names=names,
        index_col=False,
        keep_default_na=False,
        na_values=list(NO_VALUE),
        dtype=dict.fromkeys({names[0], *text} & set(names), str),
    )
    if seen.separator == "\t":
        _refuse_swallowed(path, table)
    return _without_unnamed(path, table)


def _refuse_swallowed(path: Path, table: pd.DataFrame) -> None:
    """Between tabs no cell runs over lines: a lone quote has swallowed the rows up to the next.

    Raises:
        CohortError: naming the column.
    """
    for place, column in enumerate(table.columns, start=1):
        values = table[column]
        numbers = pd.api.types.is_numeric_dtype(values)
        if not numbers and values.astype(str).str.contains("\n", regex=False).any():
            raise CohortError(
                f"{path.name}: in column {place} a quote is opened and closed some lines later, so "
                "that rows are lost in between; take the lone quotes out"
            )


def _without_unnamed(path: Path, table: pd.DataFrame) -> pd.DataFrame:
    """Without the few empty columns that spreadsheets leave behind."""
    empty = [c for c in table.columns[1:] if str(c).startswith("Unnamed: ")]
    full = [c for c in empty if table[c].notna().any()]
    if full:
        place = list(table.columns).index(full[0]) + 1
        raise CohortError(f"{path.name}: column {place} has values but no name; name it")
    return table.drop(columns=empty)


def _unzipped(path: Path) -> float:
    """Bytes of a text file; those of a gzipped table are about four times as many."""
    return path.stat().st_size * (4.0 if path.suffix == ".gz" else 1.0)
