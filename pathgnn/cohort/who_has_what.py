"""Who has what: combinations of omics, by arm, and how much is missing inside each omic."""

from __future__ import annotations

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int

from pathgnn.cohort.cohort import Outcome
from pathgnn.cohort.pieces import pieces
from pathgnn.cohort.small_cells import SMALL_CELL, shown_count

NOTHING = "none"


def who_has_what(
    has: pd.DataFrame, outcome: Outcome, suppress_below: int = SMALL_CELL
) -> pd.DataFrame:
    """One row per combination of omics: omics, patients, and patients in each arm.

    Args:
        has: patient x omic, True where the patient has the omic.
        outcome: Who was in which arm; in a crossover a patient counts in each of theirs.
        suppress_below: Smaller counts above 0 are written as "<5"; 0: nothing is.
    """
    joined = {
        p: " + ".join(has.columns[row]) or NOTHING
        for p, row in zip(has.index, has.to_numpy(), strict=True)
    }
    pattern = pd.Series(joined, index=has.index)
    out = pattern.value_counts().rename_axis("omics").rename("patients").reset_index()
    out = out.sort_values(["patients", "omics"], ascending=[False, True], ignore_index=True)
    rows = pd.DataFrame({"patient": outcome.patient, "arm": outcome.arm}).drop_duplicates()
    rows["omics"] = rows["patient"].map(pattern)
    for k, arm in enumerate(outcome.arms):
        counts = rows[rows["arm"] == k]["omics"].value_counts()
        out[f"arm {arm}"] = out["omics"].map(counts).fillna(0).astype(int)
    shown = out.astype(object)
    for i, row in enumerate(out.iloc[:, 1:].itertuples(index=False)):
        shown.iloc[i, 1:] = _shown(list(row), suppress_below)
    return shown


def _shown(counts: list[int], suppress_below: int) -> list[int | str]:
    """Total and arms of one row, small counts hidden, none of them the difference of the others."""
    said = [shown_count(n, suppress_below) for n in counts]
    arms = range(1, len(counts))
    hidden = [k for k in arms if said[k] != counts[k]]
    if len(hidden) == 1 and said[0] == counts[0]:
        others = [k for k in arms if k not in hidden and counts[k]]
        if others:
            said[min(others, key=lambda k: counts[k])] = f">={suppress_below}"
    return said


def measured_share(table: pd.DataFrame, patients: tuple[str, ...]) -> Float[np.ndarray, " patient"]:
    """Share of an omic's features that each patient has; 0 for those whom it lacks."""
    total = np.zeros(len(patients))
    for piece in pieces(table, patients):
        total += (~np.isnan(piece.values)).sum(1)
    return np.asarray(total / max(1, table.shape[1]))


def missing_inside(share: Float[np.ndarray, " patient"]) -> float:
    """Share of an omic's values that is missing among the patients who have the omic."""
    measured = share[share > 0]
    return float(1 - measured.mean()) if len(measured) else 1.0


def by_pattern(
    has: Bool[np.ndarray, "patient modality"], most: int, rng: np.random.Generator
) -> Int[np.ndarray, " shown"]:
    """At most `most` patients, ordered so that the same combinations stand together."""
    shown = np.arange(len(has))
    if len(has) > most:
        shown = np.sort(rng.choice(len(has), most, replace=False))
    return shown[np.lexsort((*(~has[shown]).T[::-1],))] if has.shape[1] else shown
