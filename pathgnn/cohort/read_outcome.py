"""Outcomes, arms and covariates from the clinical table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float

from pathgnn.cohort.block_clinical import (
    clinical_block,
    one_row_each,
    refuse_codes,
    without_unknown,
)
from pathgnn.cohort.cohort import Outcome
from pathgnn.cohort.event_columns import (
    competing_events,
    events,
    known_probabilities,
    labels,
)
from pathgnn.cohort.outcome_rows import kept
from pathgnn.cohort.read_table import numeric, read_table
from pathgnn.cohort.small_cells import shape_of, shown_names, shown_values
from pathgnn.cohort.sources import CohortSource, OutcomeSource, TreatmentSource
from pathgnn.errors import CohortError

# Before the name of a column by which patients are shown apart.
SUBGROUP = "subgroup:"
# Mean Gregorian year of 365.2425 days in twelve parts.
LONGEST_MONTHS = 1200
MONTHS_PER = {"months": 1.0, "days": 12 / 365.2425, "weeks": 7 * 12 / 365.2425, "years": 12.0}


def clinical_table(source: CohortSource, data: Path, patients: tuple[str, ...]) -> pd.DataFrame:
    """The covariates as a block of numbers, a row per patient."""
    clinical = source.clinical
    if not clinical.columns:
        return pd.DataFrame(index=list(patients))
    strange = [c for c in clinical.categorical if c not in clinical.columns]
    if strange:
        raise CohortError(f"clinical column {strange[0]!r} is categorical, but not in `columns`")
    columns = tuple(dict.fromkeys(clinical.columns))
    table = _patient_columns(source, data, patients, columns, is_input=True)
    for column in clinical.categorical:
        table[column] = labels(table[column]).where(table[column].notna())
    block = clinical_block(table)
    for column in block.columns:
        refuse_codes(block[column].to_numpy(), str(column), clinical.file or source.outcome.file)
    return block


def beside_table(source: CohortSource, data: Path, patients: tuple[str, ...]) -> pd.DataFrame:
    """What is checked but is no input, as text, a row per patient."""
    named = {k: c for k, c in source.beside.model_dump(exclude={"subgroups"}).items() if c}
    named |= {SUBGROUP + c: c for c in source.beside.subgroups}
    if not named:
        return pd.DataFrame(index=list(patients))
    texts = clinical_texts(source, data, patients, tuple(dict.fromkeys(named.values())))
    return pd.DataFrame({k: texts[c] for k, c in named.items()}, index=list(patients))


def clinical_texts(
    source: CohortSource, data: Path, patients: tuple[str, ...], columns: tuple[str, ...]
) -> pd.DataFrame:
    """Columns of the clinical table as text, a row per patient; NaN where nothing stands.

    Raises:
        CohortError: no such column.
    """
    table = _patient_columns(source, data, patients, columns)
    return pd.DataFrame(
        {c: labels(table[c]).astype(object).where(table[c].notna()) for c in columns},
        index=list(patients),
    )


def outcome_of(rows: pd.DataFrame, o: OutcomeSource, t: TreatmentSource) -> Outcome:
    """Outcomes and arms of the rows, coded so that higher is better."""
    found = labels(rows[t.column])
    named = t.arms or tuple(sorted(set(found) - {t.reference}))
    arms = tuple(dict.fromkeys((t.reference, *named)))
    survival = o.kind == "survival"
    competing = competing_events(rows, o)
    value = _value(rows, o)
    if o.clip is not None:
        value = value.clip(*o.clip)
    fewer = o.better == "lower" and not survival
    if fewer:
        value = 1 - value if o.kind == "binary" else -value
    stratum = np.zeros(len(rows), dtype=int)
    for column in t.strata:
        codes, levels = pd.factorize(labels(rows[column]), sort=True)
        stratum = stratum * len(levels) + codes
    return Outcome(
        kind=o.kind,
        patient=tuple(rows.index),
        arm=pd.Index(arms).get_indexer(pd.Index(found)),
        arms=arms,
        value=value,
        event=events(rows, o) if survival else np.ones(len(rows), dtype=bool),
        stratum=stratum,
        randomised=t.randomised,
        crossover=t.crossover,
        horizon=(o.horizon or _horizon(value)) if survival else 0.0,
        unit=f"{o.unit} less" if fewer and o.unit else o.unit,
        competing=competing,
        propensity=known_probabilities(rows, t, arms),
    )


def written_otherwise(lost: set[str], strange: set[str]) -> str:
    """The end of a sentence on lost patients, where ids that are nobody's could be theirs."""
    if not strange:
        return ""
    return (
        f"; {len(strange)} ids of the measurements are nobody's: among the former are "
        f"{_example(lost)}, among the latter {_example(strange)}{_capitals(lost, strange)}"
    )


