"""Bounds of the calibrated benefit: they hold the line of gain on score, whatever its slope."""

from __future__ import annotations

import numpy as np
import pytest

from pathgnn.benefit.metrics import Estimate
from pathgnn.train.calibration import bounds

X = np.array([-2.0, 0.0, 2.0])


@pytest.mark.parametrize(("slope", "used"), [(2.2, 1.0), (0.5, 0.5), (-0.4, 0.0)])
def test_bounds_hold_prediction_and_line(slope, used):
    line = Estimate(1.0, 0.1), Estimate(slope, 0.05)
    low, high = bounds(1 + used * X, X, line, None)
    width = 1.96 * np.hypot(0.1, 0.05 * X)
    for one in (1 + used * X, 1 + slope * X):
        assert (low <= one - width + 1e-12).all() and (one + width <= high + 1e-12).all()
    assert (low[1], high[1]) == pytest.approx((1 - 0.196, 1 + 0.196))


def test_the_spread_of_scores_widens_the_bounds_by_the_slope():
    line = Estimate(1.0, 0.1), Estimate(2.0, 0.0)
    low, high = bounds(1 + X, X, line, np.full(3, 0.3))
    assert (high - low)[1] == pytest.approx(2 * 1.96 * np.hypot(0.1, 0.6))


def test_a_constant_prediction_has_the_bounds_of_the_mean():
    low, high = bounds(np.ones(3), 0 * X, (Estimate(1.0, 0.1), Estimate(0.0, np.inf)), None)
    assert (high - low) == pytest.approx(2 * 0.196)
