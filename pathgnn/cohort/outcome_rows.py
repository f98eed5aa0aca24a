"""Which rows of the outcome table are used, and what became of the others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from pathgnn.cohort.block_clinical import likely_codes
from pathgnn.cohort.event_columns import UNKNOWN, check_settings, labels
from pathgnn.cohort.read_table import read_table, without_id
from pathgnn.cohort.small_cells import counted_values, shown_names, shown_values
from pathgnn.cohort.sources import CohortSource, OutcomeSource
from pathgnn.errors import CohortError


def outcome_rows(source: CohortSource, data: Path) -> tuple[pd.DataFrame, list[str]]:
    """The rows of the outcome table that are used, by patient, and sentences on the others.

    Raises:
        CohortError: no such column or arm, or several rows of a patient without a crossover.
    """
    o, t = source.outcome, source.treatment
    check_settings(o, t)
    table = read_table(data / o.file, o.patient)
    wanted = (o.value, o.time, o.event, t.column, *t.strata, *t.probability.values())
    used = list(dict.fromkeys(c for c in wanted if c))
    absent = [c for c in (*used, *source.keep) if c not in table.columns]
    if absent:
        raise CohortError(_no_column(absent[0], table, o))
    _refuse_absent(table, source)
    whole, table = table, kept(table, source)
    n_left_out = len(whole) - len(table)
    notes = without_id(whole, o.file)
    notes += [f"{n_left_out} rows are left out by `keep`"] if n_left_out else []
    table, lacking = _known(table, used, source)
    table, infinite = _finite(table, o)
    table, elsewhere = _in_the_arms(table, source)
    notes += [*lacking, *infinite, *elsewhere, *_others(table, o)]
    notes += likely_codes(table[[o.time if o.kind == "survival" else o.value]], o.file)
    return _one_row_each(table, used, source, notes)


def kept(table: pd.DataFrame, source: CohortSource) -> pd.DataFrame:
    """The rows that the study keeps."""
    for column, values in source.keep.items():
        table = table[labels(table[column]).isin([_as_label(v) for v in values])]
    return table


def _refuse_absent(table: pd.DataFrame, source: CohortSource) -> None:
    """Refuse values of `keep` that no row holds; a few new patients may well lack one."""
    for column, values in source.keep.items():
        found = labels(table[column])
        absent = [w for w in map(_as_label, values) if w not in set(found)]
        if absent:
            raise CohortError(
                f"`keep`: no row of {source.outcome.file} holds {absent[0]!r} in {column!r}; it "
                f"holds {shown_values(found)}"
            )


def _as_label(value: str | bool | int | float) -> str:
    """A value of the study file as `labels` writes it."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _no_column(name: str, table: pd.DataFrame, o: OutcomeSource) -> str:
    if name == table.index.name:
        return (
            f"{name!r} is the first column of {o.file}, which was taken as the patients' ids; name "
            "the column of ids: `patient` in [cohort.outcome]"
        )
    return f"{o.file} has no column {name!r}; it has {shown_names(table.columns, 8)}"


def _in_the_arms(table: pd.DataFrame, source: CohortSource) -> tuple[pd.DataFrame, list[str]]:
    """Rows of the reference and of the arms that are named, all where none is.

    Raises:
        CohortError: an arm without a row, or a text that differs from one in its capitals alone.
    """
    t, found = source.treatment, labels(table[source.treatment.column])
    named = tuple(dict.fromkeys((t.reference, *t.arms)))
    for arm in named:
        if arm not in set(found):
            raise CohortError(
                f"no row of {source.outcome.file} with an outcome is in arm {arm!r}; the column "
                f"{t.column!r} holds {shown_values(found)}"
            )
    rest = found[~found.isin(named)]
    written = {arm.lower(): arm for arm in (named if t.arms else sorted(set(found)))}
    alike = found[[written.get(x.lower(), x) != x for x in found]]
    if len(alike):
        raise CohortError(
            f"{t.column!r} holds {shown_values(alike)}, which differs from another arm in its "
            "capitals alone; write them alike"
        )
    if not t.arms or rest.empty:
        return table, []
    said = f"{len(rest)} rows in other arms are left out: {counted_values(rest)}"
    return table[found.isin(named)], [said]


def _known(
    table: pd.DataFrame, used: list[str], source: CohortSource
) -> tuple[pd.DataFrame, list[str]]:
    """Rows with an outcome, an arm and a stratum; of the others, what they lack is counted."""
    o = source.outcome
    t = source.treatment
    lacking = {c: table[c].isna() | (labels(table[c]) == "") for c in used}
    listed = {o.value: (*o.good, *o.bad), o.event: (*o.events, *o.censored, *o.competing)}
    listed = {column: words for column, words in listed.items() if column and words}
    # Of other columns any of these words says that nothing is known.
    listed |= dict.fromkeys((c for c in (o.value, o.time) if c and c not in listed), ())
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
