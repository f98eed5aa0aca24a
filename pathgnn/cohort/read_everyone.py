"""Everybody with a measurement, outcome or not: what pretraining learns from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from pathgnn.cohort.cohort import Cohort, Outcome
from pathgnn.cohort.outcome_rows import outcome_rows
from pathgnn.cohort.raw_table import RawTable
from pathgnn.cohort.read_tables import feature_maps_of, omics_of, open_omics
from pathgnn.cohort.samples import Samples, barcodes, read_samples
from pathgnn.cohort.sources import CohortSource


def read_everyone(
    source: CohortSource,
    data: Path,
    maps: Path | None = None,
    healthy: frozenset[str] = frozenset(),
) -> Cohort:
    """The omics of all patients that a study's files hold.

    Outcomes, arms and covariates are not those of the study: nobody has any, and what stands in
    their place alternates. Only the measurements mean anything.

    Args:
        source: The cohort part of the study file.
        data: Folder that the paths of the tables start from.
        maps: Folder that the paths of feature maps start from; None: `data`.
        healthy: Ids that a study names as healthy samples: they are no patients.
    """
    labelled = set(outcome_rows(source, data)[0].index)
    samples = read_samples(source.samples, data)
    known = labelled if samples is None else labelled | set(samples.patient.index)
    opened = open_omics(source, data, known)
    wanted = labelled.union(*(_patients(raw, labelled, samples) for raw in opened.values()))
    wanted -= healthy
    omics, _, scales, notes = omics_of(source, opened, wanted, samples)
    patients = tuple(dict.fromkeys(p for name in omics for p in omics.patients(name)))
    return Cohort(
        name=source.name,
        patients=patients,
        omics=omics.of(patients),
        kinds={k: o.kind for k, o in source.omics.items()},
        clinical=pd.DataFrame(index=list(patients)),
        outcome=no_outcome(patients),
        feature_maps=feature_maps_of(source, maps or data, omics),
        notes=(*notes, f"{len(set(patients) - labelled)} patients without an outcome"),
        scales=scales,
    )


def _patients(raw: RawTable, labelled: set[str], samples: Samples | None) -> set[str]:
    """Whose samples a table holds: the ids are patients', or told by the samples' table or name."""
    if samples is not None and raw.ids.isin(samples.patient.index).any():
        return set(samples.patient.reindex(raw.ids).dropna())
    if raw.ids.isin(labelled).any():
        return set(raw.ids)
    by_name = barcodes(raw.ids)
    return set() if by_name is None else set(by_name.patient)


def no_outcome(patients: tuple[str, ...]) -> Outcome:
    """What stands where an outcome is asked for."""
    place = np.arange(len(patients)) % 2
    return Outcome(
        kind="continuous",
        patient=patients,
        arm=place,
        arms=("none", "neither"),
        value=place.astype(float),
        event=np.ones(len(patients), dtype=bool),
        stratum=np.zeros(len(patients), dtype=int),
        randomised=True,
        is_known=False,
    )
