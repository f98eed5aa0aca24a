"""Censoring-unbiased outcomes: months, survival, competing risks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest import approx

from pathgnn.benefit.censored import (
    Counted,
    Curves,
    FollowUp,
    censoring_curve,
    censoring_unbiased,
    check_horizon,
    free_at_end,
    months_free,
)
from pathgnn.errors import CohortError

GRID = np.linspace(0, 24, 200)
COUNTS = [months_free, free_at_end]


def _curves(survival):
    return Curves(survival, 1 - survival, GRID)


def _alone(time, event):
    return FollowUp(time, event, np.zeros(len(time), dtype=bool))


def _exponential(n, rng):
    """Deaths at rate .06 + .06 x, censored at random; the truths in closed form."""
    rate = 0.06 + 0.06 * rng.integers(0, 2, n)
    died, lost = rng.exponential(1 / rate), rng.exponential(1 / 0.04, n)
    both = np.array([0.06, 0.12])
    truth = {
        months_free: np.mean((1 - np.exp(-24 * both)) / both),
        free_at_end: np.mean(np.exp(-24 * both)),
    }
    rows = _alone(np.minimum(died, lost), died <= lost)
    return rows, np.exp(-rate[:, None] * GRID), truth


def test_without_censoring_it_is_what_was_counted_exactly():
    time = np.random.default_rng(0).exponential(20, 50)
    rows = _alone(time, np.ones(50, dtype=bool))
    wrong = _curves(np.exp(-0.3 * np.tile(GRID, (50, 1))))
    curve = censoring_curve(time, rows.ended)
    assert censoring_unbiased(months_free(rows, wrong), curve) == approx(np.minimum(time, 24))
    assert censoring_unbiased(free_at_end(rows, wrong), curve) == approx((time > 24).astype(float))


@pytest.mark.parametrize("survival_right", [True, False])
@pytest.mark.parametrize("censoring_right", [True, False])
@pytest.mark.parametrize("count", COUNTS)
def test_right_if_either_model_is_right(survival_right, censoring_right, count):
    rows, survival, truths = _exponential(12000, np.random.default_rng(1))
    truth = truths[count]
    if not survival_right:
        survival = np.exp(-0.02 * np.tile(GRID, (len(rows.time), 1)))
    curve = censoring_curve(rows.time, rows.event)
    if not censoring_right:
        curve = curve._replace(hazard=curve.hazard / 3, free=curve.free ** (1 / 3))
    mean = censoring_unbiased(count(rows, _curves(survival)), curve).mean()
    if survival_right or censoring_right:
        # Of the share alive only some 14 % is left to be seen: its error is larger.
        assert mean == approx(truth, rel=0.025 if count is months_free else 0.06)
    else:
        assert abs(mean - truth) > 0.04 * truth


def _competing(n, rng, lost_rate):
    """The event at rate .04 and another at rate .05, both exponential."""
    first, other = rng.exponential(1 / 0.04, n), rng.exponential(1 / 0.05, n)
    lost = rng.exponential(1 / lost_rate, n) if lost_rate else np.full(n, np.inf)
    time = np.minimum(np.minimum(first, other), lost)
    event, competing = time == first, time == other
    survival = np.tile(np.exp(-0.09 * GRID), (n, 1))
    return FollowUp(time, event, competing), Curves(survival, 4 / 9 * (1 - survival), GRID)


# F(t) = 4/9 (1 - exp(-.09 t)); months without the event by 24 = 24 - int F.
FREE = 1 - 4 / 9 * (1 - np.exp(-0.09 * 24))
MONTHS = 24 - 4 / 9 * (24 - (1 - np.exp(-0.09 * 24)) / 0.09)


@pytest.mark.parametrize(("count", "truth"), [(months_free, MONTHS), (free_at_end, FREE)])
@pytest.mark.parametrize("lost_rate", [0.0, 0.03])
def test_a_competing_event_is_no_event_and_no_censoring(count, truth, lost_rate):
    rows, curves = _competing(20000, np.random.default_rng(2), lost_rate)
    curve = censoring_curve(rows.time, rows.ended)
    assert censoring_unbiased(count(rows, curves), curve).mean() == approx(truth, rel=0.02)


def test_what_is_expected_from_the_start_is_the_mean():
    # At time 0 nothing is known yet: the whole incidence curve is ahead.
    rows, curves = _competing(3, np.random.default_rng(3), 0.03)
    assert months_free(rows, curves).expected[:, 0] == approx(MONTHS, abs=1e-3)
    assert free_at_end(rows, curves).expected[:, 0] == approx(FREE, abs=1e-9)


@given(st.integers(0, 10**6))
def test_without_competing_events_incidence_is_one_minus_survival(seed):
    rng = np.random.default_rng(seed)
    rows = _alone(rng.exponential(20, 30), rng.random(30) < 0.6)
    survival = np.exp(-rng.uniform(0.01, 0.1, (30, 1)) * GRID)
    expected = months_free(rows, _curves(survival)).expected
    # t + int_t^h S(u) / S(t) du, by the same trapezoids.
    for t in (0, 50, 150):
        area = np.trapezoid(survival[:, t:], GRID[t:], axis=1) / survival[:, t]
        assert expected[:, t] == approx(GRID[t] + area)


def test_a_horizon_beyond_the_follow_up_names_the_largest_usable_one():
    time = np.array([1.0, 2.0, 3.0, 4.0, 50.0])
    curve = censoring_curve(time, np.zeros(5, dtype=bool))
    with pytest.raises(CohortError, match="largest usable horizon is 50"):
        check_horizon(curve, 60.0, 50.0)


def test_below_five_percent_followed_what_is_counted_stays_what_it_is():
    # The share that is followed falls to nothing before the horizon; 1 is counted of everybody.
    time = np.arange(1.0, 41.0)
    curve = censoring_curve(time, np.zeros(40, dtype=bool))
    known = np.zeros(6, dtype=bool)
    last = np.array([5.0, 20.0, 37.5, 38.5, 39.5, 39.9])
    grid = np.linspace(0, 50, 100)
    counted = Counted(np.ones(6), known, last, np.ones((6, 100)), grid)
    assert censoring_unbiased(counted, curve) == approx(np.ones(6))


def test_who_all_died_before_the_horizon_are_known_of_at_it():
    curve = censoring_curve(np.array([3.0, 9.0, 20.0]), np.ones(3, dtype=bool))
    check_horizon(curve, 24.0, 20.0)


def test_the_advised_horizon_passes():
    days = 1825 / 30.4375
    curve = censoring_curve(np.full(20, days), np.zeros(20, dtype=bool))
    with pytest.raises(CohortError, match=r"usable horizon is 59\.9 months"):
        check_horizon(curve, 60.0, days)
    check_horizon(curve, 59.9, days)
