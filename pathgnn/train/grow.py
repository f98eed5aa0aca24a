"""Random forests on standardised inputs, as plain trees: grown on seen values alone."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from sklearn.ensemble import RandomForestRegressor
from sklearn.tree import DecisionTreeRegressor

from pathgnn.graph.nodes import Nodes
from pathgnn.model.scales import InputScales
from pathgnn.train.lasso import Rows
from pathgnn.train.nuisance import features
from pathgnn.train.trees import DEEPEST, LEAF, Trees, joined

N_TREES = 100
# Each tree sees so many patients at most: time grows faster than their number.
MOST_SAMPLED = 2000


class Values(NamedTuple):
    """Features as trees number them, and whether each was measured."""

    x: Float[np.ndarray, "patient feature"]
    seen: Bool[np.ndarray, "patient feature"]


class Target(NamedTuple):
    """What a forest is to tell, and how much each patient counts; 0: not at all."""

    value: Float[np.ndarray, " patient"]
    weight: Float[np.ndarray, " patient"]


def values_of(nodes: Nodes, scales: InputScales) -> Values:
    """The standardised features of some patients."""
    genes = nodes.seen.permute(1, 0, 2).flatten(1).numpy()
    return Values(features(nodes, scales), np.concatenate([genes, nodes.clinical_seen.numpy()], 1))


def grown(values: Values, target: Target, smallest_leaf: int, contrast: int = 0) -> Trees:
    """A forest with all features at each split; too few patients: their mean.

    Of many features those most correlated with the target are kept, as for the lassos. It grows on
    seen values alone: who was not measured may differ, and that is no effect of a gene.

    Args:
        values: Of the training patients.
        target: Of the same.
        smallest_leaf: Patients that a leaf has at least.
        contrast: Which contrast the trees are for.

    Source: Breiman, Machine Learning 2001, 45:5.
    """
    (x, seen), on = values, target.weight > 0
    value, weight = target.value[on], target.weight[on]
    enough = on.sum() >= 2 * smallest_leaf
    kept = Rows(x, target.value, target.weight).kept()[0] if enough else np.empty(0, dtype=int)
    if not len(kept):
        return _lone_leaf(value, weight, contrast)
    forest = RandomForestRegressor(
        N_TREES,
        min_samples_leaf=smallest_leaf,
        max_depth=DEEPEST,
        max_samples=min(int(on.sum()), MOST_SAMPLED),
        random_state=0,
        n_jobs=torch.get_num_threads(),
    )
    forest.fit(_filled(x[on][:, kept], seen[on][:, kept]), value, weight)
    trees = [_plain(tree, kept, contrast) for tree in forest.estimators_]
    return joined(trees).times(1 / N_TREES)


def _filled(
    x: Float[np.ndarray, "patient kept"], seen: Bool[np.ndarray, "patient kept"]
) -> Float[np.ndarray, "patient kept"]:
    """Unseen values drawn from the seen ones of the same feature: no split tells who lacks it."""
    x, rng = x.copy(), np.random.default_rng(0)
    for column in np.flatnonzero(~seen.all(0) & seen.any(0)):
        lacks = ~seen[:, column]
        x[lacks, column] = rng.choice(x[~lacks, column], int(lacks.sum()))
    return x


def _lone_leaf(
    gain: Float[np.ndarray, " chosen"], weight: Float[np.ndarray, " chosen"], contrast: int
) -> Trees:
    """The mean score, of whomever."""
    mean = float(np.average(gain, weights=weight)) if len(gain) else 0.0
    own, leaf = torch.zeros(1, dtype=torch.int32), torch.tensor([LEAF], dtype=torch.int32)
    return Trees(own, own + contrast, leaf, torch.zeros(1), own, own, torch.tensor([mean]))


def _plain(tree: DecisionTreeRegressor, kept: Int[np.ndarray, " kept"], contrast: int) -> Trees:
    grown = tree.tree_
    own = np.arange(grown.node_count)
    leaf: Bool[np.ndarray, " node"] = grown.children_left == LEAF
    return Trees(
        root=_whole(np.zeros(1)),
        contrast=_whole(np.full(1, contrast)),
        feature=_whole(np.where(leaf, LEAF, kept[np.where(leaf, 0, grown.feature)])),
        threshold=torch.from_numpy(_just_above(np.where(leaf, 0.0, grown.threshold))),
        left=_whole(np.where(leaf, own, grown.children_left)),
        right=_whole(np.where(leaf, own, grown.children_right)),
        value=torch.from_numpy(grown.value[:, 0, 0]).float(),
    )


def _just_above(threshold: Float[np.ndarray, " node"]) -> Float[np.ndarray, " node"]:
    """The least number of single precision above: less than it is not above the threshold."""
    near = threshold.astype(np.float32)
    below = np.where(near > threshold, np.nextafter(near, np.float32(-np.inf)), near)
    return np.asarray(np.nextafter(below, np.float32(np.inf)))


def _whole(numbers: np.ndarray) -> Int[torch.Tensor, "..."]:
    return torch.from_numpy(numbers.astype(np.int32))
