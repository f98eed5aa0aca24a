"""The beginning of a text table: encoding, delimiter and header, read within a memory cap."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from pathgnn.errors import CohortError

# A million columns with names of 20 letters; a longer line is no header of a table.
LONGEST_LINE = 32 * 2**20
LINES_SEEN = 30
MOST_COLUMNS = 2_000_000
MOST_UNNAMED = 20
DELIMITERS = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "bar", " ": "blank"}
MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}
# Bytes that no text holds: all below the blank but tab, line feed, form feed and return.
CONTROL = bytes(set(range(32)) - {9, 10, 12, 13, 26, 27})


class Look(NamedTuple):
    """How a text table is to be read.

    Attributes:
        encoding: utf-8, utf-8-sig, utf-16 or cp1252.
        delimiter: One letter; a blank stands for any run of blanks.
        decimal: "." or, in a table separated by semicolons, ",".
        comments: Lines before the header that start with #, without the #.
        skip: Lines before the header.
        header: Names of the columns.
        named_rows: Rows have one field more than the header: names in front, as R writes them.
        trailing: Rows end with a delimiter that the header lacks.
        row_bytes: Mean letters of a row.
    """

    encoding: str
    delimiter: str
    decimal: str
    comments: tuple[str, ...]
    skip: int
    header: tuple[str, ...]
    named_rows: bool
    trailing: bool
    row_bytes: float

    @property
    def separator(self) -> str:
        """What pandas calls `sep`."""
        return r"\s+" if self.delimiter == " " else self.delimiter


def look(path: Path) -> Look:
    """What the first lines of a table say; `path` may be gzipped.

    Raises:
        CohortError: empty, binary, an endless line, mixed delimiters, columns without a name or
            with the same name.
    """
    encoding = _encoding(path)
    before, lines = _first_lines(path, encoding)
    if not lines:
        raise CohortError(f"{path.name} is empty; is the file complete?")
    delimiter = _delimiter(path, lines)
    rows = _split(lines, delimiter)
    _refuse_header(path, rows[0])
    decimal = "," if delimiter == ";" and _has_decimal_commas(rows[1:]) else "."
    longer = [row for row in rows[1:] if len(row) > len(rows[0])]
    trailing = bool(longer) and all(not row[-1].strip() for row in longer)
    return Look(
        encoding=encoding,
        delimiter=delimiter,
        decimal=decimal,
        comments=tuple(line[1:] for line in before if line),
        skip=len(before),
        header=tuple(f.strip() for f in rows[0]),
        named_rows=bool(longer) and not trailing,
        trailing=trailing,
        row_bytes=sum(map(len, lines[1:])) / max(len(lines) - 1, 1),
    )


def unnamed(header: tuple[str, ...]) -> list[int]:
    """Places of columns without a name, but the first, which may hold the ids."""
    return [i for i, name in enumerate(header) if i and not name]


def text_of(path: Path) -> str:
    """The whole of a small text in its encoding; `path` may be gzipped.

    Raises:
        CohortError: empty or binary.
    """
    with open_bytes(path) as handle:
        return handle.read().decode(_encoding(path), errors="replace")


@contextmanager
def open_bytes(path: Path) -> Iterator[BinaryIO]:
    """The file, unzipped where its name ends in .gz.

    Raises:
        CohortError: a zipped file that is damaged or cut off.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as handle:
            yield cast(BinaryIO, handle)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise CohortError(f"{path.name} is damaged or cut off ({error}); fetch it again") from error


