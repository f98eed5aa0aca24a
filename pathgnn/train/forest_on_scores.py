"""Forest of the benefit scores: the learner of thresholds and of genes that act together."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from sklearn.ensemble import RandomForestRegressor
from sklearn.tree import DecisionTreeRegressor

from pathgnn.train.lasso import Rows
from pathgnn.train.linear import LinearTask
from pathgnn.train.nuisance import features
from pathgnn.train.trees import LEAF, Trees, joined

# Scores are noisy: leaves of 20 patients, and all features at each split, since few of them say
# anything. On simulated outcomes of METABRIC's patients, 1,300 in training, three parts of a
# cascade that must be on together: r with the true benefit .81 so, .75 with a third of the
# features, .74 with leaves of 5. With 100 in training smaller leaves were no better, either.
N_TREES, SMALLEST_LEAF = 100, 20
# A threshold stands that far above the middle of two values, so that no value is on it.
ABOVE = 1e-6


def forest_on_scores(task: LinearTask) -> Trees:
    """DR-learner: a random forest of the doubly robust scores of each contrast on all genes.

    Of many features those most correlated with the scores are kept, as for the lassos.

    Source: Breiman, Machine Learning 2001, 45:5; Kennedy, EJS 2023, 17:3008 (DR-learner).
    """
    x, scores = features(task.train, task.scales), task.scores
    weight = np.where(scores.informs, scores.weight, 0.0)
    return joined([_forest(x, scores.gain[:, k], weight[:, k], k) for k in range(weight.shape[1])])


def _forest(
    x: Float[np.ndarray, "patient feature"],
    gain: Float[np.ndarray, " patient"],
    weight: Float[np.ndarray, " patient"],
    contrast: int,
) -> Trees:
    on = weight > 0
    kept = Rows(x, gain, on).kept()[0] if on.sum() >= 2 * SMALLEST_LEAF else np.empty(0, dtype=int)
    if not len(kept):
        return _lone_leaf(gain[on], weight[on], contrast)
    forest = RandomForestRegressor(N_TREES, min_samples_leaf=SMALLEST_LEAF, random_state=0)
    forest.fit(x[on][:, kept], gain[on], weight[on])
    trees = [_plain(tree, kept, contrast) for tree in forest.estimators_]
    return joined(trees).times(1 / N_TREES)


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
    middle = np.where(leaf, 0.0, grown.threshold)
    return Trees(
        root=_whole(np.zeros(1)),
        contrast=_whole(np.full(1, contrast)),
        feature=_whole(np.where(leaf, LEAF, kept[np.where(leaf, 0, grown.feature)])),
        threshold=torch.from_numpy(middle + ABOVE * np.maximum(1, np.abs(middle))).float(),
        left=_whole(np.where(leaf, own, grown.children_left)),
        right=_whole(np.where(leaf, own, grown.children_right)),
        value=torch.from_numpy(grown.value[:, 0, 0]).float(),
    )


def _whole(numbers: np.ndarray) -> Int[torch.Tensor, "..."]:
    return torch.from_numpy(numbers.astype(np.int32))
