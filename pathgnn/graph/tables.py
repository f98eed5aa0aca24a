"""Downloaded text, plain, gzipped or the only file of a zip, with errors that say where."""

from __future__ import annotations

import gzip
import io
import re
import warnings
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TextIO
from zipfile import BadZipFile, ZipFile

import pandas as pd

from pathgnn.errors import GraphError
from pathgnn.files import sha256
from pathgnn.graph.graph import Provenance

BROKEN = (
    OSError,
    EOFError,
    ValueError,
    zlib.error,
    BadZipFile,
    MemoryError,
    pd.errors.ParserWarning,
)
# What programs write for a lacking name.
NO_NAME = ("", "NA", "NaN", "nan", "None", "-")
LONGEST_LINE = 50_000_000
MOST_COLUMNS = 1000


@contextmanager
def open_text(path: Path) -> Iterator[TextIO]:
    """The file as UTF-8 text, unpacked on the way by what its first bytes say.

    Raises:
        GraphError: missing, cut off, not UTF-8, binary, or a zip of several files.
    """
    try:
        with path.open("rb") as raw, _unpacked(raw, raw.read(4)) as text:
            yield text
    except BROKEN as error:
        raise GraphError(f"{path} cannot be read: {error}; download it again") from error


def read_lines(path: Path) -> Iterator[str]:
    """Lines without their ends, one at a time.

    Raises:
        GraphError: as `open_text`, and a line that is too long to be one.
    """
    with open_text(path) as text:
        number = 0
        while line := text.readline(LONGEST_LINE):
            number += 1
            if len(line) >= LONGEST_LINE:
                raise ValueError(f"line {number} is longer than {LONGEST_LINE} letters")
            if "\x00" in line:
                raise ValueError(f"line {number} holds zero bytes, so this is no text")
            yield line.rstrip("\r\n")


def read_frame(path: Path, separator: str = "", names: Iterable[str] = ()) -> pd.DataFrame:
    """A table of strings; a missing entry is an empty string.

    Args:
        path: The file.
        separator: Between columns; empty: tab where the first line has one, else comma.
        names: Columns of a file without a header.

    Raises:
        GraphError: as `open_text`, and rows that are longer than the header.
    """
    listed = list(names)
    first, second = [*islice(read_lines(path), 2), "", ""][:2]
    separator = separator or ("\t" if "\t" in first else ",")
    if first.count(separator) >= MOST_COLUMNS:
        raise GraphError(f"{path.name} has more than {MOST_COLUMNS} columns; it is no edge table")
    with open_text(path) as text, warnings.catch_warnings():
        # pandas only warns when it drops what stands beyond the last column.
        warnings.simplefilter("error", pd.errors.ParserWarning)
        table = pd.read_csv(
            text,
            sep=separator,
            dtype=str,
            keep_default_na=False,
            na_filter=False,
            index_col=False,
            header=None if listed else 0,
            names=listed or None,
            quoting=3 if separator in "\t " else 0,
        )
    return _unquoted(table) if '"' in second or '"' in first else table


def _unquoted(table: pd.DataFrame) -> pd.DataFrame:
    """Names and entries without the quotes around them, as R writes them."""
    whole = re.compile(r'^"(.*)"$')
    return pd.DataFrame(
        {
            whole.sub(r"\1", str(name)): column.str.replace(whole, r"\1", regex=True)
            for name, column in table.items()
        }
    )


def need(table: pd.DataFrame, columns: Iterable[str], path: Path) -> pd.DataFrame:
    """The same table, once it is sure that it has the columns and a row."""
    absent = [c for c in columns if c not in table.columns]
    if absent:
        have = ", ".join(str(c)[:40] for c in table.columns[:8])
        raise GraphError(f"{path.name} lacks the column {absent[0]!r}; it has {have}")
    if table.empty:
        raise GraphError(f"{path.name} has a header and no rows")
    return table


def named(table: pd.DataFrame, ends: tuple[str, str], path: Path) -> pd.DataFrame:
    """The same table, once it is sure that every edge has two ends.

    Raises:
        GraphError: an end is empty, or what programs write for a lacking value.
    """
    lacking = table[list(ends)].apply(lambda column: column.str.strip().isin(NO_NAME)).any(axis=1)
    if lacking.any():
        raise GraphError(
            f"{path.name}: {int(lacking.sum())} rows lack {ends[0]} or {ends[1]}, the first is row "
            f"{int(lacking.to_numpy().argmax()) + 1}; name both ends, or leave the rows out"
        )
    return table


def numbers(column: pd.Series, path: Path) -> pd.Series:
    """Strings as numbers; an empty one is NaN."""
    values = pd.to_numeric(column.replace("", None), errors="coerce")
    wrong = values.isna() & (column != "")
    if wrong.any():
        raise GraphError(
            f"{path.name}, row {int(wrong.to_numpy().argmax()) + 1}: {column.name} is "
            f"{column[wrong].iloc[0]!r}, not a number"
        )
    return values


def provenance_of(
    path: Path, name: str = "", version: str = "", licence: str = "", url: str = ""
) -> Provenance:
    """Provenance of a file: what the reader knows of the database, and the file's hash."""
    return Provenance(name or path.name, version, licence, url, sha256(path))


@contextmanager
def _unpacked(raw: io.BufferedReader, magic: bytes) -> Iterator[TextIO]:
    raw.seek(0)
    if magic[:2] == b"\x1f\x8b":
        with gzip.open(raw, "rt", encoding="utf-8-sig") as text:
            yield text
    elif magic == b"PK\x03\x04":
        with ZipFile(raw) as packed:
            names = [n for n in packed.namelist() if not n.endswith("/")]
            if len(names) != 1:
                raise ValueError(f"the zip holds {len(names)} files; give the one you mean")
            with packed.open(names[0]) as inside:
                yield io.TextIOWrapper(inside, encoding="utf-8-sig")
    else:
        yield io.TextIOWrapper(raw, encoding="utf-8-sig")
