"""Columns of the outcome table: texts, events, competing events, known probabilities of arms."""

from __future__ import annotations

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from pathgnn.cohort.read_table import numeric
from pathgnn.cohort.small_cells import shown_values
from pathgnn.cohort.sources import OutcomeSource, TreatmentSource
from pathgnn.errors import CohortError

# Texts, in lower case, that say that something is not known.
UNKNOWN = frozenset(
    [
        "unknown",
        "[unknown]",
        "not available",
        "[not available]",
        "[not applicable]",
        "[not evaluated]",
        "[discrepancy]",
        "not evaluable",
        "not reported",
        "missing",
        "ne",
        "<na>",
    ]
)


def labels(column: pd.Series) -> pd.Series:
    """A column as text without blanks around; whole numbers without a decimal point."""
    if pd.api.types.is_float_dtype(column) and (column.dropna() % 1 == 0).all():
        column = column.astype("Int64")
    return column.astype(str).str.strip()


def check_settings(o: OutcomeSource, t: TreatmentSource) -> None:
    """Columns that are named, and settings that do not contradict each other.

    Raises:
        CohortError: an empty setting, or two that exclude each other.
    """
    needed = {"treatment.column": t.column}
    if o.kind == "survival":
        needed |= {"outcome.time": o.time, "outcome.event": o.event}
    else:
        needed |= {"outcome.value": o.value}
    empty = [name for name, column in needed.items() if not column]
    if empty:
        raise CohortError(f"`{empty[0]}` of [cohort] is empty; name a column of {o.file}")
    if o.better == "lower" and o.kind == "survival":
        raise CohortError(
            '`better = "lower"` is not for survival: there an event is what treatment is to '
            "delay. For a good event, such as a response, name those without it as `events`, or "
            "use a binary outcome"
        )
    if o.clip is not None and o.clip[0] >= o.clip[1]:
        raise CohortError(f"`clip` = {list(o.clip)} is no range; write the lower limit first")
    if o.better == "lower" and o.good:
        raise CohortError('name the good answers as `good`, or set `better = "lower"`, not both')


def events(rows: pd.DataFrame, o: OutcomeSource) -> Bool[np.ndarray, " row"]:
    """True at an event: 1, cBioPortal's 1:DECEASED, or one of the texts that the study names."""
    found = labels(rows[o.event])
    if o.competing:
        found = found.where(~found.isin(o.competing), "0")
    if o.events:
        absent = sorted(set(o.events) - set(found))
        if absent:
            raise CohortError(
                f"no row of {o.file} holds {absent[0]!r} in {o.event!r}; it holds "
                f"{shown_values(found)}"
            )
        return np.asarray(found.isin(o.events))
    code = found.str.partition(":")[0].str.strip().replace({"True": "1", "False": "0"})
    if not code.isin(("0", "1")).all():
        raise CohortError(
            f"the event column {o.event!r} holds {shown_values(found, 4)}; recode it to "
            "1 = event, 0 = censored, or name the texts that are events as `events`"
        )
    return np.asarray(code == "1")


def competing_events(rows: pd.DataFrame, o: OutcomeSource) -> Bool[np.ndarray, " row"]:
    """True where a row ended by one of the competing events that the study names."""
    if o.kind != "survival" or not o.competing:
        return np.zeros(len(rows), dtype=bool)
    found = labels(rows[o.event])
    both = sorted(set(o.competing) & set(o.events))
    absent = sorted(set(o.competing) - set(found))
    if both:
        raise CohortError(f"{both[0]!r} is named in `events` and in `competing`; name it in one")
    if absent:
        raise CohortError(
            f"no row of {o.file} holds the competing event {absent[0]!r} in {o.event!r}; it holds "
            f"{shown_values(found)}"
        )
    return np.asarray(found.isin(o.competing))


def known_probabilities(
    rows: pd.DataFrame, t: TreatmentSource, arms: tuple[str, ...]
) -> Float[np.ndarray, "row known"]:
    """Known probabilities of the arms; no column where the study names none."""
    if not t.probability:
        return np.empty((len(rows), 0))
    lacking = [arm for arm in arms if arm not in t.probability]
    if lacking:
        raise CohortError(f"`treatment.probability` lacks the arm {lacking[0]!r}; name all arms")
    columns = [t.probability[arm] for arm in arms]
    # Two arms of equal chance may share a column.
    table = numeric(rows[list(dict.fromkeys(columns))], "the outcome table")
    return np.asarray(table[columns].to_numpy(dtype=float))
