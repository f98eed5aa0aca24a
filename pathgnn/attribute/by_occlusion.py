"""Gene occlusion: what is lost when one measured value is moved to the reference."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from pathgnn.attribute.method import Function, Points
from pathgnn.model.scales import Standardised

# Patients that go through the network at once, the same ones with another value moved each time:
# few alone would cost as much.
AT_ONCE = 64


def occlusion(
    function: Function, inputs: Standardised, starts: list[Standardised], points: Points
) -> list[Standardised]:
    """One pass of every patient per gene, modality and reference: for small graphs.

    Parts need not sum to the whole: two genes that stand in for each other both get nothing.

    Source: Zeiler & Fergus, ECCV 2014.
    """
    with torch.no_grad():
        whole = function(inputs)
        out = [Standardised(*(torch.zeros_like(x) for x in inputs)) for _ in whole]
        for start in starts:
            _occlude_genes(function, whole, (start, inputs), out, 1 / len(starts))
            _occlude_covariates(function, whole, (start, inputs), out, 1 / len(starts))
    return out


def _occlude_genes(
    function: Function,
    whole: tuple[Tensor, ...],
    path: tuple[Standardised, Standardised],
    out: list[Standardised],
    weight: float,
) -> None:
    start, inputs = path
    n = len(inputs.clinical)
    moved: list[list[int]] = (inputs.z != start.z).any(1).nonzero().tolist()
    at_once = max(1, AT_ONCE // max(1, n))
    for first in range(0, len(moved), at_once):
        places = moved[first : first + at_once]
        z, clinical = inputs.z.repeat(1, len(places), 1), inputs.clinical.repeat(len(places), 1)
        for i, (g, m) in enumerate(places):
            z[g, i * n : (i + 1) * n, m] = start.z[g, :, m]
        for total, lost in zip(out, _lost(function, whole, Standardised(z, clinical)), strict=True):
            for i, (g, m) in enumerate(places):
                total.z[g, :, m] += weight * lost[i]


def _occlude_covariates(
    function: Function,
    whole: tuple[Tensor, ...],
    path: tuple[Standardised, Standardised],
    out: list[Standardised],
    weight: float,
) -> None:
    start, inputs = path
    for c in range(inputs.clinical.shape[1]):
        clinical = inputs.clinical.clone()
        clinical[:, c] = start.clinical[:, c]
        moved = inputs._replace(clinical=clinical)
        for total, (lost,) in zip(out, _lost(function, whole, moved), strict=True):
            total.clinical[:, c] += weight * lost


def _lost(
    function: Function, whole: tuple[Tensor, ...], copies: Standardised
) -> list[Float[Tensor, "copy patient"]]:
    """What each value is less than the whole, in every copy of the patients."""
    return [a - b.view(-1, len(a)) for a, b in zip(whole, function(copies), strict=True)]
