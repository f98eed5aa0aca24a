"""Cohorts made of tables in memory: what cannot be joined or counted ends in a sentence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pathgnn.cohort.cohort import _rows
from pathgnn.errors import CohortError


def _twice(cohort):
    return {"patients": (*cohort.patients, cohort.patients[0])}


def _unknown_kind(cohort):
    return {"kinds": {name: "rna" for name in cohort.omics}}


def _without_ids(cohort):
    return {"clinical": cohort.clinical.reset_index(drop=True)}


def _same_row_twice(cohort):
    return {"clinical": pd.concat([cohort.clinical, cohort.clinical.iloc[:1]])}


def _words(cohort):
    return {"clinical": cohort.clinical.assign(sex="m")}


def _infinite(cohort):
    return {"clinical": cohort.clinical.assign(age=np.inf)}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_twice, "lists 1 patient"),
        (_unknown_kind, "is of kind 'rna'"),
        (_without_ids, "index must hold the patient ids"),
        (_same_row_twice, "1 patient.s. twice"),
        (_words, "covariate 'sex' is no number"),
        (_infinite, "covariate 'age' is infinite"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(trial, change, said):
    with pytest.raises(CohortError, match=said):
        replace(trial[0], **change(trial[0]))


def test_series_and_whole_floats_are_taken_by_place():
    series = pd.Series([0.0, 1.0, 1.0], index=["b", "a", "c"])
    assert _rows("arm", series, 3).tolist() == [0, 1, 1]
    assert _rows("arm", series, 3).dtype == int
    assert _rows("value", series, 3).dtype == float


def test_columns_of_another_length_and_arms_out_of_range_are_refused(trial):
    with pytest.raises(CohortError, match="`event` of the outcome has 2 rows, `patient` has 3"):
        _rows("event", [True, False], 3)
    outcome = trial[0].outcome
    with pytest.raises(CohortError, match="place of each row's arm"):
        replace(outcome, arm=outcome.arm + 1)
