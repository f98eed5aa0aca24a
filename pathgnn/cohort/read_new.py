"""New patients, to be predicted: measurements and covariates, whatever is known of outcomes."""

from __future__ import annotations

from pathlib import Path

from pathgnn.cohort.cohort import Cohort
from pathgnn.cohort.outcome_rows import kept
from pathgnn.cohort.read_everyone import no_outcome
from pathgnn.cohort.read_table import read_table
from pathgnn.cohort.read_tables import measured_of
from pathgnn.cohort.sources import CohortSource


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
    return measured_of(source, data, maps, _listed(source, data), no_outcome, [])


def _listed(source: CohortSource, data: Path) -> tuple[str, ...]:
    """Ids of the outcome table, of the rows that the study keeps where it can be told."""
    table = read_table(data / source.outcome.file, source.outcome.patient)
    there = {c: v for c, v in source.keep.items() if c in table.columns}
    return tuple(dict.fromkeys(kept(table, source.model_copy(update={"keep": there})).index))
