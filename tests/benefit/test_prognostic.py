"""Prognostic metrics: known answers, properties, and scikit-survival as a third opinion."""

from __future__ import annotations

import numpy as np
import pytest
from pytest import approx

from pathgnn.benefit.censored import FollowUp, censoring_curve
from pathgnn.benefit.prognostic import (
    score_binary,
    score_continuous,
    score_survival,
    uno_c,
)

TIME = np.linspace(0, 20, 81)


def _rows(n, seed, lost_rate=0.03):
    rng = np.random.default_rng(seed)
    rate = np.exp(rng.normal(-2.5, 0.7, n))
    died = rng.exponential(1 / rate)
    lost = rng.exponential(1 / lost_rate, n) if lost_rate else np.full(n, np.inf)
    rows = FollowUp(np.minimum(died, lost), died <= lost, np.zeros(n, dtype=bool))
    return rows, np.exp(-rate[:, None] * TIME)


def test_a_perfect_order_is_one_and_a_constant_one_half():
    rows, _ = _rows(80, 0, lost_rate=0)
    perfect = np.exp(-TIME / rows.time[:, None])
    assert score_survival(rows, perfect, TIME).harrell_c == 1
    constant = np.tile(np.exp(-0.1 * TIME), (80, 1))
    got = score_survival(rows, constant, TIME)
    assert (got.harrell_c, got.uno_c) == (approx(0.5), approx(0.5))


def test_uno_is_harrell_without_censoring_up_to_the_end():
    rows, survival = _rows(60, 1, lost_rate=0)
    expected = np.trapezoid(survival, TIME, axis=1)
    free = censoring_curve(rows.time, rows.event)
    got = uno_c(rows, expected, rows.time.max() + 1, free)
    assert got == approx(score_survival(rows, survival, TIME).harrell_c)


def test_uno_and_brier_are_scikit_survivals():
    metrics = pytest.importorskip("sksurv.metrics")
    from sksurv.util import Surv

    rows, survival = _rows(300, 2)
    y = Surv.from_arrays(rows.event, rows.time)
    got = score_survival(rows, survival, TIME)
    expected = np.trapezoid(survival, TIME, axis=1)
    assert got.uno_c == approx(metrics.concordance_index_ipcw(y, y, -expected, tau=20)[0], abs=2e-3)
    inner = TIME[4:]
    theirs = metrics.integrated_brier_score(y, y, survival[:, 4:], inner)
    ours = score_survival(rows, survival[:, 4:], inner)
    assert ours.integrated_brier == approx(theirs, abs=2e-3)


def test_kaplan_meier_has_a_scaled_brier_of_zero_and_the_truth_more():
    rows, survival = _rows(600, 3)
    got = score_survival(rows, survival, TIME)
    assert got.scaled_brier > 0.05
    assert abs(got.calibration) < 0.05
    too_good = score_survival(rows, survival**0.3, TIME)
    assert too_good.calibration > 0.1
    assert too_good.integrated_brier > got.integrated_brier


def test_a_competing_event_is_no_event_later():
    rows, survival = _rows(200, 4, lost_rate=0)
    competing = rows.time > np.median(rows.time)
    other = FollowUp(rows.time, rows.event & ~competing, competing)
    got = score_survival(other, survival, TIME)
    assert got.events == int((other.event & (other.time < 20)).sum())
    assert np.isfinite(got.integrated_brier)


def test_binary_known_answer():
    # (.2^2 + .2^2 + .4^2 + .4^2) / 4; of four pairs all in order.
    got = score_binary(np.array([0.0, 1, 0, 1]), np.array([0.2, 0.8, 0.4, 0.6]))
    assert (got.brier, got.auc, got.null_brier) == (approx(0.1), 1, 0.25)


def test_a_calibrated_probability_has_slope_one_and_intercept_zero():
    rng = np.random.default_rng(5)
    p = rng.uniform(0.05, 0.95, 20000)
    value = (rng.random(20000) < p).astype(float)
    got = score_binary(value, p)
    assert (got.slope, got.intercept) == (approx(1, abs=0.06), approx(0, abs=0.06))
    odds = np.log(p / (1 - p))
    assert score_binary(value, 1 / (1 + np.exp(-2 * odds))).slope == approx(0.5, abs=0.04)


def test_continuous_known_answer():
    value = np.array([1.0, 2, 3, 4])
    got = score_continuous(value, 2 * value)
    assert (got.r, got.slope) == (approx(1), approx(0.5))
    # Errors 1, 2, 3, 4: 30 over a total of 5.
    assert got.r2 == approx(1 - 30 / 5)
    assert score_continuous(value, np.full(4, 2.5)) == (4, 0.0, 0.0, 0.0)


def test_with_competing_events_the_true_incidence_is_calibrated():
    # Constant hazards .02 and .06: the incidence by t is (1 - exp(-.08 t)) / 4.
    time, found = np.linspace(0, 30, 16), []
    true = 1 - (1 - np.exp(-0.08 * time)) / 4
    for seed in range(8):
        rng, n = np.random.default_rng(seed), 2000
        first, second = rng.exponential(1 / 0.02, n), rng.exponential(1 / 0.06, n)
        lost = rng.uniform(0, 40, n)
        month = np.minimum(np.minimum(first, second), lost)
        rows = FollowUp(month, first == month, second == month)
        found.append(score_survival(rows, np.tile(true, (n, 1)), time))
    assert np.mean([s.calibration for s in found]) == approx(0, abs=0.008)
    # The Brier score of the truth is S (1 - S).
    brier = np.trapezoid(true * (1 - true), time) / 30
    assert np.mean([s.integrated_brier for s in found]) == approx(brier, rel=0.02)


def test_a_score_does_not_hang_on_the_unit():
    rng = np.random.default_rng(0)
    x = rng.normal(size=60)
    y = x + rng.normal(size=60)
    one, tiny = score_continuous(y, x), score_continuous(1e-8 * y, 1e-8 * x)
    assert (tiny.r, tiny.slope) == approx((one.r, one.slope))


def test_competing_events_and_censoring_leave_uno_where_it_is_without_censoring():
    rng, by_censoring = np.random.default_rng(5), []
    for lost_rate in (0.0, 1.0):
        x = rng.normal(size=4000)
        ours, other = (rng.exponential(np.exp(-k * x)) for k in (0.5, 1.5))
        lost = rng.exponential(1 / lost_rate, 4000) if lost_rate else np.full(4000, np.inf)
        time = np.minimum.reduce([ours, 0.6 * other, lost])
        rows = FollowUp(time, ours == time, 0.6 * other == time)
        free = censoring_curve(rows.time, rows.ended)
        by_censoring.append(uno_c(rows, -x, 1.0, free))
    assert by_censoring[1] == approx(by_censoring[0], abs=0.025)


def test_nobody_who_can_be_compared_is_no_number():
    time = np.r_[np.arange(1.0, 19), 19.0, 19.0]
    rows = FollowUp(time, time == 19, np.zeros(20, dtype=bool))
    got = score_survival(rows, np.exp(-TIME / time[:, None]), TIME)
    assert np.isnan(got.harrell_c)
    assert np.isnan(got.uno_c)
