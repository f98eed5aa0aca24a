"""Input scales learned on training patients: measured values in training units."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pathgnn.graph.project import Nodes

# A value further from the training mean than this, in standard deviations, counts as this far.
FARTHEST = 6.0
# Rare mutations have tiny standard deviations; below this they are not blown up further.
SMALLEST_SD = 0.25
WILD_TYPE_ZERO = ("mutation", "copy_number")


class Standardised(NamedTuple):
    """Inputs in training units; 0 is the training mean or wild type, and what was not seen."""

    z: Float[Tensor, "gene patient modality"]
    clinical: Float[Tensor, "patient covariate"]


class InputScales(nn.Module):
    """Mean and standard deviation per gene and modality, and per covariate, kept as buffers."""

    center: Tensor
    scale: Tensor
    clinical_center: Tensor
    clinical_scale: Tensor

    def __init__(self, n_genes: int, kinds: tuple[str, ...], n_covariates: int) -> None:
        super().__init__()
        self.kinds = kinds
        self.register_buffer("center", torch.zeros(n_genes, 1, len(kinds)))
        self.register_buffer("scale", torch.ones(n_genes, 1, len(kinds)))
        self.register_buffer("clinical_center", torch.zeros(n_covariates))
        self.register_buffer("clinical_scale", torch.ones(n_covariates))

    def learn(self, nodes: Nodes) -> InputScales:
        """Learn from the seen values of the training patients; returns itself."""
        seen = nodes.seen.float()
        n = seen.sum(1, keepdim=True).clamp(min=1)
        center = (nodes.x * seen).sum(1, keepdim=True) / n
        from_zero = torch.tensor([kind in WILD_TYPE_ZERO for kind in self.kinds])
        center = torch.where(from_zero, torch.zeros(()), center)
        spread = (((nodes.x - center) * seen).square().sum(1, keepdim=True) / n).sqrt()
        self.center.copy_(center)
        # A constant value carries no information; a floor keeps it from blowing up elsewhere.
        self.scale.copy_(torch.where(from_zero, spread.clamp(min=SMALLEST_SD), spread))
        self.scale.masked_fill_(self.scale < 1e-6, 1.0)
        self._learn_clinical(nodes)
        return self

    def forward(self, nodes: Nodes) -> Standardised:
        """Inputs in training units, unseen values at 0."""
        z = ((nodes.x - self.center) / self.scale).clamp(-FARTHEST, FARTHEST)
        c = (nodes.clinical - self.clinical_center) / self.clinical_scale
        c = c.clamp(-FARTHEST, FARTHEST) * nodes.clinical_seen
        return Standardised(z * nodes.seen, c)

    def _learn_clinical(self, nodes: Nodes) -> None:
        seen = nodes.clinical_seen.float()
        n = seen.sum(0).clamp(min=1)
        center = (nodes.clinical * seen).sum(0) / n
        spread = (((nodes.clinical - center) * seen).square().sum(0) / n).sqrt()
        self.clinical_center.copy_(center)
        self.clinical_scale.copy_(spread.clamp(min=1e-3))
