"""Tables that are given instead of read: are ids, kinds and covariates what they must be?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import get_args

import numpy as np
import pandas as pd

from pathgnn.cohort.sources import OmicKind
from pathgnn.errors import CohortError


def check_patients(name: str, patients: tuple[str, ...]) -> None:
    """Refuse a patient who is listed twice.

    Raises:
        CohortError: saying how many.
    """
    if n := len(patients) - len(set(patients)):
        raise CohortError(f"cohort '{name}' lists {n} patient(s) twice; list each once")


def check_kinds(omics: Iterable[str], kinds: Mapping[str, str]) -> None:
    """Refuse an omic of no kind or of one that is not known.

    Raises:
        CohortError: naming it.
    """
    for omic in omics:
        if kinds.get(omic) not in get_args(OmicKind):
            known = ", ".join(get_args(OmicKind))
            raise CohortError(
                f"omic '{omic}' is of kind {kinds.get(omic)!r}; set `kinds` to one of {known}"
            )


def check_clinical(clinical: pd.DataFrame, patients: tuple[str, ...]) -> None:
    """Refuse covariates that cannot be joined to patients, or that are no numbers.

    Raises:
        CohortError: saying which column, or what is wrong with the index.
    """
    if clinical.index.has_duplicates:
        n = int(clinical.index.duplicated().sum())
        raise CohortError(f"the clinical table has {n} patient(s) twice; keep one row of each")
    if len(clinical.columns) and not clinical.index.isin(patients).any():
        raise CohortError(
            "no row of the clinical table is of a patient; its index must hold the patient ids"
        )
    for column, values in clinical.items():
        if not pd.api.types.is_numeric_dtype(values):
            raise CohortError(
                f"covariate {column!r} is no number; write levels as columns of 0 and 1"
            )
        if np.isinf(values.to_numpy(dtype=float, na_value=np.nan)).any():
            raise CohortError(f"covariate {column!r} is infinite somewhere; mend or leave it out")
