"""Clinical block: covariates as numbers, text as indicators, missing as NaN."""

from __future__ import annotations

import numpy as np
import pandas as pd
from jaxtyping import Float

from pathgnn.cohort.event_columns import UNKNOWN, labels
from pathgnn.cohort.small_cells import shown_values
from pathgnn.cohort.transform import CODES, HIGH_CODES
from pathgnn.errors import CohortError

MOST_LEVELS = 12
# So many numbers among the texts of a column are a column of numbers with a few texts.
MOSTLY = 0.5
# A covariate that is unknown of a larger share of the patients is worth a sentence.
OFTEN = 0.2
# Between values that are never below 0 these stand for what is missing.
SHORT_CODES = (-9.0, -99.0)
# Far above all other values these may stand for it, too, or for the limit of an instrument.
FAR_CODES = (99.0, *HIGH_CODES)
# A number as it is written elsewhere: 1,5 or 12 % or 1.234,5 or 1 234.
OTHER_NUMBER = r"[<>]?[+-]?\d[\d., \u00a0']*%?\s*"


def clinical_block(table: pd.DataFrame) -> pd.DataFrame:
    """Patient x covariate as floats; a text column gives one indicator per level.

    Raises:
        CohortError: a text column with more than 12 levels, which is hardly a covariate.
    """
    parts = []
    for column in table.columns:
        values = table[column]
        if pd.api.types.is_numeric_dtype(values):
            parts.append(values.astype(float).to_frame(column))
            continue
        levels = sorted(values.dropna().astype(str).unique())
        if len(levels) > MOST_LEVELS:
            words = values[values.notna() & pd.to_numeric(values, errors="coerce").isna()]
            if len(words) < MOSTLY * values.notna().sum():
                raise CohortError(
                    f"clinical column {column!r} holds numbers, and {shown_values(words)}; write "
                    "numbers, or leave those cells empty"
                )
            if words.astype(str).str.fullmatch(OTHER_NUMBER).mean() > MOSTLY:
                raise CohortError(
                    f"clinical column {column!r} holds {shown_values(words)}; write numbers with a "
                    "point, without %, blanks or signs between thousands"
                )
            raise CohortError(
                f"clinical column {column!r} has {len(levels)} different texts; group them, or "
                "leave the column out"
            )
        for level in levels:
            flag = (values.astype(str) == level).astype(float).where(values.notna())
            parts.append(flag.to_frame(f"{column}={level}"))
    return pd.concat(parts, axis=1) if parts else pd.DataFrame(index=table.index)


def refuse_codes(value: Float[np.ndarray, " row"], column: str, file: str) -> None:
    """Refuse numbers that stand for what is missing: -999 and the like, -9 and -99 among positives.

    Raises:
        CohortError: naming column and number.
    """
    known = value[~np.isnan(value)]
    if not len(known) or (lowest := known.min()) >= 0:
        return
    others = known[known != lowest]
    alone = lowest in SHORT_CODES and len(others) > 0 and others.min() >= 0
    if lowest in CODES or alone:
        raise CohortError(
            f"{column!r} of {file} holds {lowest:g}, a code for what is missing; leave those cells "
            "empty"
        )


def likely_codes(table: pd.DataFrame, file: str) -> list[str]:
    """Numbers such as 999, of several rows and further away than all others span, in sentences."""
    out = []
    for column in table.columns:
        value = pd.to_numeric(table[column], errors="coerce").dropna().to_numpy(dtype=float)
        highest = value.max(initial=0.0)
        others = value[value != highest]
        n = len(value) - len(others)
        if highest not in FAR_CODES or n < 2 or not len(others):
            continue
        if highest - others.max() > others.max() - others.min():
            out.append(
                f"{column!r} of {file} holds {highest:g} in {n} rows, far above all others, and is "
                "taken as measured; leave those cells empty if it is a code for what is missing"
            )
    return out


def without_unknown(table: pd.DataFrame) -> pd.DataFrame:
    """The same with nothing where a text says that nothing is known, and numbers where all are."""
    out = {}
    for column in table.columns:
        values = table[column]
        if not pd.api.types.is_numeric_dtype(values):
            unknown = labels(values).str.lower().isin((*UNKNOWN, "."))
            values = values.where(~unknown)
            numbers = pd.to_numeric(values, errors="coerce")
            if unknown.any() and numbers.notna().equals(values.notna()):
                values = numbers
        out[column] = values
    return pd.DataFrame(out, index=table.index)


def often_missing(block: pd.DataFrame) -> list[str]:
    """Covariates that are unknown of many patients, in a sentence; indicators by their column."""
    share = block.isna().mean()
    of_column = {str(c).partition("=")[0]: float(s) for c, s in share.items() if s > OFTEN}
    if not of_column:
        return []
    named = ", ".join(f"{column} in {s:.0%}" for column, s in of_column.items())
    return [f"covariates are unknown of many patients: {named}; are ids written alike?"]


def one_row_each(table: pd.DataFrame, where: str) -> pd.DataFrame:
    """A row per patient, of whom several rows tell the same or nothing.

    Raises:
        CohortError: they tell different things.
    """
    if not table.index.has_duplicates:
        return table
    rows = table.groupby(level=0, sort=False)
    differ = rows.nunique() > 1
    for column in table.columns:
        if n := int(differ[column].sum()):
            raise CohortError(
                f"clinical column {column!r} of {where} has different values in the rows of {n} "
                "patients; give one row per patient in a table of its own ([cohort.clinical] file)"
            )
    return rows.first()
