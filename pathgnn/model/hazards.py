"""Discrete time: bins up to a horizon, and what each row's follow-up tells of each bin."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from pathgnn.errors import CohortError
from pathgnn.model.head import Prediction

N_BINS = 20


def bin_edges(
    value: Float[Tensor, " row"], event: Bool[Tensor, " row"], horizon: float
) -> Float[Tensor, " edge"]:
    """Edges from 0 to the horizon, in months, with as many events in each bin.

    Raises:
        CohortError: fewer than two events before the horizon.
    """
    died = value[event & (value < horizon) & (value > 0)].double()
    if len(died) < 2:
        raise CohortError(f"fewer than two events before {horizon:g} months; choose a later one")
    inner = torch.quantile(died, torch.linspace(0, 1, N_BINS + 1).double()[1:-1])
    edges = torch.cat([inner.new_zeros(1), inner, inner.new_tensor([horizon])])
    # Tied quantiles would make empty bins of no width; spread them by a hair, short of the horizon.
    hair = torch.arange(N_BINS + 1) * 1e-6 * horizon
    edges = torch.minimum(torch.cummax(edges + hair, 0).values, horizon - hair.flip(0))
    return edges


def bin_of(value: Float[Tensor, " row"], edges: Float[Tensor, " edge"]) -> Int[Tensor, " row"]:
    """The bin in which each time lies; those beyond the horizon lie in the last."""
    place = torch.searchsorted(edges[1:].contiguous(), value.contiguous(), right=False)
    return place.clamp(max=N_BINS - 1)


def lived_through(
    value: Float[Tensor, " row"], ended: Bool[Tensor, " row"], edges: Float[Tensor, " edge"]
) -> Float[Tensor, "row time"]:
    """1 in each bin whose outcome is known of a row, the one in which it ended among them.

    A row censored within a bin counts as having lived through it from its middle on.
    """
    last = bin_of(value, edges)
    bins = torch.arange(N_BINS, device=value.device)
    beyond = value >= edges[-1]
    middle = (edges[:-1] + edges[1:])[last] / 2
    half = (bins == last[:, None]) & ((value >= middle) | ended)[:, None]
    known: Tensor = (bins < last[:, None]) | half | beyond[:, None]
    return known.to(value.dtype)


def ended_in(
    value: Float[Tensor, " row"], event: Bool[Tensor, " row"], edges: Float[Tensor, " edge"]
) -> Float[Tensor, "row time"]:
    """1 in the bin in which a row had the event; events at or beyond the horizon do not count."""
    bins = torch.arange(N_BINS, device=value.device)
    counts = event & (value < edges[-1])
    return ((bins == bin_of(value, edges)[:, None]) & counts[:, None]).to(value.dtype)


def pooled_logit(
    at_risk: Float[Tensor, "row time"], ended: Float[Tensor, "row time"]
) -> Float[Tensor, " time"]:
    """Log odds of the event in each bin over all rows."""
    rate = (ended.sum(0) + 0.5) / (at_risk.sum(0) + 1.0)
    return torch.logit(rate.clamp(1e-4, 0.999))


def from_one(curve: Float[Tensor, "patient arm bin"]) -> Float[Tensor, "patient arm time"]:
    """The curve with its first point, S(0) = 1."""
    return torch.cat([torch.ones_like(curve[:, :, :1]), curve], 2)


def along(curve: Float[Tensor, "patient arm bin"], edges: Float[Tensor, " edge"]) -> Prediction:
    """The prediction of a curve at the ends of the bins; its mean is the area by trapezoids."""
    whole = from_one(curve)
    return Prediction(torch.trapezoid(whole, edges, dim=2), whole, edges)
