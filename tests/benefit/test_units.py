"""Groups of patients are the units of chance: errors, halves and tests know of them."""

from __future__ import annotations

import numpy as np
import pytest

from pathgnn.benefit.metrics import (
    autoc_with_se,
    blp_slope,
    gain_by_group,
    mean_gain,
    sequential_test,
)
from pathgnn.benefit.units import half_samples

N_GROUPS, SIZE = 40, 5


def _grouped(rng):
    """A ranking and gains that each donor's tumours share for the most part, and no relation."""
    group = np.repeat(np.arange(N_GROUPS), SIZE)
    rank, own = rng.normal(size=(2, N_GROUPS))[:, group]
    return rank, own + 0.3 * rng.normal(size=len(group)), group


def test_groups_of_one_change_nothing():
    rng = np.random.default_rng(0)
    rank, gain = rng.normal(size=(2, 60))
    alone = rng.permutation(60) + 100
    for metric in (mean_gain, lambda g, group=None: blp_slope(rank, g, group)):
        assert metric(gain, alone) == pytest.approx(metric(gain))
    halves = half_samples(60, np.random.default_rng(1), alone)
    assert {len(h) for h in halves} == {30}
    errors = [autoc_with_se(rank, gain, np.random.default_rng(1), g).se for g in (None, alone)]
    assert errors[0] == pytest.approx(errors[1], rel=0.2)


def test_halves_hold_whole_groups():
    group = np.random.default_rng(2).permutation(np.repeat([7, 3, 5, 9], 3))
    for half in half_samples(12, np.random.default_rng(3), group):
        assert len(half) == 6
        assert {np.isin(np.flatnonzero(group == g), half).mean() for g in group} == {0.0, 1.0}


def test_the_error_of_a_mean_of_equal_groups_is_that_of_their_means():
    _, gain, group = _grouped(np.random.default_rng(4))
    means = gain.reshape(N_GROUPS, SIZE).mean(1)
    assert mean_gain(gain, group).se == pytest.approx(means.std(ddof=1) / N_GROUPS**0.5)


def test_intervals_and_tests_of_grouped_noise_are_right_about_as_often_as_they_say():
    wrong = {"mean": 0, "slope": 0, "test": 0}
    for seed in range(200):
        rank, gain, group = _grouped(np.random.default_rng(seed))
        mean, slope = mean_gain(gain, group), blp_slope(rank, gain, group)
        wrong["mean"] += not mean.low <= 0 <= mean.high
        wrong["slope"] += not slope.low <= 0 <= slope.high
        rng = np.random.default_rng(seed)
        wrong["test"] += sequential_test([autoc_with_se(rank, gain, rng, group)]).p < 0.05
    # As single patients, they would be wrong in a quarter to a half.
    assert max(wrong.values()) <= 24


def test_tied_patients_are_shared_between_the_halves():
    # The order of the file says nothing: both halves have the mean of those who are tied.
    benefit, gain = np.zeros(100), np.repeat([0.0, 1.0], 50)
    (_, low), (_, high) = gain_by_group(benefit, gain, 2)
    assert low.value == pytest.approx(0.5)
    assert high.value == pytest.approx(0.5)


def test_parts_without_ties_are_those_in_order():
    rng = np.random.default_rng(5)
    benefit, gain = rng.normal(size=(2, 11))
    for (mean, part), at in zip(
        gain_by_group(benefit, gain, 3), np.array_split(np.argsort(benefit), 3), strict=True
    ):
        assert mean == pytest.approx(benefit[at].mean())
        assert part == pytest.approx(mean_gain(gain[at]))


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e9])
def test_no_verdict_depends_on_the_unit_of_the_outcome(unit):
    rng = np.random.default_rng(6)
    tau = rng.normal(size=200)
    gain, rank = unit * (tau + rng.normal(size=200)), unit * tau
    test = sequential_test([autoc_with_se(rank, gain, np.random.default_rng(0))])
    assert test.z == pytest.approx(
        sequential_test([autoc_with_se(tau, gain / unit, np.random.default_rng(0))]).z
    )
    assert blp_slope(rank, gain).value == pytest.approx(blp_slope(tau, gain / unit).value)
    constant = np.full(200, unit * 0.1)
    assert sequential_test([autoc_with_se(constant, gain, rng)]).p == 1
    assert blp_slope(constant, gain).value == 0


def test_nothing_tested_is_no_p_of_one():
    assert np.isnan(sequential_test([]).p)
