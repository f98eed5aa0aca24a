"""What a table's values look like: the facts by which the scale of an omic is decided."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float

LARGEST_SAMPLE = 200_000
# A z-score further out than this is the mark of a gene that hardly varies, not of biology.
FARTHEST_Z = 10.0
# Values looked at in one go, so that a large table costs little memory.
BLOCK = 4_000_000
GOLDEN = 0.6180339887498949
# So many values on either side, or this share of many, may be slips.
STRAY, STRAY_SHARE, MOST_STRAY_SHARE = 5, 0.001, 0.01


class Facts(NamedTuple):
    """Finite values of a table, counted; `sample` holds some of them, spread over the table.

    `n_far` counts the values beyond 10 in size; `lowest` and `highest` are NaN without values.
    """

    n_values: int
    n_missing: int
    n_integer: int
    n_far: int
    lowest: float
    highest: float
    any_infinite: bool
    sample: Float[np.ndarray, " value"]

    @property
    def share_integer(self) -> float:
        """Share of the values that are whole numbers; 0 without values."""
        return self.n_integer / max(self.n_values, 1)

    @property
    def median(self) -> float:
        """Median of the sample."""
        return self.quantile(0.5)

    def quantile(self, level: float) -> float:
        """A quantile of the sample; NaN without values."""
        return float(np.quantile(self.sample, level)) if len(self.sample) else float("nan")

    def bulk(self) -> tuple[float, float]:
        """Lowest and highest without the few farthest on either side; NaN without values."""
        share = min(max(STRAY_SHARE, STRAY / max(self.n_values, 1)), MOST_STRAY_SHARE)
        return self.quantile(share), self.quantile(1 - share)

    def seen(self) -> str:
        """Lowest, highest and median in words."""
        return f"values {self.lowest:.4g} to {self.highest:.4g}, median {self.median:.4g}"


NOTHING = Facts(0, 0, 0, 0, float("nan"), float("nan"), False, np.empty(0))


def facts_of(table: pd.DataFrame, n_in_all: int = 0) -> Facts:
    """The facts of a table of numbers; the same table gives the same facts.

    Args:
        table: The values.
        n_in_all: Cells of the table that this one is a part of, so that the samples of all parts
            have the same share of it; 0: it is the whole.
    """
    total = NOTHING
    share = min(1.0, LARGEST_SAMPLE / max(n_in_all, table.size, 1))
    for block in _blocks(table):
        total = merge(total, _block_facts(block, share))
    return total


def merge(one: Facts, other: Facts) -> Facts:
    """The facts of two parts of a table together; the sample is thinned to its largest size."""
    sample = np.concatenate([one.sample, other.sample])
    return Facts(
        n_values=one.n_values + other.n_values,
        n_missing=one.n_missing + other.n_missing,
        n_integer=one.n_integer + other.n_integer,
        n_far=one.n_far + other.n_far,
        lowest=float(np.fmin(one.lowest, other.lowest)),
        highest=float(np.fmax(one.highest, other.highest)),
        any_infinite=one.any_infinite or other.any_infinite,
        sample=_some(sample, LARGEST_SAMPLE),
    )


def _blocks(table: pd.DataFrame) -> Iterator[Float[np.ndarray, "row column"]]:
    rows = max(1, BLOCK // max(table.shape[1], 1))
    for start in range(0, len(table), rows):
        yield table.iloc[start : start + rows].to_numpy(dtype=np.float64)


def _block_facts(block: Float[np.ndarray, "row column"], share: float) -> Facts:
    missing, infinite = np.isnan(block), np.isinf(block)
    values = block[~(missing | infinite)]
    if not len(values):
        return NOTHING._replace(n_missing=int(missing.sum()), any_infinite=bool(infinite.any()))
    return Facts(
        n_values=len(values),
        n_missing=int(missing.sum()),
        n_integer=int((values == np.rint(values)).sum()),
        n_far=int((np.abs(values) > FARTHEST_Z).sum()),
        lowest=float(values.min()),
        highest=float(values.max()),
        any_infinite=bool(infinite.any()),
        sample=_some(values, int(np.ceil(share * block.size))),
    )


def _some(values: Float[np.ndarray, " value"], n: int) -> Float[np.ndarray, " kept"]:
    """At most n values, evenly spread; steps of the golden ratio never fall on one column alone."""
    if len(values) <= n:
        return values
    return np.asarray(values[(np.arange(n) * GOLDEN % 1 * len(values)).astype(np.int64)])
