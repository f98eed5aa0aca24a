"""Outcome head: a continuous outcome, higher is better, least squares in training units."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from pathgnn.model.head import Head, Observed, Prediction


class ContinuousHead(Head):
    """Mean = center + scale (m + delta)."""

    center: Tensor
    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("center", torch.zeros(()))
        self.register_buffer("scale", torch.ones(()))

    def prepare(self, rows: Observed, horizon: float) -> None:
        """Mean and standard deviation of the training rows."""
        self.center.copy_(rows.value.mean())
        self.scale.copy_(rows.value.std(correction=0).clamp(min=1e-6))

    def loss(
        self, m: Float[Tensor, " row"], delta: Float[Tensor, " row"], rows: Observed
    ) -> Float[Tensor, ""]:
        """Half the mean squared error in standard deviations."""
        return 0.5 * ((rows.value - self.center) / self.scale - m - delta).square().mean()

    def predict(
        self, m: Float[Tensor, " patient"], delta: Float[Tensor, "patient arm"]
    ) -> Prediction:
        """Expected outcome per arm."""
        mean = self.center + self.scale * (m[:, None] + delta)
        return Prediction(mean, torch.ones_like(mean)[:, :, None], mean.new_zeros(1))
