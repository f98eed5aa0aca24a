"""Trees as plain arrays: what stands in a bundle, and how patients go down them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from pathgnn.model.scales import Standardised

LEAF = -1
# Splits between a root and a leaf, at most.
DEEPEST = 30


class Trees(NamedTuple):
    """Benefit = sum, over the trees of a contrast, of the value of the leaf a patient ends in.

    The nodes of all trees stand one after the other, each before its children; a leaf asks of no
    `feature`, and is its own child. Features are numbered gene by gene, omic by omic, then the
    covariates. Patients go `left` where theirs is less than the `threshold`. Every contrast has a
    tree.
    """

    root: Int[Tensor, " tree"]
    contrast: Int[Tensor, " tree"]
    feature: Int[Tensor, " node"]
    threshold: Float[Tensor, " node"]
    left: Int[Tensor, " node"]
    right: Int[Tensor, " node"]
    value: Float[Tensor, " node"]

    def __call__(self, inputs: Standardised) -> Float[Tensor, "patient contrast"]:
        """Predicted benefit of every patient."""
        asked = asked_of(self, inputs)
        patient = torch.arange(asked.x.shape[1])[:, None]
        node = self.root.long().expand(len(patient), -1)
        while (asked.place[node] != LEAF).any():
            below = asked.x[asked.place[node].clamp(min=0), patient] < self.threshold[node]
            node = torch.where(below, self.left[node], self.right[node]).long()
        out = self.value.new_zeros(len(patient), int(self.contrast.max()) + 1)
        return out.index_add(1, self.contrast.long(), self.value[node])

    def times(self, share: float) -> Trees:
        """The same trees, each leaf counting that much."""
        return self._replace(value=self.value * share)


class Asked(NamedTuple):
    """The features that some node asks of, their values, and which of them each node's is."""

    features: Int[Tensor, " asked"]
    x: Float[Tensor, "asked patient"]
    place: Int[Tensor, " node"]


def asked_of(trees: Trees, inputs: Standardised) -> Asked:
    """What the trees ask of some patients; a place of -1 is a leaf's."""
    asked = trees.feature != LEAF
    features, inverse = torch.unique(trees.feature[asked].long(), return_inverse=True)
    place = torch.full_like(trees.feature, LEAF, dtype=torch.long)
    place[asked] = inverse
    gene, omic, covariate = meant_by(features, inputs)
    x = [inputs.z[gene, :, omic], inputs.clinical[:, covariate].T]
    return Asked(features, torch.cat(x), place)


def meant_by(features: Int[Tensor, " asked"], inputs: Standardised) -> tuple[Tensor, ...]:
    """Gene and omic of each feature that is a gene's, then the covariates; numbers ascend."""
    n_genes, _, n_omics = inputs.z.shape
    of_gene = features < n_genes * n_omics
    single = features[of_gene]
    return single // n_omics, single % n_omics, features[~of_gene] - n_genes * n_omics


def joined(parts: Sequence[Trees]) -> Trees:
    """All trees of several sets, one after the other."""
    moved, n = [], 0
    for part in parts:
        moved.append(part._replace(root=part.root + n, left=part.left + n, right=part.right + n))
        n += len(part.feature)
    return Trees(*(torch.cat(field) for field in zip(*moved, strict=True)))
