"""Small trees and inputs for tests."""

from __future__ import annotations

import numpy as np
import torch

from pathgnn.model.scales import Standardised
from pathgnn.train.forest_on_scores import SMALLEST_LEAF
from pathgnn.train.grow import Target, Values
from pathgnn.train.grow import grown as grow
from pathgnn.train.trees import LEAF, Trees

N, GENES, OMICS, COVARIATES = 240, 12, 2, 2


def inputs_of(seed, n=N):
    """Genes of a continuous and of a binary omic, and covariates, in training units."""
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((GENES, n, OMICS))
    z[:, :, 1] = np.where(z[:, :, 1] > 0.5, 1.0, -1.0)
    clinical = rng.standard_normal((n, COVARIATES))
    return Standardised(torch.from_numpy(z).float(), torch.from_numpy(clinical).float())


def flat(inputs):
    """Features as learners see them: gene by gene, omic by omic, then the clinical block."""
    genes = inputs.z.permute(1, 0, 2).flatten(1)
    return torch.cat([genes, inputs.clinical], 1).double().numpy()


def stump(feature, threshold, low, high, contrast=0):
    """One tree of one split."""
    whole = torch.int32
    return Trees(
        root=torch.zeros(1, dtype=whole),
        contrast=torch.full((1,), contrast, dtype=whole),
        feature=torch.tensor([feature, LEAF, LEAF], dtype=whole),
        threshold=torch.tensor([threshold, 0.0, 0.0]),
        left=torch.tensor([1, 1, 2], dtype=whole),
        right=torch.tensor([2, 1, 2], dtype=whole),
        value=torch.tensor([0.0, low, high]),
    )


def grown(seed=0, contrast=0):
    """A forest that knows a gate of a gene's value, another's mutation and a covariate."""
    inputs = inputs_of(seed)
    x = flat(inputs)
    gain = 3.0 * ((x[:, 0] > 0) & (x[:, 3] > 0)) + x[:, -1]
    gain += np.random.default_rng(seed + 1).standard_normal(N)
    return forest_of(x, gain, contrast=contrast), x, gain


def forest_of(x, gain, weight=None, contrast=0, seen=None):
    """A forest of some scores, all alike and all seen unless it is said."""
    weight = np.ones(len(x)) if weight is None else weight
    seen = np.ones(x.shape, dtype=bool) if seen is None else seen
    return grow(Values(x, seen), Target(gain, weight), SMALLEST_LEAF, contrast)
