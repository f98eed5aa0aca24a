"""New patients, to be predicted: measurements and covariates, whatever is known of outcomes."""

from __future__ import annotations

from pathlib import Path

from pathgnn.cohort.cohort import Cohort
from pathgnn.cohort.read_everyone import no_outcome
from pathgnn.cohort.read_outcome import beside_table, kept
from pathgnn.cohort.read_table import read_table
from pathgnn.cohort.read_tables import covariates, feature_maps_of, omics_of, open_omics
from pathgnn.cohort.samples import read_samples
from pathgnn.cohort.sources import CohortSource
from pathgnn.errors import CohortError


def read_new(source: CohortSource, data: Path, maps: Path | None = None) -> Cohort:
    """Everybody whom the outcome table lists and an omic measures, be it one patient.

    Outcomes and arms are not read, and need not be there.

    Args:
        source: The cohort part of the study file.
        data: Folder that the paths of the tables start from.
        maps: Folder that the paths of feature maps start from; None: `data`.

    Raises:
        CohortError: bad tables, or nobody who was measured.
    """
    order = _listed(source, data)
    listed = set(order)
    samples = read_samples(source.samples, data)
    ids = listed if samples is None else listed | set(samples.patient.index)
    omics, used, scales, notes = omics_of(source, open_omics(source, data, ids), listed, samples)
    measured = set().union(*(set(omics.patients(k)) for k in omics)) if omics else listed
    patients = tuple(p for p in order if p in measured)
    if not patients:
        raise CohortError(f"no patient of {source.outcome.file} has an omic; do the ids agree?")
    if n_lost := len(listed) - len(patients):
        notes.append(f"{n_lost} patients of {source.outcome.file} have no omic: left out")
    return Cohort(
        name=source.name,
        patients=patients,
        omics=omics.of(patients),
        kinds={k: o.kind for k, o in source.omics.items()},
        clinical=covariates(source, data, patients, used),
        outcome=no_outcome(patients),
        feature_maps=feature_maps_of(source, maps or data, omics),
        notes=tuple(notes),
        beside=beside_table(source, data, patients),
        scales=scales,
    )


def _listed(source: CohortSource, data: Path) -> tuple[str, ...]:
    """Ids of the outcome table, of the rows that the study keeps where it can be told."""
    table = read_table(data / source.outcome.file, source.outcome.patient)
    there = {c: v for c, v in source.keep.items() if c in table.columns}
    return tuple(dict.fromkeys(kept(table, source.model_copy(update={"keep": there})).index))
