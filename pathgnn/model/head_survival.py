"""Outcome head: survival by discrete-time hazards up to a horizon."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pathgnn.model.hazards import (
    N_BINS,
    along,
    bin_edges,
    ended_in,
    lived_through,
    pooled_logit,
)
from pathgnn.model.head import Head, Observed, Prediction


class SurvivalHead(Head):
    """logit hazard_j = base_j - m - delta psi_j, so that a higher m or delta means living longer.

    Source: Gensheimer & Narasimhan, PeerJ 2019, 7:e6257.
    """

    edges: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.base = nn.Parameter(torch.zeros(N_BINS))
        self.psi = nn.Parameter(torch.ones(N_BINS))
        self.register_buffer("edges", torch.linspace(0, 1, N_BINS + 1))

    def prepare(self, rows: Observed, horizon: float) -> None:
        """Bins that end at event-time quantiles up to the horizon; base at the pooled hazard."""
        self.edges.copy_(bin_edges(rows.value, rows.event, horizon))
        at_risk, died = self._counts(rows)
        with torch.no_grad():
            self.base.copy_(pooled_logit(at_risk, died))

    def loss(
        self, m: Float[Tensor, " row"], delta: Float[Tensor, " row"], rows: Observed
    ) -> Float[Tensor, ""]:
        """Mean negative log-likelihood of the bins lived through."""
        at_risk, died = self._counts(rows)
        logit = self._logit(m, delta[:, None])[:, 0]
        each = nn.functional.binary_cross_entropy_with_logits(logit, died, reduction="none")
        return (each * at_risk).sum(1).mean()

    def predict(
        self, m: Float[Tensor, " patient"], delta: Float[Tensor, "patient arm"]
    ) -> Prediction:
        """S(t) at the bin edges, S(0) = 1, and the area under it by trapezoids."""
        log_stay = nn.functional.logsigmoid(-self._logit(m, delta))
        return along(log_stay.cumsum(2).exp(), self.edges)

    def _logit(
        self, m: Float[Tensor, " patient"], delta: Float[Tensor, "patient arm"]
    ) -> Float[Tensor, "patient arm time"]:
        return self.base - m[:, None, None] - delta[:, :, None] * self.psi

    def _counts(
        self, rows: Observed
    ) -> tuple[Float[Tensor, "row time"], Float[Tensor, "row time"]]:
        """Per row and bin: 1 if the row's outcome in this bin is known; 1 if it died in it."""
        at_risk = lived_through(rows.value, rows.event, self.edges)
        return at_risk, ended_in(rows.value, rows.event, self.edges)
