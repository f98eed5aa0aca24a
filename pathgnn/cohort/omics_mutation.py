"""Mutation: 1 where a gene is mutated, 0 where it was sequenced and is wild type; or counts."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pathgnn.cohort.facts import Facts
from pathgnn.cohort.omic import Decision, Omic, floats, like
from pathgnn.errors import CohortError


def decide(facts: Facts, scale: str) -> Decision:
    """0/1 or counts; both become mutated or not, unless the scale is "count"."""
    if facts.lowest < 0:
        raise CohortError(
            f"a mutation table holds 0 (wild type), 1 or counts; found {facts.lowest:g}, a value "
            "below 0"
        )
    if scale == "count":
        return Decision("count", f"log2(1 + variants per gene), counts up to {facts.highest:g}")
    counts = f"counts up to {facts.highest:g} turned into mutated or not"
    return Decision("mutated", counts if facts.highest > 1 else "")


def apply(table: pd.DataFrame, scale: str) -> pd.DataFrame:
    """0/1 per patient and gene, or log2(1 + count)."""
    values = floats(table)
    if scale == "count":
        return like(table, np.log2(1 + values))
    np.copyto(values, values > 0, where=~np.isnan(values))
    return like(table, values)


MUTATION = Omic(("count",), decide, apply)
