"""Input scales learned on training patients: measured values in training units."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from pathgnn.graph.nodes import Nodes

# A value further from the training mean than this, in standard deviations, counts as this far.
FARTHEST = 6.0
# Rare mutations have tiny standard deviations; below this they are not blown up further.
SMALLEST_SD = 0.25
# Sums of 32-bit floats make the mean of a constant miss it by a little of its size; sums of 64-bit
# ones by the rounding of the value itself.
CONSTANT, CONSTANT_CLINICAL = 1e-5, 1e-7
WILD_TYPE_ZERO = ("mutation", "copy_number")
# A site with this many patients has half of its shift taken out: few tell the mean of a site badly.
HALF_TRUSTED = 10


class Scaling(NamedTuple):
    """What is learned of the inputs beyond mean and spread.

    Attributes:
        variance_filter: Share of the measured genes of each omic, those that vary least, left out.
        center_sites: Is the mean of each site taken out, shrunken by n / (n + 10)?
    """

    variance_filter: float = 0.0
    center_sites: bool = False


class Standardised(NamedTuple):
    """Inputs in training units; 0 is the training mean or wild type, and what was not seen."""

    z: Float[Tensor, "gene patient modality"]
    clinical: Float[Tensor, "patient covariate"]


class InputScales(nn.Module):
    """Mean and standard deviation per gene and modality, and per covariate, kept as buffers.

    With `n_sites` above 0 also the shift of each site; 0 where wild type is, and for sites that no
    training patient comes from.
    """

    center: Tensor
    scale: Tensor
    site_shift: Tensor
    clinical_center: Tensor
    clinical_scale: Tensor

    def __init__(
        self, n_genes: int, kinds: tuple[str, ...], n_covariates: int, n_sites: int = 0
    ) -> None:
        super().__init__()
        self.kinds = kinds
        self.register_buffer("center", torch.zeros(n_genes, 1, len(kinds)))
        self.register_buffer("scale", torch.ones(n_genes, 1, len(kinds)))
        # Not in the state of a model without sites, so that older bundles can be read.
        shift = torch.zeros(n_sites, n_genes, len(kinds))
        self.register_buffer("site_shift", shift, persistent=n_sites > 0)
        self.register_buffer("clinical_center", torch.zeros(n_covariates))
        self.register_buffer("clinical_scale", torch.ones(n_covariates))

    def learn(self, nodes: Nodes, variance_filter: float = 0.0) -> InputScales:
        """Learn from the seen values of the training patients; returns itself."""
        seen = nodes.seen.float()
        n = seen.sum(1, keepdim=True).clamp(min=1)
        from_zero = torch.tensor([kind in WILD_TYPE_ZERO for kind in self.kinds])
        self._learn_sites(nodes, from_zero)
        x = self._without_sites(nodes)
        center = (x * seen).sum(1, keepdim=True) / n
        center = torch.where(from_zero, torch.zeros(()), center)
        spread = (((x - center) * seen).square().sum(1, keepdim=True) / n).sqrt()
        self.center.copy_(center)
        self.scale.copy_(torch.where(from_zero, spread.clamp(min=SMALLEST_SD), spread))
        # Over an infinite scale every value is 0, as if it had not been seen: of values that do not
        # vary, or that no training patient had, nothing can be learned.
        size = (nodes.x.abs() * seen).amax(1, keepdim=True)
        unknown = (self.scale <= CONSTANT * size) | ~nodes.seen.any(1, keepdim=True)
        unknown |= _least_varying(spread, nodes, variance_filter)
        self.scale.masked_fill_(unknown, torch.inf)
        self._learn_clinical(nodes)
        return self

    @property
    def known(self) -> Bool[Tensor, "gene 1 modality"]:
        """Values of which something could be learned."""
        return self.scale.isfinite()

    def forward(self, nodes: Nodes) -> Standardised:
        """Inputs in training units, unseen values at 0."""
        x = self._without_sites(nodes)
        z = ((x - self.center) / self.scale).clamp(-FARTHEST, FARTHEST)
        c = (nodes.clinical - self.clinical_center) / self.clinical_scale
        c = c.clamp(-FARTHEST, FARTHEST) * nodes.clinical_seen
        return Standardised(z * nodes.seen, c)

    def _without_sites(self, nodes: Nodes) -> Float[Tensor, "gene patient modality"]:
        if not len(self.site_shift):
            return nodes.x
        known = (nodes.site >= 0)[:, None, None]
        shift = self.site_shift[nodes.site.clamp(min=0)] * known
        return nodes.x - shift.transpose(0, 1)

    def _learn_sites(self, nodes: Nodes, from_zero: Bool[Tensor, " modality"]) -> None:
        """Shift of each site from the mean of all, per gene and modality.

        Source: the location part of Johnson et al., Biostatistics 2007, 8:118, with a fixed prior.
        """
        if not len(self.site_shift):
            return
        at = nodes.site >= 0
        seen = nodes.seen.float()
        mean = (nodes.x * seen).sum(1, keepdim=True) / seen.sum(1, keepdim=True).clamp(min=1)
        away = ((nodes.x - mean) * seen)[:, at].transpose(0, 1)
        zeros = torch.zeros_like(self.site_shift)
        total = zeros.index_add(0, nodes.site[at], away)
        n = zeros.index_add(0, nodes.site[at], seen[:, at].transpose(0, 1))
        # total / n, the mean of the site, times n / (n + 10).
        shift = total / (n + HALF_TRUSTED)
        self.site_shift.copy_(torch.where(from_zero, torch.zeros(()), shift))

    def _learn_clinical(self, nodes: Nodes) -> None:
        seen, value = nodes.clinical_seen.double(), nodes.clinical.double()
        n = seen.sum(0).clamp(min=1)
        center = (value * seen).sum(0) / n
        spread = (((value - center) * seen).square().sum(0) / n).sqrt()
        unknown = spread <= CONSTANT_CLINICAL * center.abs()
        self.clinical_center.copy_(center)
        self.clinical_scale.copy_(spread.masked_fill(unknown, torch.inf))


def learned_scales(train: Nodes, scaling: Scaling) -> InputScales:
    """Scales of the training patients, for learners that are no network."""
    n_sites = len(train.sites) if scaling.center_sites else 0
    scales = InputScales(len(train.genes), train.kinds, len(train.covariates), n_sites)
    return scales.learn(train, scaling.variance_filter)


def _least_varying(
    spread: Float[Tensor, "gene 1 modality"], nodes: Nodes, share: float
) -> Bool[Tensor, "gene 1 modality"]:
    """The share of each omic's measured genes that varies least, ties by the order of genes."""
    out = torch.zeros_like(spread, dtype=torch.bool)
    if share == 0:
        return out
    measured = nodes.seen.any(1)
    for m in range(spread.shape[2]):
        genes = torch.nonzero(measured[:, m])[:, 0]
        order = torch.sort(spread[genes, 0, m], stable=True).indices
        out[genes[order[: int(share * len(genes))]], 0, m] = True
    return out
