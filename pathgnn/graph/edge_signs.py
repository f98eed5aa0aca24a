"""Signs that a table of edges gives in words, as flags or as weights."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from pathgnn.errors import GraphError
from pathgnn.graph.from_sif import Meaning, known_meaning
from pathgnn.graph.tables import numbers

WORDS = ("interaction", "effect")
FLAGS = ("is_stimulation", "is_inhibition")
YES_OR_NO: Mapping[str, bool] = {
    **dict.fromkeys(("true", "1", "1.0", "yes"), True),
    **dict.fromkeys(("false", "0", "0.0", "no"), False),
}


def with_signs(edges: pd.DataFrame, table: pd.DataFrame, path: Path) -> pd.DataFrame:
    """The edges with a sign, and with the direction and mechanism that words of the table tell.

    Of the columns of WORDS, those of FLAGS and `weight`, the first that gives any edge a sign
    counts for all. A word that is not known says nothing: an edge list runs from source to target.

    Args:
        edges: Rows of the table, without signs; a direction or mechanism that it has stays.
        table: All columns of the file, as strings.
        path: The file, for errors.
    """
    said = _in_words(table)
    sign = next((s for s in _signs(said, table, path) if s.any()), 0)
    more = {c: said[c] for c in ("directed", "mechanism") if c not in edges.columns}
    return edges.assign(sign=sign, **more)


def signs_of_words(column: pd.Series, path: Path) -> pd.Series:
    """Sign of each word in a column that holds no numbers; 0 of an empty cell.

    Raises:
        GraphError: a word that is not known.
    """
    meaning = {word: _together([word]) for word in column.unique()}
    known = {word for word in meaning if not word.strip() or any(map(known_meaning, _split(word)))}
    if strange := sorted(set(meaning) - known):
        raise GraphError(
            f"{path.name}: sign is {strange[0]!r}; it must be 1, -1, 0, or a word such as "
            "activates or inhibits"
        )
    return column.map({word: m.sign for word, m in meaning.items()})


def yes_or_no(column: pd.Series, path: Path, unsaid: bool) -> pd.Series:
    """True or False per row; `unsaid` where it says nothing.

    Raises:
        GraphError: an entry that is neither.
    """
    known = column.str.strip().str.lower().map({**YES_OR_NO, "": unsaid})
    if known.isna().any():
        raise GraphError(
            f"{path.name}, row {int(known.isna().to_numpy().argmax()) + 1}: {column.name} is "
            f"{column[known.isna()].iloc[0]!r}; it must be true or false"
        )
    return known.astype(bool)


def _signs(said: pd.DataFrame, table: pd.DataFrame, path: Path) -> Iterator[pd.Series]:
    yield said["sign"]
    up, down = (
        yes_or_no(table[flag], path, unsaid=False).astype(int) if flag in table.columns else 0
        for flag in FLAGS
    )
    yield pd.Series(up - down, index=table.index)
    if "weight" in table.columns:
        weight = numbers(table["weight"], path).fillna(0)
        # Weights that are all positive are strengths, and say nothing of a sign.
        if (weight < 0).any():
            yield np.sign(weight).astype(int)


def _in_words(table: pd.DataFrame) -> pd.DataFrame:
    columns = [table[c] for c in WORDS if c in table.columns and not _is_size(table[c])]
    rows = list(zip(*columns, strict=True)) or [()] * len(table)
    meaning = {row: _together(row) for row in set(rows)}
    said = [meaning[row] for row in rows]
    return pd.DataFrame(said, columns=list(Meaning._fields), index=table.index)


def _together(words: Iterable[str]) -> Meaning:
    """What the words of one row say: no sign where they differ, else what one of them says."""
    parts = [part for word in words for part in _split(word)]
    known = [meaning for part in parts if (meaning := known_meaning(part))]
    signs = {m.sign for m in known if m.sign}
    return Meaning(
        signs.pop() if len(signs) == 1 else 0,
        not known or any(m.directed for m in known),
        next((m.mechanism for m in known if m.mechanism), ""),
    )


def _split(word: str) -> list[str]:
    """The words of a cell that names several, as `activation;phosphorylation` does."""
    return re.split(r"[;,/]|(?<!-)\|", word)


def _is_size(column: pd.Series) -> bool:
    """Numbers other than signs: how large an effect is, not which way it goes."""
    number = pd.to_numeric(column[column.str.strip() != ""], errors="coerce")
    return bool(number.notna().all() and not number.isin((-1, 0, 1)).all())
