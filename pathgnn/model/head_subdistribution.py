"""Outcome head: one event among competing ones, by discrete sub-distribution hazards."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pathgnn.model.hazards import (
    N_BINS,
    along,
    bin_edges,
    bin_of,
    ended_in,
    lived_through,
    pooled_logit,
)
from pathgnn.model.head import Head, Observed, Prediction


class SubdistributionHead(Head):
    """logit of the sub-distribution hazard_j = base_j - m - delta psi_j.

    Rows that ended by a competing event stay at risk, with the weight of those still uncensored,
    so that the curve is 1 - the cumulative incidence of the event.

    Source: Berger, Schmid, Welchowski, Schmitz-Valckenberg & Beyersmann, Biostatistics 2020,
    21:449; Fine & Gray, JASA 1999, 94:496.
    """

    edges: Tensor
    uncensored: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.base = nn.Parameter(torch.zeros(N_BINS))
        self.psi = nn.Parameter(torch.ones(N_BINS))
        self.register_buffer("edges", torch.linspace(0, 1, N_BINS + 1))
        self.register_buffer("uncensored", torch.ones(N_BINS))

    def prepare(self, rows: Observed, horizon: float) -> None:
        """Bins by the event's times, the share uncensored in each, base at the pooled hazard."""
        self.edges.copy_(bin_edges(rows.value, rows.event, horizon))
        self.uncensored.copy_(self._share_uncensored(rows))
        weight, had = self._counts(rows)
        with torch.no_grad():
            self.base.copy_(pooled_logit(weight, had))

    def loss(
        self, m: Float[Tensor, " row"], delta: Float[Tensor, " row"], rows: Observed
    ) -> Float[Tensor, ""]:
        """Mean weighted negative log-likelihood of the bins."""
        weight, had = self._counts(rows)
        logit = self._logit(m, delta[:, None])[:, 0]
        each = nn.functional.binary_cross_entropy_with_logits(logit, had, reduction="none")
        return (each * weight).sum(1).mean()

    def predict(
        self, m: Float[Tensor, " patient"], delta: Float[Tensor, "patient arm"]
    ) -> Prediction:
        """1 - cumulative incidence at the bin edges, and the area under it by trapezoids."""
        log_stay = nn.functional.logsigmoid(-self._logit(m, delta))
        return along(log_stay.cumsum(2).exp(), self.edges)

    def _logit(
        self, m: Float[Tensor, " patient"], delta: Float[Tensor, "patient arm"]
    ) -> Float[Tensor, "patient arm time"]:
        return self.base - m[:, None, None] - delta[:, :, None] * self.psi

    def _counts(
        self, rows: Observed
    ) -> tuple[Float[Tensor, "row time"], Float[Tensor, "row time"]]:
        """Weight of each row in each bin, and 1 in the bin in which it had the event."""
        known = lived_through(rows.value, rows.event | rows.competing, self.edges)
        last = bin_of(rows.value, self.edges)
        after = torch.arange(N_BINS, device=last.device) > last[:, None]
        stays = after & rows.competing[:, None]
        # G at the bin over G when the competing event took the row out of sight.
        weight = self.uncensored / self.uncensored[last][:, None]
        return torch.where(stays, weight, known), ended_in(rows.value, rows.event, self.edges)

    def _share_uncensored(self, rows: Observed) -> Float[Tensor, " time"]:
        """G at the start of each bin, from the bins' own shares of censored rows."""
        ended = rows.event | rows.competing
        lost = ended_in(rows.value, ~ended, self.edges)
        last = bin_of(rows.value, self.edges)
        there = (torch.arange(N_BINS) <= last[:, None]).to(rows.value.dtype)
        stay = 1 - lost.sum(0) / there.sum(0).clamp(min=1)
        return torch.cat([stay.new_ones(1), stay.cumprod(0)[:-1]]).clamp(min=1e-3)
