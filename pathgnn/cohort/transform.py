"""Measured values to the values the model sees: a scale decided from the whole table, applied."""

from __future__ import annotations

import pandas as pd

from pathgnn.cohort import TRANSFORMS
from pathgnn.cohort.facts import Facts, facts_of
from pathgnn.cohort.omic import Decision
from pathgnn.errors import CohortError

# Numbers that stand for "missing" in some tables, and are no measurement.
CODES = (-999.0, -9999.0, -99999.0)


def transform(kind: str, table: pd.DataFrame, scale: str) -> tuple[pd.DataFrame, Decision]:
    """A whole table of one kind transformed, and what was decided.

    Raises:
        CohortError: a word the kind does not know, or values that contradict it.
    """
    decided = decide(kind, facts_of(table), scale)
    return TRANSFORMS[kind].apply(table, decided.scale), decided


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
    if facts.lowest in CODES:
        raise CohortError(
            f"a table of {kind} holds {facts.lowest:g}, a code for what is missing; leave those "
            "cells empty"
        )
    return TRANSFORMS[kind].decide(facts, scale)._replace(is_guess=scale == "auto")
