"""Outcomes, arms and covariates from the clinical table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float

from pathgnn.cohort.block_clinical import clinical_block, one_row_each, without_unknown
from pathgnn.cohort.cohort import Outcome
from pathgnn.cohort.event_columns import (
    UNKNOWN,
    check_settings,
    competing_events,
    events,
    known_probabilities,
    labels,
)
from pathgnn.cohort.read_table import numeric, read_table
from pathgnn.cohort.small_cells import counted_values, shape_of, shown_names, shown_values
from pathgnn.cohort.sources import CohortSource, OutcomeSource, TreatmentSource
from pathgnn.errors import CohortError

# Before the name of a column by which patients are shown apart.
SUBGROUP = "subgroup:"
# Mean Gregorian year of 365.2425 days in twelve parts.
MONTHS_PER = {"months": 1.0, "days": 12 / 365.2425, "weeks": 7 * 12 / 365.2425, "years": 12.0}


def outcome_rows(source: CohortSource, data: Path) -> tuple[pd.DataFrame, list[str]]:
    """The rows of the outcome table that are used, by patient, and sentences on the others.

    Raises:
        CohortError: no such column or arm, or several rows of a patient without a crossover.
    """
    o, t = source.outcome, source.treatment
    check_settings(o, t)
    table = read_table(data / o.file, o.patient)
    used = [c for c in (o.value, o.time, o.event, t.column, *t.strata) if c]
    used += t.probability.values()
    absent = [c for c in (*used, *source.keep) if c not in table.columns]
    if absent:
        raise CohortError(
            f"{o.file} has no column {absent[0]!r}; it has {shown_names(table.columns, 8)}"
        )
    table = kept(table, source)
    table, notes = _known(table, used, source)
    table, said = _finite(table, o)
    notes += said + _others(table, o)
    found = labels(table[t.column])
    for arm in (t.reference, *t.arms):
        if arm not in set(found):
            raise CohortError(
                f"no row of {o.file} with an outcome is in arm {arm!r}; the column {t.column!r} "
                f"holds {shown_values(found)}"
            )
    if t.arms:
        table = table[found.isin((t.reference, *t.arms))]
    return _one_row_each(table, used, source, notes)


def kept(table: pd.DataFrame, source: CohortSource) -> pd.DataFrame:
    """The rows that the study keeps."""
    for column, values in source.keep.items():
        table = table[labels(table[column]).isin([str(v) for v in values])]
    return table


def clinical_table(source: CohortSource, data: Path, patients: tuple[str, ...]) -> pd.DataFrame:
    """The covariates as a block of numbers, a row per patient."""
    clinical = source.clinical
    if not clinical.columns:
        return pd.DataFrame(index=list(patients))
    strange = [c for c in clinical.categorical if c not in clinical.columns]
    if strange:
        raise CohortError(f"clinical column {strange[0]!r} is categorical, but not in `columns`")
    table = _patient_columns(source, data, patients, clinical.columns, is_input=True)
    for column in clinical.categorical:
        table[column] = labels(table[column]).where(table[column].notna())
    return clinical_block(table)


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
    arms = (t.reference, *(t.arms or sorted(set(found) - {t.reference})))
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
        arm=pd.Index(arms).get_indexer(found),
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


def no_overlap(wanted: set[str], found: set[str]) -> str:
    """The sentence for ids that do not meet, showing what kinds of ids they are."""
    return (
        f"no patient id in common: the outcome table has {_example(wanted)}, the measurements "
        f"have {_example(found)}; do both use the same kind of id? `[cohort.samples]` says whose "
        "a sample is"
    )


def _known(
    table: pd.DataFrame, used: list[str], source: CohortSource
) -> tuple[pd.DataFrame, list[str]]:
    """Rows with an outcome, an arm and a stratum; of the others, what they lack is counted."""
    o = source.outcome
    t = source.treatment
    lacking = {c: table[c].isna() | (labels(table[c]) == "") for c in used}
    listed = {o.value: (*o.good, *o.bad), o.event: (*o.events, *o.censored, *o.competing)}
    listed = {column: words for column, words in listed.items() if column and words}
    listed |= {t.column: (t.reference, *t.arms), **dict.fromkeys(t.strata, ())}
    for column, words in listed.items():
        found = labels(table[column])
        lacking[column] |= found.str.lower().isin(UNKNOWN) & ~found.isin(words)
    if o.good and o.bad:
        lacking[o.value] |= ~labels(table[o.value]).isin((*o.good, *o.bad))
    if o.events and o.censored:
        lacking[o.event] |= ~labels(table[o.event]).isin((*o.events, *o.censored, *o.competing))
    lost = pd.DataFrame(lacking).any(axis=1)
    if not lost.any():
        return table, []
    by = ", ".join(f"{c} in {int(m.sum())}" for c, m in lacking.items() if m.any())
    return table[~lost.to_numpy()], [f"{int(lost.sum())} rows of {o.file} lack {by}: left out"]


def _others(table: pd.DataFrame, o: OutcomeSource) -> list[str]:
    """Which texts were taken as censored or bad because the study did not name them."""
    notes = []
    for column, words, rest, said in (
        (o.event, (*o.events, *o.competing) if o.events else (), o.censored, "censored"),
        (o.value, o.good, o.bad, "the bad answer"),
    ):
        if column and words and not rest:
            found = labels(table[column])
            others = found[~found.isin(words)]
            alike = others[others.str.lower().isin([w.lower() for w in words])]
            if len(alike):
                raise CohortError(
                    f"{column!r} holds {shown_values(alike)}, which differs from a word that the "
                    "study names in its capitals alone; name it, too"
                )
            texts = counted_values(others)
            notes.append(f"{column}: taken as {said}: {texts}")
    return notes


def _finite(table: pd.DataFrame, o: OutcomeSource) -> tuple[pd.DataFrame, list[str]]:
    """Rows whose outcome is a number that could be; some files write -Inf for no follow-up."""
    column = table[o.time if o.kind == "survival" else o.value]
    infinite = np.isinf(pd.to_numeric(column, errors="coerce").to_numpy(dtype=float))
    if not infinite.any():
        return table, []
    said = f"{int(infinite.sum())} rows of {o.file} have an infinite {column.name}: left out"
    return table[~infinite], [said]


def _one_row_each(
    table: pd.DataFrame, used: list[str], source: CohortSource, notes: list[str]
) -> tuple[pd.DataFrame, list[str]]:
    """Rows that only repeat another are left out; others are refused without a crossover."""
    again = pd.Series(table.index, index=table.index).duplicated()
    again &= table[used].assign(_patient=table.index).duplicated()
    if again.any() and not source.treatment.crossover:
        table = table[~again.to_numpy()]
        repeated = f"{int(again.sum())} rows of {source.outcome.file} repeat another: left out"
        notes = [*notes, repeated]
    if table.index.has_duplicates and not source.treatment.crossover:
        n = int(table.index.duplicated().sum())
        raise CohortError(
            f"{n} patients of {source.outcome.file} have more than one row; keep one each, or set "
            "`crossover = true` if a patient may have been treated in several arms"
        )
    return table, notes


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
        data / file, clinical.id or ("" if clinical.file else source.outcome.patient)
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
    value = numeric(rows[[column]], o.file).to_numpy(dtype=float)[:, 0]
    return np.asarray(value * MONTHS_PER[o.time_unit] if o.kind == "survival" else value)


def _horizon(time: Float[np.ndarray, " row"]) -> float:
    """Months in whole years that a fifth of the rows were followed beyond; else that time."""
    reached = float(np.quantile(time, 0.8))
    return 12.0 * (reached // 12) or reached


def _example(ids: set[str]) -> str:
    """The shape of an id, not the id itself: digits as 9, letters as x."""
    return f"ids such as {shape_of(min(ids))}" if ids else "none"
