"""Outcome head: a binary outcome, 1 = the good answer, logistic."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pathgnn.model.head import Head, Observed, Prediction


class BinaryHead(Head):
    """P(good) = sigmoid(base + m + delta)."""

    base: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("base", torch.zeros(()))

    def prepare(self, rows: Observed, horizon: float) -> None:
        """Start at the training rate."""
        self.base.copy_(torch.logit(rows.value.mean().clamp(0.01, 0.99)))

    def loss(
        self, m: Float[Tensor, " row"], delta: Float[Tensor, " row"], rows: Observed
    ) -> Float[Tensor, ""]:
        """Mean binary cross-entropy."""
        return nn.functional.binary_cross_entropy_with_logits(self.base + m + delta, rows.value)

    def predict(
        self, m: Float[Tensor, " patient"], delta: Float[Tensor, "patient arm"]
    ) -> Prediction:
        """Probability of the good outcome per arm."""
        mean = torch.sigmoid(self.base + m[:, None] + delta)
        return Prediction(mean, torch.ones_like(mean)[:, :, None], mean.new_zeros(1))
