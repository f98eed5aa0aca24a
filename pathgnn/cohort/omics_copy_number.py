"""Copy number: GISTIC levels or log2 ratios, cut to [-2, 2]; 0 is diploid."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pathgnn.cohort.facts import Facts
from pathgnn.cohort.omic import Decision, Omic, floats, like
from pathgnn.errors import CohortError

# Two lost copies and an amplification in GISTIC's levels; log2(0 copies) is cut here, too.
DEEPEST, STRONGEST = -2.0, 2.0
SAID = {
    "gistic": "taken as GISTIC levels",
    "log2_ratio": "taken as log2 ratios",
    "copies": "taken as copies: log2(x / 2)",
    "relative": "taken as copies relative to the sample's ploidy: log2(x)",
    "log2_relative_plus_1": "taken as DepMap's log2(relative copies + 1): log2(2^x - 1)",
}
# Relative copies and their log2(x + 1) both have 1 for a diploid gene, and no quantile tells them
# apart. Both turn losses negative and gains positive, and differ little once cut.
EITHER = "; if they are DepMap's log2(x + 1), set scale = 'log2_relative_plus_1'"


def decide(facts: Facts, scale: str) -> Decision:
    """Levels, log2 ratios, or copies; the latter by where the typical gene lies.

    Raises:
        CohortError: the values contradict the scale, or fit none.
    """
    if not facts.n_values:
        return Decision("gistic" if scale == "auto" else scale, "")
    chosen = _auto(facts) if scale == "auto" else scale
    if chosen not in ("gistic", "log2_ratio") and facts.lowest < 0:
        raise CohortError(f"copies are not negative ({facts.seen()}); use 'log2_ratio'")
    if chosen == "gistic" and not _levels(facts):
        raise CohortError(f"GISTIC levels lie within -2 and 2 ({facts.seen()}); use another scale")
    doubt = EITHER if scale == "auto" and chosen == "relative" else ""
    return Decision(chosen, f"{SAID[chosen]}, cut to [-2, 2] ({facts.seen()}){doubt}")


def apply(table: pd.DataFrame, scale: str) -> pd.DataFrame:
    """log2 ratios or levels in [-2, 2]."""
    values = floats(table)
    # A gene without a copy has -inf here, and -2 after the cut.
    with np.errstate(divide="ignore"):
        if scale == "copies":
            values = np.log2(values / 2)
        elif scale == "relative":
            values = np.log2(values)
        elif scale == "log2_relative_plus_1":
            values = np.log2(np.exp2(values) - 1)
    np.clip(values, DEEPEST, STRONGEST, out=values)
    return like(table, values)


def _levels(facts: Facts) -> bool:
    return facts.lowest >= DEEPEST and facts.highest <= STRONGEST


def _auto(facts: Facts) -> str:
    whole, typical = facts.share_integer == 1, facts.median
    if facts.lowest < 0:
        return "gistic" if whole and _levels(facts) else "log2_ratio"
    if whole and typical <= 1 and _levels(facts):
        return "gistic"
    if 1.5 <= typical <= (4.5 if whole else 2.6):
        return "copies"
    if 0.75 <= typical <= 1.25 and not whole:
        return "relative"
    raise CohortError(
        f"what these copy numbers count cannot be told ({facts.seen()}); set scale to gistic, "
        "log2_ratio, copies, relative or log2_relative_plus_1"
    )


COPY_NUMBER = Omic(tuple(SAID), decide, apply)
