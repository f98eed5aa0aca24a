"""Benefit over the horizon."""

from __future__ import annotations

import torch
from pytest import approx

from pathgnn.benefit.estimand import months_gained, survival_gained
from pathgnn.benefit.over_time import gain_over_time
from pathgnn.model.head import Prediction

TIMES = torch.linspace(0, 36, 181)


def _two(reference, other):
    curve = torch.stack([reference, other])[None]
    return Prediction(torch.trapezoid(curve, TIMES, dim=2), curve, TIMES)


def test_every_point_is_the_estimand_at_that_month():
    prediction = _two(torch.exp(-0.1 * TIMES), torch.exp(-0.05 * TIMES))
    got = gain_over_time(prediction)
    assert got.months[0, 0, 0] == got.survival[0, 0, 0] == 0
    for i in (5, 90, 180):
        at = float(TIMES[i])
        assert got.months[0, 0, i].item() == approx(months_gained(at)(prediction).item(), rel=1e-4)
        assert got.survival[0, 0, i].item() == approx(
            survival_gained(at)(prediction).item(), rel=1e-4
        )


def test_an_arm_that_harms_first_and_helps_later_shows_both():
    # Worse by .2 in the first year, better by .2 in the last: survival changes sign at once.
    late = torch.where(TIMES < 12, 0.7, torch.where(TIMES < 24, 0.5, 0.45))
    got = gain_over_time(_two(torch.where(TIMES < 12, 0.9, torch.full_like(TIMES, 0.3)), late))
    assert got.survival[0, 0, 30] < 0 < got.survival[0, 0, 120]
    assert got.months[0, 0, 55] < 0 < got.months[0, 0, 180]


def test_the_curves_are_differentiable():
    rate = torch.tensor([0.1, 0.05], requires_grad=True)
    curve = torch.exp(-rate[None, :, None] * TIMES)
    gain_over_time(Prediction(curve.mean(2), curve, TIMES)).months.sum().backward()
    assert rate.grad[1] < 0 < rate.grad[0]
