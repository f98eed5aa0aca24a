"""Gene occlusion: what is lost when one measured value is moved to the reference."""

from __future__ import annotations

import torch
from torch import Tensor

from pathgnn.attribute.method import Function, Points
from pathgnn.model.scales import Standardised


def occlusion(
    function: Function, inputs: Standardised, starts: list[Standardised], points: Points
) -> list[Standardised]:
    """One pass of the network per gene, modality and reference: for small graphs.

    Parts need not sum to the whole: two genes that stand in for each other both get nothing.

    Source: Zeiler & Fergus, ECCV 2014.
    """
    with torch.no_grad():
        whole = function(inputs)
        out = [Standardised(*(torch.zeros_like(x) for x in inputs)) for _ in whole]
        for start in starts:
            for g, m in _moved(inputs, start):
                z = inputs.z.clone()
                z[g, :, m] = start.z[g, :, m]
                for total, lost in zip(
                    out, _lost(function, whole, inputs._replace(z=z)), strict=True
                ):
                    total.z[g, :, m] += lost / len(starts)
            for c in range(inputs.clinical.shape[1]):
                clinical = inputs.clinical.clone()
                clinical[:, c] = start.clinical[:, c]
                moved = inputs._replace(clinical=clinical)
                for total, lost in zip(out, _lost(function, whole, moved), strict=True):
                    total.clinical[:, c] += lost / len(starts)
    return out


def _moved(inputs: Standardised, start: Standardised) -> list[list[int]]:
    """Genes and modalities that differ from the reference in any patient."""
    moved: list[list[int]] = (inputs.z != start.z).any(1).nonzero().tolist()
    return moved


def _lost(function: Function, whole: tuple[Tensor, ...], inputs: Standardised) -> list[Tensor]:
    return [a - b for a, b in zip(whole, function(inputs), strict=True)]
