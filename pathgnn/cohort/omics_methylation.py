"""Methylation: M values; beta values in [0, 1] become their logit to base 2."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pathgnn.cohort.facts import Facts
from pathgnn.cohort.omic import Decision, Omic, floats, like
from pathgnn.errors import CohortError

# Beta values are cut to these before the logit, so that M stays within +-9.97.
LOWEST_BETA, HIGHEST_BETA = 0.001, 0.999
# M values go below 0 and hardly beyond this; percent do neither.
HIGHEST_M = 20.0
EDGE = 0.1
SAID = {"beta": "beta values turned into M values", "m": "taken as M values and left as they are"}


def decide(facts: Facts, scale: str) -> Decision:
    """Beta where all values are within [0, 1], else M.

    Raises:
        CohortError: the scale is "beta" and a value is outside, or no scale fits all values.
    """
    if not facts.n_values:
        return Decision("m" if scale == "auto" else scale, "")
    within = _are_betas(facts.lowest, facts.highest)
    if scale == "beta" and not within:
        raise CohortError(f"beta values lie within 0 and 1, found {facts.seen()}; use 'm'")
    if scale == "auto" and facts.lowest >= 0 and facts.highest > HIGHEST_M:
        raise CohortError(
            f"methylation is neither beta nor M ({facts.seen()}); divide percent by 100"
        )
    if scale == "auto" and not within and _are_betas(*facts.bulk()):
        raise CohortError(
            f"nearly all values are beta values, but some lie beyond 0 and 1 ({facts.seen()}); "
            "mend those, or set scale = 'm'"
        )
    chosen = ("beta" if within else "m") if scale == "auto" else scale
    return Decision(chosen, f"{SAID[chosen]} ({facts.seen()})")


def apply(table: pd.DataFrame, scale: str) -> pd.DataFrame:
    """M values per gene or probe.

    Source: Du et al., BMC Bioinformatics 2010, 11:587, M = log2(beta / (1 - beta)).
    """
    if scale == "m":
        return table
    beta = floats(table)
    np.clip(beta, LOWEST_BETA, HIGHEST_BETA, out=beta)
    return like(table, np.log2(beta / (1 - beta)))


def _are_betas(lowest: float, highest: float) -> bool:
    """Within 0 and 1: normalisation may push a few over the edge."""
    return lowest >= -EDGE and highest <= 1 + EDGE


METHYLATION = Omic(("beta", "m"), decide, apply)
