"""Tuned ridge and logistic ridge."""

from __future__ import annotations

import numpy as np
import pytest
from pytest import approx
from sklearn.linear_model import LogisticRegression, Ridge

from pathgnn.train.ridge import (
    LOGISTIC_PENALTIES,
    RIDGE_PENALTIES,
    logistic_ridge,
    ridge,
    tuned_ridge,
)


def _rows(n, p, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, p)) + rng.normal(size=p)
    good = rng.random(n) < 1 / (1 + np.exp(-(x[:, 0] - x[:, 0].mean()) * 1.5))
    return x, good.astype(float)


def test_logistic_ridge_of_many_features_is_scikit_learns_at_one_of_its_penalties():
    # 300 features of 60 rows: rotated to 60 columns, the answer must stay the same.
    x, y = _rows(60, 300)
    got = logistic_ridge(x, y, x[:10])
    centred = x - x.mean(0)
    each = [
        LogisticRegression(C=1 / p, max_iter=5000, tol=1e-8).fit(centred, y).predict_proba(centred)
        for p in LOGISTIC_PENALTIES
    ]
    assert min(np.abs(one[:10, 1] - got).max() for one in each) < 2e-3


def test_logistic_ridge_tells_the_likely_from_the_unlikely():
    x, y = _rows(300, 5)
    x_new, y_new = _rows(300, 5, seed=0)
    p = logistic_ridge(x[:200], y[:200], x_new[200:])
    assert p[y_new[200:] == 1].mean() - p[y_new[200:] == 0].mean() > 0.15
    assert ((p > 0) & (p < 1)).all()


@pytest.mark.parametrize("predict", [ridge, logistic_ridge])
def test_few_rows_give_the_share(predict):
    x = np.eye(4)
    assert predict(x[:2], np.array([0.0, 1.0]), x) == approx(0.5)


def test_a_class_that_hardly_came_gives_the_share():
    x, _ = _rows(40, 3)
    y = np.zeros(40)
    y[:3] = 1
    assert logistic_ridge(x, y, x) == approx(3 / 40)


def _families(rng, n_units=40, each=4, p=60):
    """Rows that share measurements and luck with their family, and luck has no cause."""
    unit = rng.permutation(np.repeat(np.arange(n_units), each))
    x = rng.normal(size=(n_units, p))[unit] + 0.1 * rng.normal(size=(len(unit), p))
    luck = rng.normal(size=n_units)[unit]
    return x, luck, unit


def test_a_family_does_not_tell_its_own_luck():
    x, luck, unit = _families(np.random.default_rng(0))
    y = luck + 0.3 * np.random.default_rng(1).normal(size=len(luck))
    alone, by_family = (ridge(x, y, x, u).std() for u in (None, unit))
    assert by_family < 0.2 < alone / 2
    good = (y > 0).astype(float)
    alone, by_family = (logistic_ridge(x, good, x, u).std() for u in (None, unit))
    assert by_family < 0.1 < alone / 2


def test_folds_of_families_give_a_ridge_of_scikit_learn_at_one_of_its_penalties():
    x, luck, unit = _families(np.random.default_rng(2), p=300)
    level, weight = tuned_ridge(x, luck, None, unit)
    each = [Ridge(penalty).fit(x, luck) for penalty in RIDGE_PENALTIES]
    assert min(np.abs(one.predict(x) - level - x @ weight).max() for one in each) < 1e-6


def test_a_family_alone_and_a_class_in_one_family_are_tuned_by_rows():
    x, luck, unit = _families(np.random.default_rng(3))
    assert np.isfinite(ridge(x, luck, x, unit * 0)).all()
    rare = ((unit == 0) | (unit == 3)).astype(float)
    assert np.isfinite(logistic_ridge(x, rare, x, unit)).all()
