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
from pathgnn.train.trees import DEEPEST, LEAF, Trees, joined

# Scores are noisy: leaves of 20 patients, and all features at each split, since few of them say
# anything. On simulated outcomes of METABRIC's patients, 1,300 in training, three parts of a
# cascade that must be on together: r with the true benefit .81 so, .75 with a third of the
# features, .74 with leaves of 5. With 100 in training smaller leaves were no better, either.
N_TREES, SMALLEST_LEAF = 100, 20
# Each tree sees so many patients at most: time grows faster than their number.
MOST_SAMPLED = 2000


def forest_on_scores(task: LinearTask) -> Trees:
    """DR-learner: a random forest of the doubly robust scores of each contrast on all genes.

    Of many features those most correlated with the scores are kept, as for the lassos. It grows on
    seen values alone: who was not measured may differ, and that is no effect of a gene.

    Source: Breiman, Machine Learning 2001, 45:5; Kennedy, EJS 2023, 17:3008 (DR-learner).
    """
    x, scores = features(task.train, task.scales), task.scores
    genes = task.train.seen.permute(1, 0, 2).flatten(1).numpy()
    seen = np.concatenate([genes, task.train.clinical_seen.numpy()], 1)
    weight = np.where(scores.informs, scores.weight, 0.0)
    return joined(
        [_forest(x, seen, (scores.gain[:, k], weight[:, k]), k) for k in range(weight.shape[1])]
    )


def _forest(
    x: Float[np.ndarray, "patient feature"],
    seen: Bool[np.ndarray, "patient feature"],
    target: tuple[Float[np.ndarray, " patient"], Float[np.ndarray, " patient"]],
    contrast: int,
) -> Trees:
    gain, weight = target
    on = weight > 0
    kept = Rows(x, gain, on).kept()[0] if on.sum() >= 2 * SMALLEST_LEAF else np.empty(0, dtype=int)
    if not len(kept):
        return _lone_leaf(gain[on], weight[on], contrast)
    forest = RandomForestRegressor(
        N_TREES,
        min_samples_leaf=SMALLEST_LEAF,
        max_depth=DEEPEST,
        max_samples=min(int(on.sum()), MOST_SAMPLED),
        random_state=0,
    )
    forest.fit(_filled(x[on][:, kept], seen[on][:, kept]), gain[on], weight[on])
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
