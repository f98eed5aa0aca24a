"""Gene occlusion: what is lost when one measured value is moved to the reference."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from pathgnn.attribute.method import Function, Points
from pathgnn.model.scales import Standardised


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
            way = _Way(function, whole, start, inputs)
            _occlude_genes(way, out, 1 / len(starts), points.at_once)
            _occlude_covariates(way, out, 1 / len(starts))
    return out


class _Way(NamedTuple):
    """From a start, one value at a time, to the inputs, whose values in full are `whole`."""

    function: Function
    whole: tuple[Tensor, ...]
    start: Standardised
    inputs: Standardised

    def lost(self, copies: Standardised) -> list[Float[Tensor, "copy patient"]]:
        """What each value is less than the whole, in every copy of the patients."""
        found = self.function(copies)
        return [a - b.view(-1, len(a)) for a, b in zip(self.whole, found, strict=True)]


def _occlude_genes(way: _Way, out: list[Standardised], weight: float, at_once: int) -> None:
    start, inputs = way.start, way.inputs
    n = len(inputs.clinical)
    moved: list[list[int]] = (inputs.z != start.z).any(1).nonzero().tolist()
    step = max(1, at_once // max(1, n))
    for first in range(0, len(moved), step):
        places = moved[first : first + step]
        z, clinical = inputs.z.repeat(1, len(places), 1), inputs.clinical.repeat(len(places), 1)
        for i, (g, m) in enumerate(places):
            z[g, i * n : (i + 1) * n, m] = start.z[g, :, m]
        for total, lost in zip(out, way.lost(Standardised(z, clinical)), strict=True):
            for i, (g, m) in enumerate(places):
                total.z[g, :, m] += weight * lost[i]


def _occlude_covariates(way: _Way, out: list[Standardised], weight: float) -> None:
    for c in range(way.inputs.clinical.shape[1]):
        clinical = way.inputs.clinical.clone()
        clinical[:, c] = way.start.clinical[:, c]
        moved = way.inputs._replace(clinical=clinical)
        for total, (lost,) in zip(out, way.lost(moved), strict=True):
            total.clinical[:, c] += weight * lost
