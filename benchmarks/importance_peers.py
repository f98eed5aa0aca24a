"""Importance of genes by other learners: one test at a time, ridge, forest, DeepLIFT of an MLP."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import RidgeCV
from torch import nn

from pathgnn.graph.nodes import Nodes
from pathgnn.model.scales import Scaling, learned_scales
from pathgnn.seeds import seed_for, torch_seed

Matrix = Float[np.ndarray, "patient column"]
Vector = Float[np.ndarray, " value"]

N_TREES, HIDDEN, EPOCHS, LEARNING_RATE, DECAY = 200, (64, 16), 60, 1e-3, 0.01
PENALTIES = tuple(np.geomspace(10, 1e5, 9))


class Split(NamedTuple):
    """Standardised values of training and held-out patients, one column per gene and omic."""

    x: Matrix
    y: Vector
    held: Matrix
    n_genes: int


def split_of(train: Nodes, held: Nodes, y: Vector) -> Split:
    """The same values, in the same units, as the network reads them; the target in SD."""
    scales = learned_scales(train, Scaling())
    flat = [scales(n).z.permute(1, 0, 2).flatten(1).double().numpy() for n in (train, held)]
    return Split(flat[0], (y - y.mean()) / max(y.std(), 1e-9), flat[1], len(train.genes))


def univariate(given: Split, seed: int) -> Vector:
    """The largest absolute correlation with the target over a gene's omics."""
    spread = given.x.std(0)
    r = (given.x - given.x.mean(0)).T @ given.y / len(given.y) / np.where(spread > 0, spread, 1)
    return _by_gene(np.abs(r), given).max(1)


def ridge(given: Split, seed: int) -> Vector:
    """Mean absolute part of the prediction; the penalty is that of the best leave-one-out error."""
    model = RidgeCV(PENALTIES).fit(given.x, given.y)
    return _by_gene(np.abs(given.held * model.coef_).mean(0), given).sum(1)


def forest(given: Split, seed: int) -> Vector:
    """Impurity importance of a random forest."""
    model = RandomForestRegressor(
        N_TREES, max_features=0.1, min_samples_leaf=3, random_state=seed_for(seed, 2)
    )
    return _by_gene(model.fit(given.x, given.y).feature_importances_, given).sum(1)


def deep_lift_of_mlp(given: Split, seed: int) -> Vector:
    """Mean absolute DeepLIFT of a plain network from the training mean, as P-NET explains its own.

    Source: Shrikumar et al., ICML 2017; Elmarakeby et al., Nature 2021.
    """
    from captum.attr import DeepLift

    with torch_seed(seed_for(seed, 4)):
        net = _trained(given)
    held = torch.as_tensor(given.held, dtype=torch.float32)
    parts = DeepLift(net).attribute(held, torch.zeros_like(held), target=0)
    return _by_gene(parts.detach().abs().mean(0).double().numpy(), given).sum(1)


def _trained(given: Split) -> nn.Module:
    x, y = (torch.as_tensor(a, dtype=torch.float32) for a in (given.x, given.y))
    wide, narrow = HIDDEN
    net = nn.Sequential(
        nn.Linear(x.shape[1], wide),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(wide, narrow),
        nn.ReLU(),
        nn.Linear(narrow, 1),
    )
    optimizer = torch.optim.AdamW(net.parameters(), lr=LEARNING_RATE, weight_decay=DECAY)
    for _ in range(EPOCHS):
        optimizer.zero_grad()
        ((net(x)[:, 0] - y) ** 2).mean().backward()
        optimizer.step()
    return net.eval()


def _by_gene(column: Vector, given: Split) -> Matrix:
    return np.asarray(column).reshape(given.n_genes, -1)


Importance = Callable[[Split, int], Vector]
PEERS: Mapping[str, Importance] = MappingProxyType(
    {
        "one test at a time": univariate,
        "ridge": ridge,
        "random forest": forest,
        "MLP, DeepLIFT": deep_lift_of_mlp,
    }
)