def no_overlap(wanted: set[str], found: set[str]) -> str:
    """The sentence for ids that do not meet, showing what kinds of ids they are."""
    return (
        f"no patient id in common: the outcome table has {_example(wanted)}, the measurements "
        f"have {_example(found)}{_capitals(wanted, found)}; do both use the same kind of id? "
        "`[cohort.samples]` says whose a sample is"
    )


def _capitals(one: set[str], other: set[str]) -> str:
    n = len({i.casefold() for i in one} & {i.casefold() for i in other})
    return f" ({n} differ in their capitals alone: write them alike)" if n else ""


def _patient_columns(
    source: CohortSource,
    data: Path,
    patients: tuple[str, ...],
    columns: tuple[str, ...],
    is_input: bool = False,
) -> pd.DataFrame:
    """Columns of the clinical table, a row per patient of the cohort.

    What a patient's rows say of an input must be one thing; of others the first row counts.
    """
    clinical = source.clinical
    file = clinical.file or source.outcome.file
    table = read_table(
        data / file, clinical.id or (source.outcome.patient if file == source.outcome.file else "")
    )
    if not set(patients) & set(table.index):
        raise CohortError(
            f"clinical data of {file}: " + no_overlap(set(patients), set(table.index))
        )
    if file == source.outcome.file:
        table = kept(table, source)
    absent = [c for c in columns if c not in table.columns]
    if absent:
        raise CohortError(
            f"clinical column {absent[0]!r} is not in {file}; it has {shown_names(table.columns)}"
        )
    chosen = table[list(columns)]
    if is_input:
        chosen = one_row_each(without_unknown(chosen), file)
    return chosen[~chosen.index.duplicated()].reindex(list(patients))


def _value(rows: pd.DataFrame, o: OutcomeSource) -> Float[np.ndarray, " row"]:
    """Outcome values; months for survival; 1 for a good answer in words."""
    column = o.time if o.kind == "survival" else o.value
    if o.kind == "binary" and o.good:
        found = labels(rows[column])
        absent = [g for g in (*o.good, *o.bad) if g not in set(found)]
        if absent:
            raise CohortError(
                f"no row of {o.file} holds {absent[0]!r} in {column!r}; it holds "
                f"{shown_values(found)}"
            )
        return found.isin(o.good).to_numpy(dtype=float)
    value = _numbers(rows[column], o)
    if o.kind != "survival":
        refuse_codes(value, column, o.file)
        return value
    months = value * MONTHS_PER[o.time_unit]
    if months.max(initial=0) > LONGEST_MONTHS:
        raise CohortError(
            f"{column!r} of {o.file} holds times of up to {value.max():g} {o.time_unit}, which is "
            "more than a life; set `time_unit` in [cohort.outcome]"
        )
    return np.asarray(months)


def _numbers(column: pd.Series, o: OutcomeSource) -> Float[np.ndarray, " row"]:
    try:
        return numeric(column.to_frame(), o.file).to_numpy(dtype=float)[:, 0]
    except CohortError as error:
        if o.kind != "binary":
            raise
        raise CohortError(
            f"{column.name!r} of {o.file} holds {shown_values(labels(column))}; name the good "
            'answers as `good`, such as good = ["yes"]'
        ) from error


def _horizon(time: Float[np.ndarray, " row"]) -> float:
    """Months in whole years that a fifth of the rows were followed beyond; else that time."""
    reached = float(np.quantile(time, 0.8))
    return 12.0 * (reached // 12) or reached


def _example(ids: set[str]) -> str:
    """The shape of an id, not the id itself: digits as 9, letters as x."""
    return f"ids such as {shape_of(min(ids))}" if ids else "none"
