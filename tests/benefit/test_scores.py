"""AIPW scores and overlap weights."""

from __future__ import annotations

import numpy as np
from pytest import approx

from pathgnn.benefit.scores import aipw, crossover_propensity, overlap_weight


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
    assert weight[0, 0] / weight[1, 0] == approx(0.25 / 0.09)


def test_overlap_of_two_arms_is_not_that_of_a_third():
    # Half of the patients could not have had the third arm; of the first two they say as much.
    e = np.array([[0.5, 0.5, 0.0], [0.4, 0.4, 0.2]])
    weight = overlap_weight(e, np.arange(2), 2)
    assert weight[0, 0] / weight[1, 0] == approx(0.25 / 0.2)
    assert weight[0, 1] < 0.01
    assert weight.mean() == approx(1)
