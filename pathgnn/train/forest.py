"""Forest learner of benefit for the ladder: a random forest of the outcome in each arm."""

from __future__ import annotations

import numpy as np
import torch
from sklearn.ensemble import RandomForestRegressor

from pathgnn.train.linear import Benefits, Task

N_TREES, SMALLEST_LEAF, MOST_FEATURES = 100, 5, 2000
FEWEST_ROWS = 12


def forest_by_arm(task: Task) -> Benefits:
    """T-learner: a forest of the outcome in each arm; the benefit is their difference.

    Survival is grown on censoring-unbiased months, which makes it a survival forest. Of many
    features the 2,000 that vary most once they are standardised are kept, unseen values being 0:
    those that were measured in most patients.

    Source: Breiman, Machine Learning 2001, 45:5; Steingrimsson, Diao & Strawderman, JASA 2019,
    114:370 (censoring-unbiased forests).
    """
    x, x_test = task.features()
    kept = np.sort(np.argsort(-x.std(0), kind="stable")[:MOST_FEATURES])
    x, x_test = x[:, kept].astype(np.float32), x_test[:, kept].astype(np.float32)
    train, value = task.train.train, task.train.scores.value
    rows, arm = train.patient_of.numpy(), train.arm.numpy()
    level = np.empty((len(x_test), len(train.arms)))
    for k in range(level.shape[1]):
        on = np.flatnonzero(arm == k)
        if len(on) < FEWEST_ROWS:
            level[:, k] = value[on].mean() if len(on) else value.mean()
            continue
        forest = RandomForestRegressor(
            N_TREES,
            min_samples_leaf=SMALLEST_LEAF,
            max_features=1 / 3,
            random_state=0,
            n_jobs=torch.get_num_threads(),
        )
        forest.fit(x[rows[on]], value[on])
        # Several threads would add the trees up in any order.
        level[:, k] = forest.set_params(n_jobs=1).predict(x_test)
    return np.asarray(level[:, 1:] - level[:, :1])
