"""Abundances on a logarithmic scale: decided by the study file or from the values."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pathgnn.cohort.facts import FARTHEST_Z, Facts
from pathgnn.cohort.omic import Decision, Omic, floats, like
from pathgnn.errors import CohortError

# No log2 intensity of an array or of sequencing exceeds this; raw values nearly always do.
HIGHEST_LOG2 = 50.0
# How far the median of z-scores may lie from 0.
FARTHEST_MEDIAN = 3.0
SAID = {
    "log": "taken as logarithmic and left as it is",
    "linear": "taken as raw: log2(x + 1)",
    "zscore": f"taken as z-scores, cut to [-{FARTHEST_Z:g}, {FARTHEST_Z:g}]",
}


def decide(facts: Facts, scale: str) -> Decision:
    """Which of log, linear and zscore a table is on.

    Values beyond 50 are raw where none is negative, else z-scores of genes that hardly vary.

    Raises:
        CohortError: the scale is "linear" and a value is negative, or no scale fits all values.
    """
    if not facts.n_values:
        return Decision("log" if scale == "auto" else scale, "")
    if scale == "linear" and facts.lowest < 0:
        raise CohortError(
            f"scale 'linear' asks for a logarithm, but a value is below 0 ({facts.lowest:.4g}); "
            "use 'log', or 'zscore'"
        )
    chosen = _auto(facts) if scale == "auto" else scale
    said = SAID[chosen] + (f", {facts.n_far} values" if chosen == "zscore" else "")
    return Decision(chosen, f"{said} ({facts.seen()})")


def apply(table: pd.DataFrame, scale: str) -> pd.DataFrame:
    """log2(x + 1) of raw values, z-scores cut, logarithmic values as they are."""
    if scale == "log":
        return table
    values = floats(table)
    if scale == "zscore":
        np.clip(values, -FARTHEST_Z, FARTHEST_Z, out=values)
    else:
        values += 1
        np.log2(values, out=values)
    return like(table, values)


def _auto(facts: Facts) -> str:
    if _are_logs(facts.lowest, facts.highest):
        return "log"
    # Of standardised values nearly half are negative; of raw ones only what a correction left.
    if facts.quantile(0.25) < 0 and abs(facts.median) < FARTHEST_MEDIAN:
        return "zscore"
    if _are_logs(*facts.bulk()):
        raise CohortError(
            f"nearly all values look logarithmic, but some are beyond {HIGHEST_LOG2:g} "
            f"({facts.seen()}); mend those, or set scale = 'log' or 'linear'"
        )
    if facts.lowest >= 0:
        return "linear"
    raise CohortError(
        f"the values are neither logarithmic nor z-scores ({facts.seen()}); raw intensities must "
        "not be negative: set those to 0 and scale = 'linear', or set scale = 'log' or 'zscore'"
    )


def _are_logs(lowest: float, highest: float) -> bool:
    return lowest >= -HIGHEST_LOG2 and highest <= HIGHEST_LOG2


LOG_SCALED = Omic(("log", "linear", "zscore"), decide, apply)
