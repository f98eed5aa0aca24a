"""A cohort as a folder of tables that a study file reads back as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pathgnn.cohort.cohort import Cohort
from pathgnn.cohort.read_outcome import SUBGROUP
from pathgnn.cohort.sources import (
    BesideSource,
    ClinicalSource,
    CohortSource,
    OmicSource,
    OutcomeSource,
    TreatmentSource,
)
from pathgnn.errors import CohortError
from pathgnn.files import write_csv, write_parquet

CLINICAL, OUTCOME = "clinical.parquet", "outcome.parquet"
# Code of a competing event beside 0 and 1, and the column of an arm's known probability.
COMPETING, PROBABILITY = 2, "probability of {}"
# Scales that leave the values of a cohort, which are transformed already, as they are.
AS_IT_IS = {
    "methylation": "m",
    "copy_number": "log2_ratio",
    "mutation": "auto",
    "signature": "auto",
}


def to_folder(cohort: Cohort, folder: Path) -> CohortSource:
    """Write one parquet per omic, one of covariates and one of outcomes.

    Returns:
        The cohort part of the study that reads them back: the same cohort, but for its notes.

    Raises:
        CohortError: the name of an omic that is no name of a file.
    """
    names = (OUTCOME, CLINICAL, *(f"{name}.parquet" for name in cohort.omics))
    strange = [n for n in names if Path(n).name != n or names.count(n) > 1]
    if strange:
        raise CohortError(f"an omic cannot be written as {strange[0]!r}; rename it")
    omics = {name: _omic(cohort, name, folder) for name in cohort.omics}
    write_parquet(folder / OUTCOME, _rows(cohort))
    kept = [str(k) for k in cohort.beside.columns]
    apart = {k: k.removeprefix(SUBGROUP) for k in kept if k.startswith(SUBGROUP)}
    beside = {k: f"beside.{k}" for k in kept if k not in apart}
    # A column by which patients are shown apart may be a covariate, too, and is written once.
    again = [k for k, name in apart.items() if name in cohort.clinical.columns]
    table = cohort.beside.drop(columns=again).rename(columns=beside | apart)
    columns = cohort.clinical.join(table).reindex(list(cohort.patients))
    if columns.shape[1]:
        write_parquet(folder / CLINICAL, columns)
    return CohortSource(
        name=cohort.name,
        omics=omics,
        clinical=ClinicalSource(
            file=CLINICAL if columns.shape[1] else "", columns=tuple(cohort.clinical.columns)
        ),
        beside=BesideSource.model_validate(beside | {"subgroups": tuple(apart.values())}),
        outcome=_outcome_source(cohort),
        treatment=_treatment_source(cohort),
    )


def _omic(cohort: Cohort, name: str, folder: Path) -> OmicSource:
    write_parquet(folder / f"{name}.parquet", cohort.omics[name])
    settings: dict[str, Any] = {"file": f"{name}.parquet", "kind": cohort.kinds[name]}
    if name in cohort.feature_maps:
        settings["feature_map"] = f"{name}.map.csv"
        write_csv(folder / settings["feature_map"], cohort.feature_maps[name])
    settings["scale"] = AS_IT_IS.get(cohort.kinds[name], "log")
    return OmicSource.model_validate(settings)


def _rows(cohort: Cohort) -> pd.DataFrame:
    outcome = cohort.outcome
    table = pd.DataFrame({"arm": [outcome.arms[a] for a in outcome.arm], "value": outcome.value})
    table["event"] = np.where(outcome.competing, COMPETING, outcome.event.astype(int))
    for arm, p in zip(outcome.arms, outcome.propensity.T, strict=False):
        table[PROBABILITY.format(arm)] = p
    # As text of equal length, so that their order is that of the numbers.
    width = len(str(int(outcome.stratum.max())))
    table["stratum"] = [str(int(s)).zfill(width) for s in outcome.stratum]
    return table.set_axis(pd.Index(outcome.patient, name="patient"), axis=0)


def _outcome_source(cohort: Cohort) -> OutcomeSource:
    outcome = cohort.outcome
    names: dict[str, Any]
    if outcome.kind == "survival":
        names = {"time": "value", "event": "event", "horizon": outcome.horizon}
        names |= {"competing": (str(COMPETING),)} if outcome.competing.any() else {}
    else:
        names = {"value": "value"}
    return OutcomeSource.model_validate(
        {"file": OUTCOME, "kind": outcome.kind, "unit": outcome.unit, **names}
    )


def _treatment_source(cohort: Cohort) -> TreatmentSource:
    outcome = cohort.outcome
    known = outcome.arms if outcome.propensity.shape[1] else ()
    return TreatmentSource(
        column="arm",
        reference=outcome.arms[0],
        arms=outcome.arms[1:],
        randomised=outcome.randomised,
        strata=("stratum",) if outcome.stratum.max() > 0 else (),
        crossover=outcome.crossover,
        probability={arm: PROBABILITY.format(arm) for arm in known},
    )
