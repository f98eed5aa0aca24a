"""RATE, calibration, the sequential test."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest import approx

from pathgnn.benefit.metrics import (
    Estimate,
    autoc,
    autoc_with_se,
    blp_slope,
    qini,
    sequential_test,
    toc,
)


def test_autoc_of_a_perfect_uniform_ranking_is_a_quarter_and_qini_a_twelfth():
    tau = np.linspace(0, 1, 20001)
    assert autoc(tau, tau) == approx(1 / 4, abs=1e-3)
    assert qini(tau, tau) == approx(1 / 12, abs=1e-3)


def test_toc_known_answer():
    # Gains 3, 1, 2 in order of priority; mean 2: tops 3, 2, 2 minus 2.
    assert toc(np.array([9.0, 5.0, 1.0]), np.array([3.0, 1.0, 2.0])) == approx([1.0, 0.0, 0.0])


@given(st.lists(st.tuples(st.floats(-9, 9), st.floats(-9, 9)), min_size=2, max_size=30))
def test_closed_form_of_autoc_is_the_mean_of_the_toc(pairs):
    priority, gain = np.array(pairs).T
    assert autoc(priority, gain) == approx(toc(priority, gain).mean(), abs=1e-9)


@given(st.lists(st.floats(-9, 9), min_size=2, max_size=30), st.floats(-5, 5))
def test_a_constant_ranking_or_gain_says_nothing(values, constant):
    gain = np.array(values)
    assert autoc(np.full(len(gain), constant), gain) == approx(0, abs=1e-9)
    assert autoc(gain, np.full(len(gain), constant)) == approx(0, abs=1e-9)


def test_half_sample_error_is_near_the_spread_over_samples():
    rng = np.random.default_rng(0)
    draws, errors = [], []
    for _ in range(150):
        tau = rng.standard_normal(200)
        gain = tau + rng.standard_normal(200)
        estimate = autoc_with_se(tau, gain, rng)
        draws.append(estimate.value)
        errors.append(estimate.se)
    assert np.mean(errors) == approx(np.std(draws), rel=0.2)


def test_sequential_test_rejects_at_its_level_under_the_null():
    # 300 cohorts of 100 without effect modification, four later folds of 20, a useless ranking
    # that is learned on the earlier folds: nearest neighbour on noise.
    rng, rejected = np.random.default_rng(1), 0
    for _ in range(300):
        x, gain = rng.standard_normal(100), rng.standard_normal(100)
        folds = []
        for k in range(1, 5):
            slope = np.polyfit(x[: 20 * k], gain[: 20 * k], 1)[0]
            test = slice(20 * k, 20 * (k + 1))
            folds.append(autoc_with_se(slope * x[test], gain[test], rng))
        rejected += sequential_test(folds).p < 0.05
    assert 0.02 <= rejected / 300 <= 0.09


def test_sequential_test_known_answer():
    # t = 2 and 4: z = 6 / sqrt 2; a fold without any spread counts as 0.
    assert sequential_test([Estimate(2.0, 1.0), Estimate(2.0, 0.5)]).z == approx(6 / 2**0.5)
    assert sequential_test([Estimate(0.0, 0.0)]).z == 0


def test_blp_slope_recovers_the_scale_of_a_prediction():
    rng = np.random.default_rng(2)
    tau = rng.standard_normal(5000)
    slope = blp_slope(2 * tau, tau + rng.standard_normal(5000))
    assert slope.low < 0.5 < slope.high
    assert slope.se == approx(1 / 2 / 5000**0.5, rel=0.1)


def test_slope_of_a_constant_prediction_has_no_error_to_speak_of():
    assert blp_slope(np.ones(5), np.arange(5.0)) == (0.0, float("inf"))


@pytest.mark.parametrize("shift", [0.0, 3.0])
def test_adding_the_same_gain_to_all_changes_no_ranking_metric(shift):
    rng = np.random.default_rng(3)
    tau, gain = rng.standard_normal((2, 50))
    assert autoc(tau, gain + shift) == approx(autoc(tau, gain))
