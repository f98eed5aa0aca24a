"""Ridge and logistic ridge regressions whose penalty is tuned on the rows they learn from."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.model_selection import GridSearchCV

from pathgnn.train.ridge_cox import rotate

RIDGE_PENALTIES = np.logspace(0, 5, 11)
LOGISTIC_PENALTIES = np.logspace(0, 4, 7)
FEWEST_ROWS, FEWEST_OF_A_CLASS = 3, 6
N_FOLDS = 3


def ridge(
    x: Float[np.ndarray, "row feature"],
    y: Float[np.ndarray, " row"],
    x_new: Float[np.ndarray, "new feature"],
) -> Float[np.ndarray, " new"]:
    """Expected outcome of new rows, the penalty by leave-one-out; few rows: the mean."""
    if len(y) < FEWEST_ROWS or not _varies(x):
        return np.full(len(x_new), y.mean())
    model = RidgeCV(RIDGE_PENALTIES * _per_thousand(x))
    return np.asarray(model.fit(x, y).predict(x_new))


def logistic_ridge(
    x: Float[np.ndarray, "row feature"],
    y: Float[np.ndarray, " row"],
    x_new: Float[np.ndarray, "new feature"],
) -> Float[np.ndarray, " new"]:
    """Probability of 1 in new rows, the penalty by log loss on three folds; few rows: the share."""
    good = int((y > 0.5).sum())
    if min(good, len(y) - good) < FEWEST_OF_A_CLASS or not _varies(x):
        return np.full(len(x_new), y.mean())
    # A ridge does not see a rotation: as many columns as rows say all that thousands do.
    center = x.mean(0)
    low, axes = rotate(x - center)
    model = GridSearchCV(
        LogisticRegression(max_iter=500),
        {"C": 1 / (LOGISTIC_PENALTIES * _per_thousand(x))},
        cv=N_FOLDS,
        scoring="neg_log_loss",
    )
    model.fit(low, y > 0.5)
    return np.asarray(model.predict_proba((x_new - center) @ axes)[:, 1])


def _varies(x: Float[np.ndarray, "row feature"]) -> bool:
    return x.shape[1] > 0 and bool((x.std(0) > 0).any())


def _per_thousand(x: Float[np.ndarray, "row feature"]) -> float:
    return max(1.0, len(x[0]) / 1000)
