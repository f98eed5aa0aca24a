"""Repeated cross-fitting: medians, combined p and agreement by hand, and what a repeat holds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from pathgnn.benefit.metrics import Estimate, SequentialTest
from pathgnn.errors import ConfigError
from pathgnn.train.estimate import estimate
from pathgnn.train.repeated import (
    Repeat,
    agreement,
    combine,
    combined_p,
    median_estimate,
    predicted,
    repeat_of,
)


def test_median_and_its_error_by_hand():
    # Median 2; squared errors plus squared distances: 1 + 1, 1 + 0, 4 + 9; their median is 2.
    found = median_estimate([Estimate(1.0, 1.0), Estimate(2.0, 1.0), Estimate(5.0, 2.0)])
    assert found == (2.0, pytest.approx(np.sqrt(2)))


def test_repeats_that_agree_change_nothing_and_an_endless_error_stays_rare():
    assert median_estimate([Estimate(0.3, 0.1)] * 4) == (0.3, pytest.approx(0.1))
    one_lost = [Estimate(0.3, 0.1), Estimate(0.3, 0.1), Estimate(0.0, float("inf"))]
    assert median_estimate(one_lost) == (0.3, pytest.approx(0.1))


def test_combined_p_by_hand():
    assert combined_p([0.01, 0.02, 0.5]) == pytest.approx(0.04)
    assert combined_p([0.01, 0.03]) == pytest.approx(0.04)
    assert combined_p([0.6, 0.7, 0.01]) == 1.0


@pytest.mark.parametrize("share", [0.0, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("n", [2, 5])
def test_the_combined_p_is_valid_however_repeats_depend_on_each_other(share, n):
    rng = np.random.default_rng(0)
    common, own = rng.standard_normal((4000, 1)), rng.standard_normal((4000, n))
    p = 2 * stats.norm.sf(abs(np.sqrt(share) * common + np.sqrt(1 - share) * own))
    # sd of the share: sqrt(.05 x .95 / 4000) = .0034.
    assert np.mean([combined_p(row.tolist()) <= 0.05 for row in p]) <= 0.05 + 3 * 0.0034


def test_agreement_by_hand():
    up, down, flat = np.array([1.0, 2.0, 5.0]), np.array([3.0, 2.0, 1.0]), np.ones(3)
    assert agreement([up, up**3]) == pytest.approx(1)
    # Pairs: up-up 1, up-down -1 twice.
    assert agreement([up, up, down]) == pytest.approx(-1 / 3)
    assert agreement([up, flat]) == 0


@given(arrays(float, (3, 12), elements=st.integers(0, 6).map(float)))
def test_agreement_is_the_mean_of_spearmans_correlations(benefits):
    if (np.ptp(benefits, axis=1) == 0).any():
        return
    pairs = [(0, 1), (0, 2), (1, 2)]
    oracle = np.mean([stats.spearmanr(benefits[i], benefits[j]).statistic for i, j in pairs])
    assert agreement(list(benefits)) == pytest.approx(oracle, abs=1e-12)


def test_one_contrast_over_the_repeats():
    first = _repeat(1.0, (2.5, 0.01), [1.0, 2.0, 3.0])
    others = [
        _repeat(2.0, (-2.5, 0.01), [3.0, 4.0, 7.0]),
        _repeat(3.0, (1.0, 0.3), [2.0, 3.0, 5.0]),
    ]
    found = combine([first, *others], 0)
    assert (found.average.value, found.autoc.value, found.slope.value) == (2.0, 20.0, 200.0)
    # Only the first says that benefit differs: the second points the wrong way.
    assert (found.differs, found.repeats) == (1, 3)
    assert (found.z, found.p) == (1.0, pytest.approx(0.02))
    assert found.agreement == pytest.approx(1)
    benefit = predicted([first, *others])
    assert benefit.mean[:, 0].tolist() == [2.0, 3.0, 5.0]
    assert benefit.sd[:, 0] == pytest.approx([1.0, 1.0, 2.0])
    with pytest.raises(ConfigError, match="2 repeats or more"):
        combine([first], 0)


def test_a_repeat_of_two_arms_differs_after_holms_correction_alone():
    def two(p, other):
        one = _repeat(1.0, (2.2, p), [1.0, 2.0, 3.0])
        tests = (*one.test, SequentialTest(2.2, other, ()))
        return one._replace(test=tests, benefit=np.repeat(one.benefit, 2, 1))

    # .03 of two arms is .06, unless the other is clear.
    assert combine([two(0.03, 0.5), two(0.03, 0.5)], 0).differs == 0
    assert combine([two(0.03, 0.01), two(0.02, 0.5)], 0).differs == 2


def test_a_repeat_holds_what_the_estimate_of_a_run_says(fitted, nodes):
    repeat, benefit = repeat_of(fitted), estimate(fitted, nodes)
    assert repeat.average[0] == benefit.average
    assert repeat.slope[0] == benefit.slope
    assert repeat.test[0] == benefit.test
    assert repeat.autoc[0].value == benefit.autoc.value
    assert repeat.autoc[0].se == pytest.approx(benefit.autoc.se, rel=0.3)
    assert np.array_equal(repeat.benefit[:, 0], benefit.score)


def _repeat(value, test, benefit):
    each = [(Estimate(value * scale, 1.0),) for scale in (1, 10, 100)]
    return Repeat(*each, (SequentialTest(*test, ()),), np.array(benefit)[:, None])
