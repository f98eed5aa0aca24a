"""Benefit as a curve over the horizon: months and survival gained by every month of a curve."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from pathgnn.model.head import Prediction


class GainOverTime(NamedTuple):
    """What each arm gains against the reference by each time, in months.

    `months` is the difference in restricted mean time up to the time, `survival` that in the
    probability to be free of the event then; both start at 0.
    """

    time: Float[Tensor, " time"]
    months: Float[Tensor, "patient contrast time"]
    survival: Float[Tensor, "patient contrast time"]


def gain_over_time(prediction: Prediction) -> GainOverTime:
    """The curves of a prediction; a differentiable function of it.

    The last point of `months` is `months_gained` by the last time.
    """
    time, curve = prediction.times, prediction.survival
    lived = torch.cumulative_trapezoid(curve, time, dim=2)
    lived = torch.cat([torch.zeros_like(lived[:, :, :1]), lived], 2)
    return GainOverTime(time, lived[:, 1:] - lived[:, :1], curve[:, 1:] - curve[:, :1])
