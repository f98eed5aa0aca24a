"""Measured values to the values the model sees: a scale decided from the whole table, applied."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pathgnn.cohort import TRANSFORMS
from pathgnn.cohort.facts import Facts, facts_of
from pathgnn.cohort.omic import Decision
from pathgnn.errors import CohortError

# Numbers that stand for "missing" in some tables, and are no measurement.
CODES = (-999.0, -9999.0, -99999.0)
# Between numbers that are all of another size these stand for it, too.
HIGH_CODES, OF_ANOTHER_SIZE = (999.0, 9999.0, 99999.0), 10.0


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
    code = facts.lowest if facts.lowest in CODES else facts.highest
    if code in CODES or _is_high_code(facts):
        raise CohortError(
            f"a table of {kind} holds {code:g}, a code for what is missing; leave those cells empty"
        )
    return TRANSFORMS[kind].decide(facts, scale)._replace(is_guess=scale == "auto")


def _is_high_code(facts: Facts) -> bool:
    """Is the highest value a code, ten times as far from 0 as any other that was looked at?"""
    others = np.abs(facts.sample[facts.sample != facts.highest])
    far = OF_ANOTHER_SIZE * others.max(initial=0.0)
    return facts.highest in HIGH_CODES and len(others) > 0 and bool(facts.highest > far)
