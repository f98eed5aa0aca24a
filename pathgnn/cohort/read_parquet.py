"""A measured table from parquet, opened without reading it and read in column chunks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from pathgnn.cohort.raw_table import Blocks, RawTable, is_annotation
from pathgnn.cohort.read_table import BROKEN, broken, only_numbers_rows, read_table
from pathgnn.errors import CohortError

CHUNK_BYTES = 64 * 2**20


def is_large(path: Path, limit: int) -> bool:
    """Would the table take more than `limit` bytes as float32?"""
    try:
        meta = pq.read_metadata(path)
    except BROKEN:
        return False
    return int(meta.num_rows) * int(meta.num_columns) * 4 > limit


def open_parquet(path: Path, id_column: str, wanted: set[str]) -> RawTable:
    """The table as blocks of float columns; rows are samples unless only columns are wanted.

    Args:
        path: A parquet file of numbers, ids in a column or the index.
        id_column: Column with the ids; empty: the index, else the first column.
        wanted: Samples or patients; they decide which way the table lies.

    Raises:
        CohortError: a column that holds no numbers.
    """
    with _readable(path):
        schema = pq.read_schema(path)
        ids_in = id_column or _index_column(path, schema)
        ids = _ids(path, ids_in, schema)
    kind_of = dict(zip(schema.names, schema.types, strict=True))
    columns = pd.Index([c for c in kind_of if c != ids_in])
    strange = [c for c in columns if not _is_number(kind_of[c])]
    strange = [c for c in strange if not is_annotation(c)]
    if strange:
        # Not its name: where patients are columns, it is an id.
        place = schema.names.index(strange[0]) + 1
        raise CohortError(
            f"{path.name}: column {place} holds no numbers; name the omic's `columns`, or "
            "write a parquet of numbers only"
        )
    n_bytes = 4 * len(ids) * len(columns)
    if not wanted & set(ids) and wanted & set(columns):
        samples = columns[[not is_annotation(c) for c in columns]]
        _refuse_twice(path, ids)
        return RawTable(samples, ids, _turned_blocks(path, samples, ids), n_bytes, (), True)
    return RawTable(ids, columns, _blocks(path, columns, ids), n_bytes, (), True)


def _blocks(path: Path, columns: pd.Index, ids: pd.Index) -> Blocks:
    def blocks(features: pd.Index | None) -> Iterator[pd.DataFrame]:
        yield from _chunks(path, columns if features is None else features, ids)

    return blocks


def _turned_blocks(path: Path, samples: pd.Index, ids: pd.Index) -> Blocks:
    def blocks(features: pd.Index | None) -> Iterator[pd.DataFrame]:
        at = None if features is None else ids.get_indexer(features)
        for chunk in _chunks(path, samples, ids):
            yield (chunk if at is None else chunk.iloc[at]).T

    return blocks


def _chunks(path: Path, columns: pd.Index, ids: pd.Index) -> Iterator[pd.DataFrame]:
    with _readable(path):
        file = pq.ParquetFile(path)
    width = max(1, CHUNK_BYTES // (8 * max(len(ids), 1)))
    for start in range(0, len(columns), width):
        names = list(columns[start : start + width])
        with _readable(path):
            read = file.read(columns=names, use_pandas_metadata=False)
            part = read.to_pandas(ignore_metadata=True)[names].set_axis(ids, axis=0)
        yield part


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except BROKEN as error:
        raise broken(path, error) from error


def _index_column(path: Path, schema: pa.Schema) -> str:
    """The column that pandas wrote the index to, if it is no row number; else the first."""
    for column in (schema.pandas_metadata or {}).get("index_columns", []):
        if isinstance(column, str) and not _numbers_rows(path, column, schema):
            return column
    return str(schema.names[0])


def _numbers_rows(path: Path, column: str, schema: pa.Schema) -> bool:
    """As `read_table` has it."""
    first = str(schema.names[0])
    kind = schema.field(column).type
    if column == first or not pa.types.is_integer(kind) or pa.types.is_floating(schema.types[0]):
        return False
    read = pq.read_table(path, columns=[first], use_pandas_metadata=False).column(0)
    return only_numbers_rows(column, kind.to_pandas_dtype(), read.to_pandas())


def _ids(path: Path, column: str, schema: pa.Schema) -> pd.Index:
    if column not in schema.names:
        return read_table(path, column).index
    ids = pq.read_table(path, columns=[column], use_pandas_metadata=False).column(0)
    return pd.Index([str(i).strip() for i in ids.to_pylist()])


def _refuse_twice(path: Path, ids: pd.Index) -> None:
    if ids.has_duplicates:
        n = int(ids.duplicated().sum())
        raise CohortError(f"{path.name} names {n} features twice; keep one row for each")


def _is_number(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind)
    )
