"""The default prediction of a fold as a function of its patients' inputs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from pathgnn.attribute.account import mean_start
from pathgnn.attribute.reference import Compared, references
from pathgnn.model.scales import Standardised
from pathgnn.train.part import Member


class Predicted(NamedTuple):
    """Held-out patients of one fold, their reference, and what predicts their benefit.

    A gene moves with all its omics; the clinical block stays the patient's own.
    """

    who: Compared
    members: tuple[Member, ...]
    at: Int[Tensor, " patient"]
    inputs: Standardised
    start: Standardised
    own_m: tuple[Tensor, ...]

    def __call__(self, z: Float[Tensor, "gene patient modality"]) -> Float[np.ndarray, " patient"]:
        """Benefit with these measured values, at the patient's own prognosis."""
        with torch.no_grad():
            return np.asarray(self.benefit(z).numpy())

    def benefit(self, z: Float[Tensor, "gene patient modality"]) -> Float[Tensor, " patient"]:
        """The same as a tensor that knows its gradient, but that of trees, which is 0 or none."""
        fitted, k = self.who.fitted, self.who.contrast
        inputs = self.inputs._replace(z=z)
        each = [
            fitted.recipe.estimand(m.net.head.predict(own, m.net(inputs).delta))[:, k]
            for m, own in zip(self.members, self.own_m, strict=True)
        ]
        network = torch.stack(each).mean(0).double()
        if not fitted.stacks:
            return network
        stack = fitted.stacks[self.members[0].fold]
        return stack.network_share * network + stack.beside(inputs)[:, k].double()

    def moved(self, genes: Tensor) -> Float[np.ndarray, " patient"]:
        """Benefit with some genes at the reference: a mask of genes, or of gene and patient."""
        mask = genes[:, None, None] if genes.ndim == 1 else genes[:, :, None]
        return self(torch.where(mask, self.start.z, self.inputs.z))


def by_fold(who: Compared) -> list[Predicted]:
    """One for every fold."""
    out = []
    for fold in range(who.fitted.recipe.fit.folds):
        members = tuple(m for m in who.fitted.members if m.fold == fold)
        at = torch.from_numpy(np.flatnonzero(who.fitted.fold == fold))
        inputs = members[0].net.scales(who.nodes.take(at))
        start = mean_start(references(who, members[0], at))
        with torch.no_grad():
            own = tuple(m.net(inputs).m for m in members)
        out.append(Predicted(who, members, at, inputs, start, own))
    return out
