"""Events, competing events and known probabilities from the outcome table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pathgnn.cohort.read_outcome import outcome_of
from pathgnn.cohort.sources import OutcomeSource, TreatmentSource
from pathgnn.errors import CohortError


def _rows(event):
    n = len(event)
    return pd.DataFrame(
        {
            "arm": ["a", "b"] * (n // 2),
            "months": np.arange(1.0, n + 1),
            "status": event,
            "p_a": 0.25,
            "p_b": 0.75,
        },
        index=[f"x{i}" for i in range(n)],
    )


def _read(rows, probability=None, **words):
    outcome = OutcomeSource(
        file="o.csv", kind="survival", time="months", event="status", horizon=12.0, **words
    )
    treatment = TreatmentSource(
        column="arm", reference="a", randomised=True, probability=probability or {}
    )
    return outcome_of(rows, outcome, treatment)


def test_codes_zero_one_two_are_censored_event_and_competing():
    got = _read(_rows([0, 1, 2, 1] * 6), competing=("2",))
    assert got.event.tolist() == [False, True, False, True] * 6
    assert got.competing.tolist() == [False, False, True, False] * 6


def test_texts_of_events_and_competing_events():
    words = {"events": ("relapse",), "competing": ("died",)}
    got = _read(_rows(["relapse", "died", "alive", "relapse"] * 6), **words)
    assert got.event.sum() == 12
    assert got.competing.sum() == 6


def test_where_lower_is_better_the_unit_says_that_signs_are_turned():
    source = OutcomeSource(
        file="o.csv", kind="continuous", value="months", better="lower", unit="mm"
    )
    arms = TreatmentSource(column="arm", reference="a", randomised=True)
    got = outcome_of(_rows([0, 1] * 12), source, arms)
    assert got.value.tolist() == [-float(m) for m in range(1, 25)]
    assert got.unit == "mm less"


def test_known_probabilities_stand_in_the_order_of_the_arms():
    got = _read(_rows([0, 1] * 12), probability={"b": "p_b", "a": "p_a"})
    assert np.allclose(got.propensity, [[0.25, 0.75]] * 24)
    shared = _read(_rows([0, 1] * 12).assign(p=0.5), probability={"b": "p", "a": "p"})
    assert np.allclose(shared.propensity, 0.5)
    words = _rows([0, 1] * 12).assign(p="50%")
    with pytest.raises(CohortError, match=r"'p' holds .*; write numbers"):
        _read(words, probability={"b": "p", "a": "p"})


@pytest.mark.parametrize(
    ("rows", "words", "said"),
    [
        (_rows([0, 1, 2, 1] * 6), {}, "recode it to 1 = event"),
        (_rows([0, 1] * 12), {"competing": ("2",)}, "no row of o.csv holds the competing event"),
        (
            _rows(["e", "c"] * 12),
            {"events": ("e",), "competing": ("e",)},
            "named in `events` and in `competing`",
        ),
    ],
)
def test_wrong_codes_are_refused_in_words(rows, words, said):
    with pytest.raises(CohortError, match=said):
        _read(rows, **words)


@pytest.mark.parametrize(
    ("probability", "said"),
    [
        ({"a": "p_a"}, "lacks the arm 'b'"),
        ({"a": "p_a", "b": "p_a"}, "sum to 1 only within 0.5"),
        ({"a": "p_a", "b": "months"}, "at most 1"),
    ],
)
def test_probabilities_that_cannot_be_are_refused(probability, said):
    with pytest.raises(CohortError, match=said):
        _read(_rows([0, 1] * 12), probability=probability)