def _encoding(path: Path) -> str:
    with open_bytes(path) as handle:
        start = handle.read(2**16)
    for mark, encoding in MARKS.items():
        if start.startswith(mark):
            return encoding
    strange = start.translate(None, bytes(set(range(256)) - set(CONTROL)))
    if strange:
        raise CohortError(
            f"{path.name} holds binary data (byte 0x{strange[0]:02x}), no text table; is it a "
            "spreadsheet or zipped under another name? export it as csv, tsv or parquet"
        )
    try:
        start[: -4 if len(start) == 2**16 else None].decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _first_lines(path: Path, encoding: str) -> tuple[list[str], list[str]]:
    """Comments and empty lines before the header; the header and some lines, within a cap."""
    before: list[str] = []
    lines: list[str] = []
    left = 2 * LONGEST_LINE
    with open_bytes(path) as raw:
        text = io.TextIOWrapper(raw, encoding=encoding, errors="replace", newline=None)
        while len(lines) < LINES_SEEN and left > 0:
            line = text.readline(LONGEST_LINE)
            left -= len(line)
            if not line:
                break
            if len(line) == LONGEST_LINE:
                raise CohortError(
                    f"{path.name}: line {len(before) + len(lines) + 1} has no end within "
                    f"{LONGEST_LINE // 2**20} million letters; is the file complete and are its "
                    "line ends in place?"
                )
            line = line.rstrip("\n")
            if lines or not (line.startswith("#") or not line.strip()):
                lines.append(line)
            else:
                before.append(line)
    return before, [line for line in lines if line.strip()]


def _delimiter(path: Path, lines: list[str]) -> str:
    """The delimiter that splits header and rows alike."""
    widest = max(lines[0].count(d) for d in DELIMITERS) + 1
    if widest > MOST_COLUMNS:
        raise CohortError(
            f"{path.name} has {widest:,} columns, more than {MOST_COLUMNS:,}; turn the table or "
            "split it"
        )
    counts = {d: [len(row) for row in _split(lines, d)] for d in DELIMITERS}
    fitting = [d for d, n in counts.items() if _fits(n) and (d != " " or "\t" not in lines[0])]
    if fitting:
        return max(fitting, key=lambda d: (d != " ", counts[d][0]))
    found = max((d for d in DELIMITERS if d != " "), key=lambda d: counts[d][0])
    n = counts[found]
    if n[0] == 1:
        raise CohortError(
            f"{path.name} has one column only; its fields are separated by none of "
            f"{', '.join(DELIMITERS.values())}"
        )
    wrong = next((i for i, k in enumerate(n) if i and (k == 1 or k > n[0])), len(n) - 1)
    other = max(DELIMITERS, key=lambda d: counts[d][wrong] if wrong < len(counts[d]) else 0)
    mixed = f" and seem separated by {DELIMITERS[other]}" if other != found else ""
    raise CohortError(
        f"{path.name}: the header has {n[0]} fields separated by {DELIMITERS[found]}, but those of "
        f"line {wrong + 1} are {n[wrong]}{mixed}; write the whole file with one delimiter"
    )


def _fits(counts: list[int]) -> bool:
    """Rows as long as the header, or by the name of the ids longer; their last may be lacking."""
    header, rows = counts[0], counts[1:] or counts[:1]
    usual = Counter(rows).most_common(1)[0][0]
    return min(rows) > 1 and max(rows) == usual and usual in (header, header + 1)


def _split(lines: list[str], delimiter: str) -> list[list[str]]:
    if delimiter == " ":
        return [line.split() for line in lines]
    if not any('"' in line for line in lines):
        return [line.split(delimiter) for line in lines]
    try:
        return list(csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter))
    except csv.Error:
        return [line.split(delimiter) for line in lines]


def _refuse_header(path: Path, header: list[str]) -> None:
    names = [name.strip() for name in header]
    nameless = unnamed(tuple(names))
    if len(nameless) > MOST_UNNAMED:
        raise CohortError(
            f"{path.name}: {len(nameless):,} of {len(names):,} columns have no name; delete the "
            "empty columns, or name them"
        )
    named = [name for i, name in enumerate(names) if name or not i]
    if len(set(named)) < len(named):
        name, _ = Counter(named).most_common(1)[0]
        # Not the name itself: where patients are columns, it is an id.
        places = [str(i + 1) for i, other in enumerate(names) if other == name][:6]
        raise CohortError(
            f"{path.name}: columns {' and '.join(places)} have the same name; keep one, or give "
            "them different names"
        )


def _has_decimal_commas(rows: list[list[str]]) -> bool:
    fields = [f.strip() for row in rows for f in row]
    commas = [f for f in fields if f.count(",") == 1 and f.replace(",", "").lstrip("-").isdigit()]
    points = [f for f in fields if f.count(".") == 1 and f.replace(".", "").lstrip("-").isdigit()]
    return bool(commas) and not points
