"""Measured values to the values the model sees: a scale decided from the whole table, applied."""

from __future__ import annotations

import pandas as pd

from pathgnn.cohort import TRANSFORMS
from pathgnn.cohort.facts import Facts, facts_of
from pathgnn.cohort.omic import Decision
from pathgnn.errors import CohortError


def transform(kind: str, table: pd.DataFrame, scale: str) -> tuple[pd.DataFrame, list[str]]:
    """A whole table of one kind transformed, and what was decided in words.

    Raises:
        CohortError: a word the kind does not know, or values that contradict it.
    """
    chosen, note = decide(kind, facts_of(table), scale)
    return TRANSFORMS[kind].apply(table, chosen), [note] if note else []


def decide(kind: str, facts: Facts, scale: str) -> Decision:
    """The scale of a whole table, for `TRANSFORMS[kind].apply` on all of it or on some columns.

    Raises:
        CohortError: a word the kind does not know, or values that contradict it.
    """
    known = ("auto", *TRANSFORMS[kind].scales)
    if scale not in known:
        raise CohortError(f"{kind} knows no scale {scale!r}; use {' or '.join(known)}")
    if facts.any_infinite:
        raise CohortError(
            f"a table of {kind} holds infinite values; was a 0 put through a logarithm?"
        )
    return TRANSFORMS[kind].decide(facts, scale)
