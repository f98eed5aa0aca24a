"""Outcome head: survival by discrete-time hazards up to a horizon."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from pathgnn.errors import CohortError
from pathgnn.model.head import Head, Prediction

N_BINS = 20


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

    def prepare(
        self, value: Float[Tensor, " row"], event: Bool[Tensor, " row"], horizon: float
    ) -> None:
        """Bins that end at event-time quantiles up to the horizon; base at the pooled hazard."""
        died = value[event & (value < horizon) & (value > 0)].double()
        if len(died) < 2:
            raise CohortError(
                f"fewer than two events before {horizon:g} months; choose a later one"
            )
        inner = torch.quantile(died, torch.linspace(0, 1, N_BINS + 1).double()[1:-1])
        edges = torch.cat([inner.new_zeros(1), inner, inner.new_tensor([horizon])])
        # Tied quantiles would make empty bins of no width; spread them by a hair.
        edges = torch.cummax(edges + torch.arange(N_BINS + 1) * 1e-6 * horizon, 0).values
        edges[-1] = horizon
        self.edges.copy_(edges)
        at_risk, died_in = self._counts(value, event)
        rate = (died_in.sum(0) + 0.5) / (at_risk.sum(0) + 1.0)
        with torch.no_grad():
            self.base.copy_(torch.logit(rate.clamp(1e-4, 0.999)))

    def loss(
        self,
        m: Float[Tensor, " row"],
        delta: Float[Tensor, " row"],
        value: Float[Tensor, " row"],
        event: Bool[Tensor, " row"],
    ) -> Float[Tensor, ""]:
        """Mean negative log-likelihood of the bins lived through."""
        at_risk, died = self._counts(value, event)
        logit = self._logit(m, delta[:, None])[:, 0]
        each = nn.functional.binary_cross_entropy_with_logits(logit, died, reduction="none")
        return (each * at_risk).sum(1).mean()

    def predict(
        self, m: Float[Tensor, " patient"], delta: Float[Tensor, "patient arm"]
    ) -> Prediction:
        """S(t) at the bin edges, S(0) = 1, and the area under it by trapezoids."""
        log_stay = nn.functional.logsigmoid(-self._logit(m, delta))
        curve = log_stay.cumsum(2).exp()
        curve = torch.cat([torch.ones_like(curve[:, :, :1]), curve], 2)
        mean = torch.trapezoid(curve, self.edges, dim=2)
        return Prediction(mean, curve, self.edges)

    def _logit(
        self, m: Float[Tensor, " patient"], delta: Float[Tensor, "patient arm"]
    ) -> Float[Tensor, "patient arm time"]:
        return self.base - m[:, None, None] - delta[:, :, None] * self.psi

    def _counts(
        self, value: Float[Tensor, " row"], event: Bool[Tensor, " row"]
    ) -> tuple[Float[Tensor, "row time"], Float[Tensor, "row time"]]:
        """Per row and bin: 1 if the row's outcome in this bin is known; 1 if it died in it.

        A row censored within a bin counts as having lived through it from its middle on.
        """
        last = self._bin_of(value)
        bins = torch.arange(N_BINS, device=value.device)
        beyond = value >= self.edges[-1]
        died = (bins == last[:, None]) & (event & ~beyond)[:, None]
        middle = (self.edges[:-1] + self.edges[1:])[last] / 2
        through = bins < last[:, None]
        half = (bins == last[:, None]) & ((value >= middle) & ~event)[:, None]
        known = through | died | half | beyond[:, None]
        return known.to(value.dtype), died.to(value.dtype)

    def _bin_of(self, value: Float[Tensor, " row"]) -> Int[Tensor, " row"]:
        place = torch.searchsorted(self.edges[1:].contiguous(), value.contiguous(), right=False)
        return place.clamp(max=N_BINS - 1)
