"""Healthy samples in the tables of a cohort: no patients, but what patients are compared with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from pathgnn.cohort.cohort import Cohort
from pathgnn.cohort.event_columns import labels
from pathgnn.cohort.facts import facts_of
from pathgnn.cohort.large_tables import Omics
from pathgnn.cohort.open_omic import listed_ids
from pathgnn.cohort.raw_table import RawTable
from pathgnn.cohort.read_table import TEXT, read_table, suffix_of
from pathgnn.cohort.read_tables import open_omics, samples_used, scale_used, values_of
from pathgnn.cohort.samples import normal_barcodes, normal_samples, read_samples
from pathgnn.cohort.small_cells import shown_names, shown_values
from pathgnn.cohort.sources import CohortSource, HealthySource
from pathgnn.errors import CohortError


class Healthy(NamedTuple):
    """Measurements of healthy samples: as much of a cohort as is laid on a graph.

    Each sample stands for itself under its own id. `kinds` and `feature_maps` are the cohort's.
    """

    patients: tuple[str, ...]
    omics: Omics
    kinds: Mapping[str, str]
    feature_maps: Mapping[str, pd.DataFrame]


def read_healthy(
    source: CohortSource, healthy: HealthySource, data: Path, cohort: Cohort
) -> Healthy:
    """The healthy samples that a study names, on the scales that its patients' samples decided.

    Args:
        source: The cohort part of the study file.
        healthy: Which samples are healthy.
        data: Folder that the paths of the tables start from.
        cohort: The patients, as `read_cohort` gives them.

    Raises:
        CohortError: none is named, or in a table; one is a patient's; values that are infinite.
    """
    samples, wanted = read_samples(source.samples, data), set(cohort.patients)
    known = wanted if samples is None else wanted | set(samples.patient.index)
    opened = open_omics(source, data, known)
    used, _ = samples_used(source, opened, wanted, samples)
    found = _found(source, healthy, data, opened)
    _refuse_patients(found, used)
    omics = {}
    for name, raw in opened.items():
        ids = pd.Series(found[name], index=found[name], dtype=object)
        scale = scale_used(name, source, raw, used[name]).scale
        # Few against the patients: they are held.
        omics[name] = Omics({name: values_of(name, source, raw, ids, scale)})[name]
        if facts_of(omics[name]).any_infinite:
            raise CohortError(
                f"omic '{name}' ({source.omics[name].file}) holds infinite values of healthy "
                "samples; were they measured on the scale of the patients?"
            )
    everyone = tuple(dict.fromkeys(i for ids in found.values() for i in ids))
    return Healthy(everyone, Omics(omics), cohort.kinds, cohort.feature_maps)


def _found(
    source: CohortSource, healthy: HealthySource, data: Path, opened: dict[str, RawTable]
) -> dict[str, list[str]]:
    """The healthy samples of every omic, in the order of its table.

    Raises:
        CohortError: none is named, or in a table.
    """
    named = named_healthy(healthy, data) if healthy.file else normal_samples(source.samples, data)
    by_name = not healthy.file and not named
    found = {}
    for name, raw in opened.items():
        normal = normal_barcodes(raw.ids) if by_name else named
        found[name] = [i for i in raw.ids if i in normal]
    if any(found.values()):
        return found
    if by_name:
        raise CohortError(
            'explain.reference = "healthy": no sample is known to be of normal tissue; name the '
            "samples in [explain.healthy] (`file`, a list or table of their ids), or their types "
            "in [cohort.samples] (`file` and `kind`)"
        )
    raise CohortError(
        f"no healthy sample that {healthy.file or source.samples.file} names is in a table of "
        f"{', '.join(opened)}; do both use the same kind of id?"
    )


def named_healthy(healthy: HealthySource, data: Path) -> set[str]:
    """Ids of the samples that the file calls healthy; none where no file is named.

    Raises:
        CohortError: no such file or column, or no row is kept.
    """
    if not healthy.file:
        return set()
    path = data / healthy.file
    if not healthy.id and not healthy.keep and suffix_of(path) in TEXT and path.suffix != ".gz":
        return set(listed_ids(path, "explain.healthy.file"))
    table = read_table(path, healthy.id)
    for column, values in healthy.keep.items():
        if column not in table.columns:
            raise CohortError(
                f"explain.healthy.keep: {healthy.file} has no column {column!r}; it has "
                f"{shown_names(table.columns)}"
            )
        texts = labels(table[column])
        table = table[texts.isin([str(v) for v in values])]
        if table.empty:
            raise CohortError(
                f"explain.healthy.keep: no row of {healthy.file} holds "
                f"{' or '.join(map(repr, values))} in {column!r}; it holds {shown_values(texts)}"
            )
    return set(table.index)


def _refuse_patients(found: dict[str, list[str]], used: dict[str, pd.Series]) -> None:
    for name, ids in found.items():
        n = len(set(ids) & set(used[name]))
        if n:
            raise CohortError(
                f"omic '{name}': {n} samples that are called healthy stand for patients of the "
                "cohort, who would be compared with themselves; leave them out of one of the two"
            )
