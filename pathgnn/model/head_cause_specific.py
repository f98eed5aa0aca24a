"""Outcome head: one event among competing ones, by discrete cause-specific hazards."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pathgnn.model.hazards import (
    N_BINS,
    along,
    bin_edges,
    ended_in,
    from_one,
    lived_through,
    pooled_logit,
)
from pathgnn.model.head import Head, Observed, Prediction


class CauseSpecificHead(Head):
    """Of each bin: the event, a competing one, or neither, as a multinomial logit.

    The event's score is base_j - m - delta psi_j. Competing events read the same m and delta
    through one slope each, which starts at 0: no effect on them. The curve is 1 - the cumulative
    incidence of the event, to which both hazards contribute.

    Source: Tutz & Schmid, Modeling Discrete Time-to-Event Data, Springer 2016, chapter 8.
    """

    edges: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.base = nn.Parameter(torch.zeros(2, N_BINS))
        self.psi = nn.Parameter(torch.ones(N_BINS))
        self.shared = nn.Parameter(torch.zeros(2))
        self.register_buffer("edges", torch.linspace(0, 1, N_BINS + 1))

    def prepare(self, rows: Observed, horizon: float) -> None:
        """Bins by the event's times, bases at the pooled hazards."""
        self.edges.copy_(bin_edges(rows.value, rows.event, horizon))
        known = lived_through(rows.value, rows.event | rows.competing, self.edges)
        each = [ended_in(rows.value, by, self.edges) for by in (rows.event, rows.competing)]
        with torch.no_grad():
            self.base.copy_(torch.stack([pooled_logit(known, ended) for ended in each]))

    def loss(
        self, m: Float[Tensor, " row"], delta: Float[Tensor, " row"], rows: Observed
    ) -> Float[Tensor, ""]:
        """Mean negative log-likelihood of the bins lived through."""
        known = lived_through(rows.value, rows.event | rows.competing, self.edges)
        each = [ended_in(rows.value, by, self.edges) for by in (rows.event, rows.competing)]
        log_p = self._log_p(m, delta[:, None])[:, :, 0]
        had = torch.stack([1 - each[0] - each[1], *each])
        return -((log_p * had).sum(0) * known).sum(1).mean()

    def predict(
        self, m: Float[Tensor, " patient"], delta: Float[Tensor, "patient arm"]
    ) -> Prediction:
        """1 - cumulative incidence at the bin edges, and the area under it by trapezoids."""
        stay, event, _ = self._log_p(m, delta)
        before = from_one(stay.cumsum(2).exp())[:, :, :-1]
        return along(1 - (before * event.exp()).cumsum(2), self.edges)

    def _log_p(
        self, m: Float[Tensor, " patient"], delta: Float[Tensor, "patient arm"]
    ) -> Float[Tensor, "3 patient arm time"]:
        """Log probability of neither event, of the event, and of a competing one."""
        m, delta = m[:, None, None], delta[:, :, None]
        event = self.base[0] - m - delta * self.psi
        competing = self.base[1] - self.shared[0] * m - self.shared[1] * delta
        competing = competing.expand(event.shape)
        return torch.stack([torch.zeros_like(event), event, competing]).log_softmax(0)
