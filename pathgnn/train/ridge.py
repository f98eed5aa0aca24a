"""Ridge and logistic ridge regressions whose penalty is tuned on the rows they learn from.

Rows of one unit, a patient or a group, are held out together: a model that has seen one of them
would know the others.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.model_selection import GridSearchCV

from pathgnn.benefit.units import Groups
from pathgnn.train.ridge_cox import rotate
from pathgnn.train.tuning_folds import N_FOLDS, Splits, unit_splits

RIDGE_PENALTIES = np.logspace(0, 5, 11)
LOGISTIC_PENALTIES = np.logspace(0, 4, 7)
FEWEST_ROWS, FEWEST_OF_A_CLASS = 3, 6


def ridge(
    x: Float[np.ndarray, "row feature"],
    y: Float[np.ndarray, " row"],
    x_new: Float[np.ndarray, "new feature"],
    unit: Groups = None,
) -> Float[np.ndarray, " new"]:
    """Expected outcome of new rows; few rows: the mean."""
    if len(y) < FEWEST_ROWS or not _varies(x):
        return np.full(len(x_new), y.mean())
    level, weight = tuned_ridge(x, y, None, unit)
    return np.asarray(level + x_new @ weight)


def tuned_ridge(
    x: Float[np.ndarray, "row feature"],
    y: Float[np.ndarray, " row"],
    sample_weight: Float[np.ndarray, " row"] | None,
    unit: Groups = None,
) -> tuple[float, Float[np.ndarray, " feature"]]:
    """Level and weights at the penalty of least squared error, one row or a third of units out."""
    penalties, splits = RIDGE_PENALTIES * _per_thousand(x), unit_splits(len(y), unit)
    if splits is None:
        model = RidgeCV(penalties).fit(x, y, sample_weight)
        return float(model.intercept_), np.asarray(model.coef_)
    center = x.mean(0)
    low, axes = rotate(x - center)
    model = RidgeCV(penalties, cv=splits, scoring="neg_mean_squared_error")
    weight = axes @ model.fit(low, y, sample_weight).coef_
    return float(model.intercept_ - weight @ center), np.asarray(weight)


def logistic_ridge(
    x: Float[np.ndarray, "row feature"],
    y: Float[np.ndarray, " row"],
    x_new: Float[np.ndarray, "new feature"],
    unit: Groups = None,
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
        cv=_of_both_classes(unit_splits(len(y), unit), y > 0.5),
        scoring="neg_log_loss",
    )
    model.fit(low, y > 0.5)
    return np.asarray(model.predict_proba((x_new - center) @ axes)[:, 1])


def _of_both_classes(splits: Splits | None, good: Bool[np.ndarray, " row"]) -> Splits | int:
    """Folds with both classes in training and held-out rows; without any, three folds of rows."""
    able = [split for split in splits or [] if all(0 < good[on].mean() < 1 for on in split)]
    return able or N_FOLDS


def _varies(x: Float[np.ndarray, "row feature"]) -> bool:
    return x.shape[1] > 0 and bool((x.std(0) > 0).any())


def _per_thousand(x: Float[np.ndarray, "row feature"]) -> float:
    return max(1.0, len(x[0]) / 1000)
