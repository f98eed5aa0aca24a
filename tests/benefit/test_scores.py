"""Pseudo-outcomes: AIPW and censoring-unbiased months."""

from __future__ import annotations

import numpy as np
import pytest
from pytest import approx

from pathgnn.benefit.scores import (
    aipw,
    censoring_curve,
    censoring_unbiased,
    check_horizon,
    crossover_propensity,
    overlap_weight,
)
from pathgnn.errors import CohortError

GRID = np.linspace(0, 24, 200)


def test_aipw_with_a_perfect_outcome_model_is_the_model():
    mu = np.array([[1.0, 2.0], [0.0, 5.0]])
    gamma = aipw(np.array([2.0, 0.0]), np.array([1, 0]), np.arange(2), np.full((2, 2), 0.5), mu)
    assert gamma == approx(mu)


def test_aipw_of_two_arms_without_model_is_inverse_weighting():
    # No outcome model: 1 / e times the outcome in the arm taken, 0 in the other.
    e = np.array([[0.25, 0.75], [0.25, 0.75]])
    gamma = aipw(np.array([3.0, 2.0]), np.array([1, 0]), np.arange(2), e, np.zeros((2, 2)))
    assert gamma == approx(np.array([[0.0, 4.0], [8.0, 0.0]]))


def test_a_patient_observed_in_both_arms_scores_the_observed_difference():
    arm, patient_of = np.array([0, 1, 0]), np.array([0, 0, 1])
    e = crossover_propensity(arm, patient_of, 2)
    gamma = aipw(
        np.array([10.0, 30.0, 7.0]), arm, patient_of, e, np.array([[1.0, 2.0], [3.0, 4.0]])
    )
    assert gamma[0] == approx([10, 30])
    # Never seen in arm 1, so the model stands in there.
    assert gamma[1] == approx([7, 4])


def test_overlap_weights_have_mean_one_and_favour_balance():
    weight = overlap_weight(np.array([[0.5, 0.5], [0.9, 0.1]]), np.arange(2), 2)
    assert weight.mean() == approx(1)
    assert weight[0] / weight[1] == approx(0.25 / 0.09)


def _exponential(n, rng):
    """Deaths at rate .06 + .06 x, censored at random; the truth in closed form."""
    x = rng.integers(0, 2, n)
    rate = 0.06 + 0.06 * x
    died, lost = rng.exponential(1 / rate), rng.exponential(1 / 0.04, n)
    truth = np.mean((1 - np.exp(-24 * np.array([0.06, 0.12]))) / np.array([0.06, 0.12]))
    return np.minimum(died, lost), died <= lost, np.exp(-rate[:, None] * GRID), truth


def test_without_censoring_it_is_the_restricted_time_exactly():
    rng = np.random.default_rng(0)
    time = rng.exponential(20, 50)
    event = np.ones(50, dtype=bool)
    curve = censoring_curve(time, event)
    wrong = np.exp(-0.3 * np.tile(GRID, (50, 1)))
    assert censoring_unbiased(time, event, 24.0, curve, wrong, GRID) == approx(np.minimum(time, 24))


@pytest.mark.parametrize("survival_right", [True, False])
@pytest.mark.parametrize("censoring_right", [True, False])
def test_right_if_either_model_is_right(survival_right, censoring_right):
    time, event, survival, truth = _exponential(12000, np.random.default_rng(1))
    if not survival_right:
        survival = np.exp(-0.02 * np.tile(GRID, (len(time), 1)))
    curve = censoring_curve(time, event)
    if not censoring_right:
        curve = curve._replace(hazard=curve.hazard / 3, free=curve.free ** (1 / 3))
    mean = censoring_unbiased(time, event, 24.0, curve, survival, GRID).mean()
    naive = np.minimum(time, 24).mean()
    assert naive < 0.8 * truth
    if survival_right or censoring_right:
        assert mean == approx(truth, rel=0.025)
    else:
        assert abs(mean - truth) > 0.04 * truth


def test_a_horizon_beyond_the_follow_up_names_the_largest_usable_one():
    time = np.array([1.0, 2.0, 3.0, 4.0, 50.0])
    curve = censoring_curve(time, np.zeros(5, dtype=bool))
    with pytest.raises(CohortError, match="largest usable horizon is 50"):
        check_horizon(curve, 60.0, 50.0)
