"""The true benefit of simulated outcomes, against large draws, closed forms and lifelines."""

from __future__ import annotations

import numpy as np
import pytest
from lifelines import KaplanMeierFitter
from lifelines.utils import restricted_mean_survival_time
from scipy.special import gamma, gammainc
from simulated_cases import BIG, made

from pathgnn.cohort.simulated_outcome import Curve, SimulatedOutcome, curves, draw_outcome

MONTHS = 36.0


def lived(time, event):
    """RMST by the Kaplan-Meier curve of lifelines."""
    fitted = KaplanMeierFitter().fit(time, event)
    return restricted_mean_survival_time(fitted, t=MONTHS)


def gained(outcome):
    """Difference in RMST of the arms, every patient alike."""
    by_arm = [(outcome.value[outcome.arm == k], outcome.event[outcome.arm == k]) for k in (0, 1)]
    return lived(*by_arm[1]) - lived(*by_arm[0])


def test_months_lived_known_answer():
    # Area under exp(-a t^p) up to H: a^(-1/p) Gamma(1 + 1/p) P(1/p, a H^p).
    rate, zero = np.array([0.001, 0.02, 0.5, 8.0]), np.zeros(4)
    for power in (0.8, 1.0, 1.2, 2.0):
        area = Curve(rate, zero, zero, power, 0.0).months_lived(MONTHS)
        closed = rate ** (-1 / power) * gamma(1 + 1 / power)
        closed = closed * gammainc(1 / power, rate * MONTHS**power)
        assert area == pytest.approx(closed, abs=1e-6)


def test_a_hazard_that_changes_known_answer():
    # Exponential: .1 a month to month 5, then .05; months to H = 15.
    curve = Curve(np.array([0.1]), np.array([0.0]), np.log([0.5]), 1.0, 5.0)
    first = (1 - np.exp(-0.5)) / 0.1
    then = np.exp(-0.5) * (1 - np.exp(-0.05 * 10)) / 0.05
    assert curve.months_lived(15.0)[0] == pytest.approx(first + then, abs=1e-9)
    for month in (2.0, 5.0, 11.0):
        hazard = curve.cumulative_hazard(np.array(month))
        assert curve.months_until(hazard)[0] == pytest.approx(month)


@pytest.mark.parametrize("hazards", ["proportional", "crossing"])
def test_survival_benefit_is_the_difference_in_months_of_a_large_draw(hazards):
    outcome = {"kind": "survival", "hazards": hazards, "censored": 0.0}
    cohort, truth = made(BIG, outcome=outcome, mechanism={"mean_benefit": 1.0})
    assert cohort.outcome.horizon == MONTHS
    assert cohort.outcome.event.all()
    # One standard error is about .2 months.
    assert gained(cohort.outcome) == pytest.approx(truth.benefit.mean(), abs=0.5)
    assert truth.benefit.mean() > 1


def test_one_patient_many_times_lives_as_long_as_its_truth_says():
    n, settings = 40_000, SimulatedOutcome(kind="survival", censored=0.0, hazards="crossing")
    outlook, benefit, arm = np.full(n, 0.3), np.full((n, 1), 1.2), np.arange(n) % 2
    drawn = draw_outcome(outlook, benefit, arm, settings, np.random.default_rng(2))
    kept = np.minimum(drawn.value, MONTHS)
    assert kept[arm == 1].mean() - kept[arm == 0].mean() == pytest.approx(drawn.tau[0, 0], abs=0.35)


def test_crossing_hazards_cross_at_their_month_and_proportional_ones_never():
    outlook, score = np.array([0.2]), np.array([[0.2, 1.0]])
    ratios = {}
    for hazards in ("proportional", "crossing"):
        control, treated = curves(outlook, score, SimulatedOutcome(hazards=hazards))
        grid = np.arange(0.5, 30.0, 0.5)
        a, b = (
            [float(c.cumulative_hazard(np.array(t))[0]) for t in grid] for c in (control, treated)
        )
        ratios[hazards] = np.diff(b) / np.diff(a)
    assert ratios["proportional"] == pytest.approx(np.exp(-0.8))
    before = grid[:-1] < 6.0
    assert (ratios["crossing"][before] > 1.2).all()
    assert (ratios["crossing"][~before] < 0.5).all()


def test_the_share_asked_for_is_censored():
    for censoring in ("independent", "informative"):
        for share in (0.2, 0.6):
            outcome = {"kind": "survival", "censored": share, "censoring": censoring}
            event = made(outcome=outcome).cohort.outcome.event
            assert 1 - event.mean() == pytest.approx(share, abs=0.01)


def test_informative_censoring_misleads_kaplan_meier_and_leaves_the_truth():
    strong = {"mean_benefit": 0.0, "sd_prognosis": 2.0}
    found, taus = {}, {}
    for censoring in ("independent", "informative"):
        outcome = {"kind": "survival", "censored": 0.5, "censoring": censoring}
        cohort, truth = made(BIG, outcome=outcome, mechanism=strong)
        control = cohort.outcome.arm == 0
        found[censoring] = lived(cohort.outcome.value[control], cohort.outcome.event[control])
        taus[censoring] = truth.tau
    all_seen = {"kind": "survival", "censored": 0.0}
    complete = made(BIG, outcome=all_seen, mechanism=strong).cohort.outcome
    lives = np.minimum(complete.value[complete.arm == 0], MONTHS).mean()
    assert found["independent"] == pytest.approx(lives, abs=0.4)
    assert found["informative"] > lives + 1.0
    assert (taus["independent"] == taus["informative"]).all()


def test_binary_benefit_is_the_difference_in_shares_of_a_large_draw():
    cohort, truth = made(BIG, outcome={"kind": "binary", "good_share": 0.3})
    arm, good = cohort.outcome.arm, cohort.outcome.value
    assert good[arm == 0].mean() == pytest.approx(0.3, abs=0.015)
    # One standard error is .007, also within the upper half.
    upper = truth.benefit > np.median(truth.benefit)
    for who in (np.ones(BIG, dtype=bool), upper):
        seen = good[who & (arm == 1)].mean() - good[who & (arm == 0)].mean()
        assert seen == pytest.approx(truth.benefit[who].mean(), abs=0.025)
    assert np.abs(truth.benefit).max() < 1


@pytest.mark.parametrize("kind", ["continuous", "binary", "survival"])
@pytest.mark.parametrize("hazards", ["proportional", "crossing"])
def test_without_an_effect_the_truth_is_zero_for_everyone(kind, hazards):
    truth = made(
        200,
        outcome={"kind": kind, "hazards": hazards},
        mechanism={"mean_benefit": 0.0, "sd_benefit": 0.0},
    ).truth
    assert np.abs(truth.tau).max() < 1e-12


def test_an_effect_without_spread_is_the_same_for_everyone():
    truth = made(200, mechanism={"mean_benefit": 0.7, "sd_benefit": 0.0}).truth
    assert truth.tau == pytest.approx(0.7)
