"""Estimands: benefit as a differentiable function of a Prediction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from pathgnn.errors import ConfigError
from pathgnn.model.head import Prediction

EstimandName = Literal["months_gained", "survival_gained", "risk_avoided", "mean_gained"]


@dataclass(frozen=True)
class Estimand:
    """One question about benefit; call it on a Prediction. Positive means the arm helps."""

    name: EstimandName
    unit: str
    at: float = 0.0

    def __call__(self, prediction: Prediction) -> Float[Tensor, "patient contrast"]:
        """Benefit of every arm against the reference."""
        level = prediction.mean
        if self.name == "months_gained":
            level = _months_lived(prediction, self.at)
        elif self.name == "survival_gained":
            level = _alive_at(prediction, self.at)
        return level[:, 1:] - level[:, :1]


def months_gained(by: float) -> Estimand:
    """Months of life gained up to `by` months: RMST difference."""
    return Estimand("months_gained", f"months gained by month {by:g}", by)


def survival_gained(at: float) -> Estimand:
    """Gain in the probability to be alive at month `at`."""
    return Estimand("survival_gained", f"survival gained at month {at:g}", at)


def risk_avoided() -> Estimand:
    """Gain in the probability of the good outcome (risk difference)."""
    return Estimand("risk_avoided", "gain in the probability of the good outcome")


def mean_gained(unit: str = "") -> Estimand:
    """Gain in the expected outcome (mean difference), in its unit."""
    return Estimand("mean_gained", unit or "gain in the outcome")


def default_estimand(outcome: str, horizon: float, unit: str) -> Estimand:
    """The usual estimand of an outcome: RMST, risk difference or mean difference."""
    if outcome == "survival":
        return months_gained(horizon)
    return risk_avoided() if outcome == "binary" else mean_gained(unit)


def _months_lived(prediction: Prediction, by: float) -> Float[Tensor, "patient arm"]:
    times = prediction.times
    if by > float(times[-1]) * (1 + 1e-6):
        raise ConfigError(f"months gained by {by:g} asks beyond the model's {float(times[-1]):g}")
    grid = torch.cat([times[times < by], times.new_tensor([by])])
    return torch.trapezoid(_interpolate(prediction, grid), grid, dim=2)


def _alive_at(prediction: Prediction, at: float) -> Float[Tensor, "patient arm"]:
    return _interpolate(prediction, prediction.times.new_tensor([at]))[:, :, 0]


def _interpolate(
    prediction: Prediction, grid: Float[Tensor, " point"]
) -> Float[Tensor, "patient arm point"]:
    """Survival at any time within the curve, straight between its points."""
    times, curve = prediction.times, prediction.survival
    right = torch.searchsorted(times, grid.contiguous()).clamp(1, len(times) - 1)
    share = (grid - times[right - 1]) / (times[right] - times[right - 1])
    return curve[:, :, right - 1] * (1 - share) + curve[:, :, right] * share
