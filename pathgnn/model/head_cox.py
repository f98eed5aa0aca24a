"""Outcome head: Cox proportional hazards with Efron's treatment of ties."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from pathgnn.model.hazards import N_BINS, along, bin_edges
from pathgnn.model.head import Head, Observed, Prediction


class CoxHead(Head):
    """log hazard = log h0(t) - m - delta, so that a higher m or delta means living longer.

    For comparison with the discrete hazards. The baseline is Breslow's, at the scores of the last
    call of `loss`; it is a buffer, through which no gradient flows.

    Source: Efron, JASA 1977, 72:557; Breslow, JRSS-B 1972, 34:216.
    """

    needs_everyone = True
    edges: Tensor
    cumulative: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("edges", torch.linspace(0, 1, N_BINS + 1))
        self.register_buffer("cumulative", torch.zeros(N_BINS))

    def prepare(self, rows: Observed, horizon: float) -> None:
        """Times of the curve at event-time quantiles up to the horizon; baseline at score 0."""
        self.edges.copy_(bin_edges(rows.value, rows.event, horizon))
        zero = torch.zeros_like(rows.value)
        self.cumulative.copy_(breslow(zero, rows.value, rows.event, self.edges[1:]))

    def loss(
        self, m: Float[Tensor, " row"], delta: Float[Tensor, " row"], rows: Observed
    ) -> Float[Tensor, ""]:
        """Negative log partial likelihood of all rows, over their number."""
        log_hazard = -(m + delta)
        self.cumulative.copy_(breslow(log_hazard.detach(), rows.value, rows.event, self.edges[1:]))
        return cox_loss(log_hazard, rows.value, rows.event) / len(rows.value)

    def predict(
        self, m: Float[Tensor, " patient"], delta: Float[Tensor, "patient arm"]
    ) -> Prediction:
        """S(t) at the edges, S(0) = 1, and the area under it by trapezoids."""
        # Beyond exp(30) times the baseline nobody lives; float32 would overflow later on.
        relative = (-(m[:, None] + delta)).clamp(max=30).exp()
        return along((-relative[:, :, None] * self.cumulative).exp(), self.edges)


def cox_loss(
    log_hazard: Float[Tensor, " row"], time: Float[Tensor, " row"], event: Bool[Tensor, " row"]
) -> Float[Tensor, ""]:
    """Negative log partial likelihood, Efron's treatment of ties; 0 without an event.

    In log space throughout, so that scores of hundreds neither overflow nor vanish.
    """
    order = torch.argsort(time, descending=True, stable=True)
    score, died = log_hazard[order], event[order]
    _, tie, size = torch.unique_consecutive(time[order], return_inverse=True, return_counts=True)
    # At risk at a tied time are all up to the last of them, in descending order of time.
    log_risk = torch.logcumsumexp(score, 0)[size.cumsum(0) - 1][tie][died]
    tie, score = tie[died], score[died]
    n_died = torch.bincount(tie, minlength=len(size))
    log_dying = _log_sum_by(score, tie, len(size))[tie]
    first = torch.cat([n_died.new_zeros(1), n_died.cumsum(0)[:-1]])
    share = (torch.arange(len(tie), device=tie.device) - first[tie]) / n_died[tie]
    # log(risk - share x dying); those dying are among those at risk, so the ratio is at most 1.
    left = torch.log1p(-share * (log_dying - log_risk).clamp(max=0).exp())
    return (log_risk + left - score).sum()


def breslow(
    log_hazard: Float[Tensor, " row"],
    time: Float[Tensor, " row"],
    event: Bool[Tensor, " row"],
    at: Float[Tensor, " time"],
) -> Float[Tensor, " time"]:
    """Breslow's cumulative baseline hazard at some months."""
    order = torch.argsort(time, descending=True, stable=True)
    score, died, t = log_hazard[order], event[order], time[order]
    _, tie, size = torch.unique_consecutive(t, return_inverse=True, return_counts=True)
    log_risk = torch.logcumsumexp(score, 0)[size.cumsum(0) - 1][tie]
    jump = torch.where(died, (-log_risk).exp(), torch.zeros_like(score))
    # From the first time on: the order is descending.
    total, months = jump.flip(0).cumsum(0), t.flip(0).contiguous()
    place = torch.searchsorted(months, at.to(months.dtype).contiguous(), right=True)
    return torch.cat([total.new_zeros(1), total])[place].to(at.dtype)


def _log_sum_by(
    score: Float[Tensor, " died"], group: Tensor, n_groups: int
) -> Float[Tensor, " group"]:
    """Log of the sum of exp(score) in each group; minus infinity in an empty one."""
    top = score.new_full((n_groups,), -torch.inf).scatter_reduce(0, group, score.detach(), "amax")
    safe = torch.where(top.isfinite(), top, torch.zeros_like(top))
    total = score.new_zeros(n_groups).index_add(0, group, (score - safe[group]).exp())
    return total.log() + safe
