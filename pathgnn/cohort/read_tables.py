"""A cohort from a folder of tables: one per omic, one with outcome and treatment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from pathgnn.cohort.block_clinical import clinical_block
from pathgnn.cohort.cohort import Cohort, Outcome
from pathgnn.cohort.feature_map import feature_map
from pathgnn.cohort.read_table import numeric, read_table
from pathgnn.cohort.sources import CohortSource, OmicSource, OutcomeSource, TreatmentSource
from pathgnn.cohort.transform import transform
from pathgnn.errors import CohortError


def read_cohort(source: CohortSource, data: Path, maps: Path | None = None) -> Cohort:
    """The cohort that a study file describes.

    Args:
        source: The cohort part of the study file.
        data: Folder that the paths of the tables start from.
        maps: Folder that the paths of feature maps start from; None: `data`.

    A patient stays in with one measured omic or more. Raises `CohortError` for bad input.
    """
    rows = _rows(source, data)
    wanted = set(rows.index)
    tables: dict[str, pd.DataFrame] = {}
    notes: list[str] = []
    for name, omic in source.omics.items():
        table, note = _omic(name, omic, data, wanted)
        tables[name] = table
        notes.extend(note)
    measured = set().union(*(set(t.index) for t in tables.values()))
    rows = rows[rows.index.isin(measured)]
    patients = tuple(dict.fromkeys(rows.index))
    if not patients:
        raise CohortError(_no_overlap(wanted, measured))
    notes.append(f"{len(wanted) - len(patients)} patients with an outcome have no omic: left out")
    return Cohort(
        name=source.name,
        patients=patients,
        omics={k: t.reindex([p for p in patients if p in t.index]) for k, t in tables.items()},
        kinds={k: o.kind for k, o in source.omics.items()},
        clinical=_clinical(source, data, patients),
        outcome=_outcome(rows, source.outcome, source.treatment),
        feature_maps=_feature_maps(source, maps or data, tables),
        notes=tuple(notes),
        beside=_beside(source, data, patients),
    )


def _rows(source: CohortSource, data: Path) -> pd.DataFrame:
    o, t = source.outcome, source.treatment
    table = read_table(data / o.file, o.patient)
    needed = [c for c in (o.value, o.time, o.event, t.column, *t.strata, *source.keep) if c]
    absent = [c for c in needed if c not in table.columns]
    if absent:
        raise CohortError(
            f"{o.file} has no column {absent[0]!r}; it has {', '.join(table.columns[:8])}, ..."
        )
    for column, values in source.keep.items():
        table = table[labels(table[column]).isin([str(v) for v in values])]
    used = [c for c in (o.value, o.time, o.event, t.column, *t.strata) if c]
    table = table.dropna(subset=used)
    found = labels(table[t.column])
    for arm in (t.reference, *t.arms):
        if arm not in set(found):
            raise CohortError(
                f"no row of {o.file} with an outcome is in arm {arm!r}; the column {t.column!r} "
                f"holds {sorted(set(found))[:6]}"
            )
    if t.arms:
        table = table[found.isin((t.reference, *t.arms))]
    if table.index.has_duplicates and not t.crossover:
        n = int(table.index.duplicated().sum())
        raise CohortError(
            f"{n} patients of {o.file} have more than one row; keep one each, or set "
            "`crossover = true` if a patient may have been treated in several arms"
        )
    return table


def _omic(
    name: str, omic: OmicSource, data: Path, wanted: set[str]
) -> tuple[pd.DataFrame, list[str]]:
    table = read_table(data / omic.file, omic.id)
    notes = []
    if not wanted & set(table.index) and wanted & set(table.columns):
        table = table.T
        notes.append(f"{name}: patients are the columns of {omic.file}; turned")
    if omic.columns:
        absent = [c for c in omic.columns if c not in table.columns]
        if absent:
            raise CohortError(f"omic '{name}': {omic.file} has no column {absent[0]!r}")
        table = table[list(omic.columns)]
    if not wanted & set(table.index):
        raise CohortError(f"omic '{name}': " + _no_overlap(wanted, set(table.index)))
    # Duplicates are looked for among all rows: a filter must not hide them.
    if table.index.has_duplicates:
        n = int(table.index.duplicated().sum())
        raise CohortError(
            f"omic '{name}' names {n} patient(s) twice in {omic.file}; keep one line per patient "
            "(for several samples of a patient, choose or average them first)"
        )
    values = numeric(table[table.index.isin(wanted)], f"omic '{name}' ({omic.file})")
    transformed, said = transform(omic.kind, values, omic.scale)
    return transformed, notes + [f"{name}: {note}" for note in said]


def _clinical(source: CohortSource, data: Path, patients: tuple[str, ...]) -> pd.DataFrame:
    clinical = source.clinical
    if not clinical.columns:
        return pd.DataFrame(index=list(patients))
    strange = [c for c in clinical.categorical if c not in clinical.columns]
    if strange:
        raise CohortError(f"clinical column {strange[0]!r} is categorical, but not in `columns`")
    table = _patient_columns(source, data, patients, clinical.columns)
    for column in clinical.categorical:
        table[column] = labels(table[column]).where(table[column].notna())
    return clinical_block(table)


def _beside(source: CohortSource, data: Path, patients: tuple[str, ...]) -> pd.DataFrame:
    named = {k: c for k, c in source.beside.model_dump().items() if c}
    if not named:
        return pd.DataFrame(index=list(patients))
    table = _patient_columns(source, data, patients, tuple(dict.fromkeys(named.values())))
    columns = {k: labels(table[c]).where(table[c].notna()) for k, c in named.items()}
    return pd.DataFrame(columns, index=list(patients))


def _patient_columns(
    source: CohortSource, data: Path, patients: tuple[str, ...], columns: tuple[str, ...]
) -> pd.DataFrame:
    """Columns of the clinical table, a row per patient of the cohort."""
    clinical = source.clinical
    file = clinical.file or source.outcome.file
    table = read_table(
        data / file, clinical.id or ("" if clinical.file else source.outcome.patient)
    )
    if not set(patients) & set(table.index):
        raise CohortError(
            f"clinical data of {file}: " + _no_overlap(set(patients), set(table.index))
        )
    absent = [c for c in columns if c not in table.columns]
    if absent:
        raise CohortError(f"clinical column {absent[0]!r} is not in {file}")
    return table[~table.index.duplicated()][list(columns)].reindex(list(patients))


def _outcome(rows: pd.DataFrame, o: OutcomeSource, t: TreatmentSource) -> Outcome:
    found = labels(rows[t.column])
    arms = (t.reference, *(t.arms or sorted(set(found) - {t.reference})))
    arm = pd.Index(arms).get_indexer(found)
    survival = o.kind == "survival"
    value = numeric(rows[[o.time if survival else o.value]], o.file).to_numpy()[:, 0]
    event = _event(rows, o) if survival else np.ones(len(rows), dtype=bool)
    if o.clip is not None:
        value = value.clip(*o.clip)
    if o.better == "lower" and not survival:
        value = 1 - value if o.kind == "binary" else -value
    stratum = np.zeros(len(rows), dtype=int)
    for column in t.strata:
        codes, levels = pd.factorize(labels(rows[column]), sort=True)
        stratum = stratum * len(levels) + codes
    return Outcome(
        kind=o.kind,
        patient=tuple(rows.index),
        arm=arm,
        arms=arms,
        value=value,
        event=event,
        stratum=stratum,
        randomised=t.randomised,
        crossover=t.crossover,
        horizon=(o.horizon or _horizon(value)) if survival else 0.0,
        unit=o.unit,
    )


def labels(column: pd.Series) -> pd.Series:
    """A column as text; whole numbers without a decimal point, as a user writes them."""
    if pd.api.types.is_float_dtype(column) and (column.dropna() % 1 == 0).all():
        column = column.astype("Int64")
    return column.astype(str)


def _event(rows: pd.DataFrame, o: OutcomeSource) -> np.ndarray:
    found = numeric(rows[[o.event]], o.file).to_numpy()[:, 0]
    if not np.isin(found, (0, 1)).all():
        codes = ", ".join(f"{x:g}" for x in np.unique(found)[:4])
        raise CohortError(
            f"the event column {o.event!r} holds {codes}; recode it to 1 = event, 0 = censored"
        )
    return np.asarray(found == 1)


def _horizon(time: np.ndarray) -> float:
    """Whole years that a fifth of the rows were followed beyond; else that time itself."""
    reached = float(np.quantile(time, 0.8))
    return 12.0 * (reached // 12) or reached


def _feature_maps(
    source: CohortSource, folder: Path, tables: Mapping[str, pd.DataFrame]
) -> dict[str, pd.DataFrame]:
    found = {
        name: feature_map(
            folder / omic.feature_map if omic.feature_map else None, omic.kind, tables[name].columns
        )
        for name, omic in source.omics.items()
    }
    return {name: table for name, table in found.items() if table is not None}


def _no_overlap(wanted: set[str], found: set[str]) -> str:
    return (
        f"no patient id in common: the outcome table has {_example(wanted)}, the measurements "
        f"have {_example(found)}; do both use the same kind of id?"
    )


def _example(ids: set[str]) -> str:
    """The shape of an id, not the id itself: digits as 9, letters as x."""
    if not ids:
        return "none"
    text = min(ids)
    return "ids such as " + "".join(
        "9" if c.isdigit() else "x" if c.isalpha() else c for c in text[:20]
    )
