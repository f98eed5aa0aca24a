"""Forest of the benefit scores: the learner of thresholds and of genes that act together."""

from __future__ import annotations

import numpy as np

from pathgnn.train.grow import Target, grown, values_of
from pathgnn.train.linear import LinearTask
from pathgnn.train.trees import Trees, joined

# Scores are noisy: leaves of 20 patients, and all features at each split, since few of them say
# anything. On simulated outcomes of METABRIC's patients, 1,300 in training, three parts of a
# cascade that must be on together: r with the true benefit .81 so, .75 with a third of the
# features, .74 with leaves of 5. With 100 in training smaller leaves were no better, either.
SMALLEST_LEAF = 20


def forest_on_scores(task: LinearTask) -> Trees:
    """DR-learner: a random forest of the doubly robust scores of each contrast on all genes.

    Source: Kennedy, EJS 2023, 17:3008 (DR-learner).
    """
    values, scores = values_of(task.train, task.scales), task.scores
    weight = np.where(scores.informs, scores.weight, 0.0)
    parts = [
        grown(values, Target(scores.gain[:, k], weight[:, k]), SMALLEST_LEAF, k)
        for k in range(weight.shape[1])
    ]
    return joined(parts)
