"""Bounds under hidden confounding."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest import approx

from pathgnn.benefit.metrics import Estimate
from pathgnn.benefit.sensitivity import (
    Arms,
    effect_bounds,
    sensitivity,
    sensitivity_finding,
)


def _arms(n, seed, effect=1.0, mu=True):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    p = 1 / (1 + np.exp(-x))
    treated = rng.random(n) < p
    value = x + effect * treated + rng.normal(size=n)
    model = np.stack([x, x + effect], 1) if mu else np.zeros((n, 2))
    return Arms(value, treated, p, model)


def test_at_strength_one_it_is_the_normalised_weighted_mean():
    arms = _arms(50, 0, mu=False)
    w = np.where(arms.treated, 1 / arms.propensity, 1 / (1 - arms.propensity))
    on = arms.treated
    plain = np.average(arms.value[on], weights=w[on]) - np.average(arms.value[~on], weights=w[~on])
    assert effect_bounds(arms, 1.0) == (approx(plain), approx(plain))


@pytest.mark.parametrize("seed", range(5))
def test_bounds_are_the_extremes_over_all_corners(seed):
    # The optimum of a linear-fractional program lies in a corner: try all of them.
    arms = _arms(10, seed, mu=False)
    got = effect_bounds(arms, 2.0)
    means = []
    for on, p in ((arms.treated, arms.propensity), (~arms.treated, 1 - arms.propensity)):
        odds, y = 1 / p[on] - 1, arms.value[on]
        each = [
            np.average(y, weights=1 + odds * np.array(corner))
            for corner in product((0.5, 2.0), repeat=len(y))
        ]
        means.append((min(each), max(each)))
    assert got == (approx(means[0][0] - means[1][1]), approx(means[0][1] - means[1][0]))


@given(st.integers(0, 1000), st.floats(1, 5), st.floats(0, 3))
def test_stronger_confounding_never_narrows_the_bounds(seed, strength, more):
    arms = _arms(40, seed)
    low, high = effect_bounds(arms, strength)
    wider = effect_bounds(arms, strength + more)
    assert wider[0] <= low + 1e-9 <= high + 2e-9 <= wider[1] + 3e-9


def test_turning_the_outcome_round_turns_the_bounds_round():
    arms = _arms(60, 3)
    low, high = effect_bounds(arms, 1.7)
    turned = arms._replace(value=-arms.value, mu=-arms.mu)
    assert effect_bounds(turned, 1.7) == (approx(-high), approx(-low))


def test_a_hidden_cause_of_known_strength_is_within_the_bounds():
    # A coin nobody saw makes treatment 3 times as likely in odds and the outcome better by 2; the
    # treatment does nothing.
    rng = np.random.default_rng(4)
    hidden = rng.integers(0, 2, 4000)
    p = np.where(hidden == 1, 0.75, 0.5)
    treated = rng.random(4000) < p
    value = 2.0 * hidden + rng.normal(size=4000)
    seen = np.full(4000, treated.mean())
    arms = Arms(value, treated, seen, np.zeros((4000, 2)))
    plain = effect_bounds(arms, 1.0)[0]
    assert plain > 0.3
    low, high = effect_bounds(arms, 3.0)
    assert low < 0 < high


def test_the_tipping_strength_is_where_the_limits_reach_zero():
    found = sensitivity(_arms(300, 5, effect=1.5), np.random.default_rng(0))
    assert 1 < found.tipping < 20
    again = sensitivity(
        _arms(300, 5, effect=1.5), np.random.default_rng(0), (found.tipping - 0.05, found.tipping)
    )
    assert again.limits[0].low > 0 >= again.limits[1].low - 0.02
    assert sensitivity(_arms(300, 6, effect=0.0), np.random.default_rng(0)).tipping == 1


def test_what_a_finding_says():
    none = sensitivity(_arms(200, 6, effect=0.0), np.random.default_rng(0))
    assert sensitivity_finding(none, "The average", Estimate(0.0, 1.0)).severity == "note"
    weak = none._replace(tipping=1.2)
    assert sensitivity_finding(weak, "The average", Estimate(1.0, 0.1)).severity == "warning"
    strong = none._replace(tipping=20.0)
    assert sensitivity_finding(strong, "The average", Estimate(1.0, 0.1)).severity == "ok"


def test_a_small_arm_is_not_told_to_be_robust():
    arms = _arms(60, 0)
    few = arms.take(
        np.concatenate([np.flatnonzero(arms.treated)[:5], np.flatnonzero(~arms.treated)])
    )
    found = sensitivity(few, np.random.default_rng(0))
    assert np.isnan(found.tipping)
    said = sensitivity_finding(found, "The effect", Estimate(1.0, 0.1))
    assert (said.severity, "too small to say" in said.sentence) == ("note", True)


def test_rows_of_a_group_are_no_evidence_apart():
    arms = _arms(60, 1)
    whole = sensitivity(arms, np.random.default_rng(0), (1.0,)).limits[0]
    four = np.repeat(np.arange(60), 4)
    apart = sensitivity(arms.take(four), np.random.default_rng(0), (1.0,)).limits[0]
    again = sensitivity(
        arms.take(four)._replace(group=four), np.random.default_rng(0), (1.0,)
    ).limits[0]
    assert apart.high - apart.low < 0.7 * (whole.high - whole.low)
    assert again.high - again.low == approx(whole.high - whole.low, rel=0.15)
