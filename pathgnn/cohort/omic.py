"""What a kind of omic is: the words for its scales, how one is decided, and how it is applied."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float

from pathgnn.cohort.facts import Facts


class Decision(NamedTuple):
    """The scale of a whole table, a note that says so or is empty, and whether values told it."""

    scale: str
    note: str
    is_guess: bool = False


class Omic(NamedTuple):
    """One kind of omic.

    Attributes:
        scales: Words a study file may use besides "auto".
        decide: Scale of the whole table from its facts and the study's word.
        apply: Transforms a table, or some of its columns, of a scale decided before; keeps ids,
            gaps and 32-bit floats, and leaves its argument alone.
    """

    scales: tuple[str, ...]
    decide: Callable[[Facts, str], Decision]
    apply: Callable[[pd.DataFrame, str], pd.DataFrame]


def floats(table: pd.DataFrame) -> Float[np.ndarray, "patient feature"]:
    """The values as a new array that may be written to, 32-bit floats staying 32-bit."""
    single = bool((table.dtypes == np.float32).all())
    return table.to_numpy(dtype=np.float32 if single else np.float64, copy=True)


def like(table: pd.DataFrame, values: Float[np.ndarray, "patient feature"]) -> pd.DataFrame:
    """Other values under the same ids."""
    return pd.DataFrame(values, index=table.index, columns=table.columns, copy=False)
