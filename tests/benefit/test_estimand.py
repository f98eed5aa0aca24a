"""Estimands."""

from __future__ import annotations

import pytest
import torch
from pytest import approx

from pathgnn.benefit.estimand import mean_gained, months_gained, risk_avoided, survival_gained
from pathgnn.errors import ConfigError
from pathgnn.model.head import Prediction

TIMES = torch.linspace(0, 36, 721)


def _exponential(*rates):
    curve = torch.exp(-torch.tensor(rates)[None, :, None] * TIMES)
    return Prediction(torch.trapezoid(curve, TIMES, dim=2), curve, TIMES)


def test_months_gained_matches_the_closed_form_of_exponentials():
    # RMST of an exponential: (1 - exp(-rate h)) / rate.
    gained = months_gained(24.0)(_exponential(0.1, 0.05))[0, 0].item()
    truth = (1 - torch.exp(torch.tensor(-1.2))) / 0.05 - (1 - torch.exp(torch.tensor(-2.4))) / 0.1
    assert gained == approx(truth.item(), rel=0.01)


def test_survival_gained_reads_between_the_points():
    gained = survival_gained(12.02)(_exponential(0.1, 0.05))[0, 0].item()
    assert gained == approx(2.71828 ** (-0.601) - 2.71828 ** (-1.202), abs=1e-3)


def test_asking_beyond_the_curve_is_an_error():
    with pytest.raises(ConfigError, match="beyond the model's 36"):
        months_gained(48.0)(_exponential(0.1, 0.05))


@pytest.mark.parametrize(
    "estimand", [mean_gained(), risk_avoided(), months_gained(20.0), survival_gained(9.0)]
)
def test_swapping_two_arms_flips_the_benefit(estimand):
    there, back = _exponential(0.1, 0.05), _exponential(0.05, 0.1)
    assert torch.allclose(estimand(there), -estimand(back), atol=1e-5)


def test_benefit_is_differentiable():
    rate = torch.tensor([0.1, 0.05], requires_grad=True)
    curve = torch.exp(-rate[None, :, None] * TIMES)
    months_gained(24.0)(Prediction(curve.mean(2), curve, TIMES)).sum().backward()
    assert rate.grad[1] < 0 < rate.grad[0]
