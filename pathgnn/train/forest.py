"""Forests of benefit: the learners of thresholds and of genes that act together."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from pathgnn.train.grow import grown, lone_leaf
from pathgnn.train.linear import LinearTask
from pathgnn.train.nuisance import features
from pathgnn.train.trees import Trees, joined


def forest_on_scores(task: LinearTask) -> Trees:
    """DR-learner: a random forest of the doubly robust scores of each contrast on all genes.

    Source: Kennedy, EJS 2023, 17:3008 (DR-learner).
    """
    x, seen = _measured(task)
    gain, weight = task.scores.gain, np.where(task.scores.informs, task.scores.weight, 0.0)
    return joined([grown(x, seen, gain[:, k], weight[:, k]).of(k) for k in range(gain.shape[1])])


def forest_by_arm(task: LinearTask) -> Trees:
    """T-learner: a random forest of the outcome in each arm; the benefit is their difference.

    Survival is grown on censoring-unbiased months, which makes it a survival forest.

    Source: Künzel et al., PNAS 2019, 116:4156 (T-learner); Steingrimsson, Diao & Strawderman,
    JASA 2019, 114:370 (censoring-unbiased forests).
    """
    x, seen = _measured(task)
    rows, value = task.train.patient_of.numpy(), task.scores.value
    had = task.train.arm.numpy() == np.arange(len(task.train.arms))[:, None]
    # An arm that no training patient had says nothing; it does not say 0.
    without, *treated = [
        grown(x[rows], seen[rows], value, on.astype(float)) if on.any() else lone_leaf(value.mean())
        for on in had
    ]
    return joined([t.of(k) for k, arm in enumerate(treated) for t in (arm, without.times(-1))])


def _measured(
    task: LinearTask,
) -> tuple[Float[np.ndarray, "patient feature"], Bool[np.ndarray, "patient feature"]]:
    """Features of the training patients, and which of them were seen."""
    genes = task.train.seen.permute(1, 0, 2).flatten(1).numpy()
    seen = np.concatenate([genes, task.train.clinical_seen.numpy()], 1)
    return features(task.train, task.scales), seen
