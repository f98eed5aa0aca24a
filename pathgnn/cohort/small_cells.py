"""What may be said of few patients: small counts, rare texts and ids by their shape alone."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

# Fewer patients than this are written as "<5": a rare combination could point at a person.
SMALL_CELL = 5


def shown_count(n: int, suppress_below: int = SMALL_CELL) -> int | str:
    """The count, or "<5" where it is small but not 0."""
    return f"<{suppress_below}" if 0 < n < suppress_below else int(n)


def shape_of(text: str) -> str:
    """The shape of an id, not the id itself: digits as 9, letters as x."""
    return "".join("9" if c.isdigit() else "x" if c.isalpha() else c for c in text[:20])


def shown_value(value: object, column: pd.Series) -> str:
    """A value of a column for an error: itself where five rows hold it, else its shape."""
    n = int((column.astype(str) == str(value)).sum())
    return repr(value) if n >= SMALL_CELL else f"a text such as {shape_of(str(value))!r}"


def shown_values(column: pd.Series, most: int = 6) -> str:
    """The values of a column of categories that five rows hold, in order; rarer ones are counted.

    Somebody may have named the column of the ids.
    """
    counts = column.astype(str).value_counts()
    usual = sorted(counts.index[counts >= SMALL_CELL])
    n_rare = int((counts < SMALL_CELL).sum())
    rare = f"{n_rare} that fewer than {SMALL_CELL} rows hold" if n_rare else ""
    parts = [", ".join(map(repr, usual[:most])), "..." if len(usual) > most else "", rare]
    return ", ".join(part for part in parts if part) or "nothing"


def counted_values(column: pd.Series, most: int = 6) -> str:
    """The values of a column of categories with their counts; rarer ones than five together."""
    counts = column.astype(str).value_counts()
    usual, rare = counts[counts >= SMALL_CELL], counts[counts < SMALL_CELL]
    parts = [f"{text} ({n})" for text, n in usual.head(most).items()]
    parts += [f"{len(rare)} rarer ones ({shown_count(int(rare.sum()))})"] if len(rare) else []
    return ", ".join(parts) or "nobody"


def shown_names(names: Iterable[object], most: int = 6) -> str:
    """Names of columns: those without a digit in words, since a digit may be a patient's id."""
    listed = list(map(str, names))
    plain = [name for name in listed if not any(map(str.isdigit, name))]
    coded = [name for name in listed if any(map(str.isdigit, name))]
    parts = [repr(name[:40]) for name in plain[:most]]
    parts += [f"{len(coded)} such as {shape_of(coded[0])!r}"] if coded else []
    return ", ".join(parts) + (", ..." if len(plain) > most else "")
