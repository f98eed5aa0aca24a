"""Levels of a column by which patients are shown apart: texts, age bands, thirds of numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from pathgnn.cohort.event_columns import UNKNOWN

NOT_RECORDED = "unknown"
# "NE" is not evaluable in a response, but a place among sites.
NO_LEVEL = (UNKNOWN | {"", NOT_RECORDED}) - {"ne"}
AGE_EDGES = (18.0, 40.0, 50.0, 65.0, 75.0)
AGE_BANDS = ("under 18", "18 to 39", "40 to 49", "50 to 64", "65 to 74", "75 and over")
OLDEST = 120.0
# Numbers of few different values are codes, such as a stage, and stay as they are.
MOST_CODES = 6


class Levels(NamedTuple):
    """A level per patient, as a place among the names; those not recorded are the last name."""

    column: str
    code: Int[np.ndarray, " patient"]
    names: tuple[str, ...]

    def of(self, chosen: Bool[np.ndarray, " patient"]) -> Levels:
        """Those of some patients; the names stay."""
        return self._replace(code=self.code[chosen])


def named_levels(column: str, texts: Sequence[object]) -> Levels:
    """Every text is a level, numbers too: for sites and other codes.

    Args:
        column: Its name.
        texts: One per patient; None, NaN and words such as "not reported" are not recorded.
    """
    known = [_known(text) for text in texts]
    return _coded(column, known, sorted({t for t in known if t is not None}, key=_in_order))


def banded_levels(column: str, texts: Sequence[object]) -> Levels:
    """Levels of a column whose numbers, if it holds numbers, are cut into bands.

    A column called age, in years, is cut into bands that no data decide; other numbers are cut at
    their thirds, rounded to three digits. Up to six different numbers are levels themselves.
    """
    known = [_known(text) for text in texts]
    number = np.array([np.nan if t is None else _number(t) for t in known])
    lacks = np.array([t is None for t in known], dtype=bool)
    value = number[~lacks]
    if np.isnan(value).any() or len(np.unique(value)) <= MOST_CODES:
        return named_levels(column, texts)
    if _is_age(column) and value.min() >= 0 and value.max() <= OLDEST:
        edges, bands = np.array(AGE_EDGES), list(AGE_BANDS)
    else:
        edges = _thirds(value)
        bands = _bands([f"{edge:g}" for edge in edges])
    place = np.searchsorted(edges, number, side="right")
    named = [None if lacking else bands[i] for lacking, i in zip(lacks, place, strict=True)]
    return _coded(column, named, [band for band in bands if band in set(named)])


def _coded(column: str, known: list[str | None], names: list[str]) -> Levels:
    place = {name: i for i, name in enumerate(names)}
    code = np.array([len(names) if t is None else place[t] for t in known], dtype=int)
    return Levels(column, code, (*names, NOT_RECORDED) if None in known else tuple(names))


def _known(text: object) -> str | None:
    """The text without blanks around it; None where it says that nothing is known."""
    if text is None or text != text:
        return None
    plain = str(text).strip()
    return None if plain.lower() in NO_LEVEL else plain


def _number(text: str) -> float:
    """The finite number that a text is; NaN for another text."""
    try:
        value = float(text)
    except ValueError:
        return float("nan")
    # Python reads 1_0 as ten.
    return value if np.isfinite(value) and "_" not in text else float("nan")


def _in_order(text: str) -> tuple[bool, float, str]:
    """Numbers by size and before words, so that 10 stands after 9."""
    value = _number(text)
    return bool(np.isnan(value)), float(np.nan_to_num(value)), text


def _is_age(column: str) -> bool:
    return "age" in re.split(r"[^a-z]+", column.lower())


def _thirds(value: Float[np.ndarray, " known"]) -> Float[np.ndarray, " edge"]:
    """The tertiles, as rounded as they are written, so that a label is exactly its level.

    With as few digits, three at least, as part the values where the tertiles do.
    """
    exact = np.unique(np.quantile(value, (1 / 3, 2 / 3)))
    wanted = np.bincount(np.searchsorted(exact, value, side="right"), minlength=3)
    edges = exact
    for digits in range(3, 16):
        edges = np.unique([float(f"{x:.{digits}g}") for x in exact])
        parted = np.bincount(np.searchsorted(edges, value, side="right"), minlength=3)
        if ((parted > 0) >= (wanted > 0)).all():
            break
    return np.asarray(edges)


def _bands(edges: list[str]) -> list[str]:
    middle = [f"{low} to below {high}" for low, high in pairwise(edges)]
    return [f"below {edges[0]}", *middle, f"{edges[-1]} and above"]
