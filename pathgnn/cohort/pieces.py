"""A wide table in pieces: some columns at a time, as 32-bit numbers, for given patients."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

COLUMNS_AT_ONCE = 2000
MOST_COMPARED = 1000


class Piece(NamedTuple):
    """Some features of the patients asked for; NaN where not measured."""

    features: tuple[str, ...]
    values: Float[np.ndarray, "patient feature"]


def pieces(
    table: pd.DataFrame, patients: tuple[str, ...], size: int = COLUMNS_AT_ONCE
) -> Iterator[Piece]:
    """The table piece by piece, a row per patient, also for those whom it lacks."""
    rows = table.index.get_indexer(pd.Index(patients))
    has = rows >= 0
    # Where the table has these patients in this order, nothing needs to be picked.
    as_is = len(table) == len(patients) and bool((rows == np.arange(len(rows))).all())
    for start in range(0, table.shape[1], size):
        part = table.iloc[:, start : start + size]
        if as_is:
            yield Piece(tuple(map(str, part.columns)), part.to_numpy(dtype=np.float32))
            continue
        values = np.full((len(patients), part.shape[1]), np.nan, dtype=np.float32)
        values[has] = part.iloc[rows[has]].to_numpy(dtype=np.float32)
        yield Piece(tuple(map(str, part.columns)), values)


def some_patients(
    n_patients: int, rng: np.random.Generator, most: int = MOST_COMPARED
) -> Int[np.ndarray, " chosen"]:
    """Places of at most `most` patients, in order; all of them in a small cohort."""
    if n_patients <= most:
        return np.arange(n_patients)
    return np.sort(rng.choice(n_patients, most, replace=False))
