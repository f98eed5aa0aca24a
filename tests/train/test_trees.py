"""Trees as arrays say what scikit-learn's say; a forest of the scores finds a gate."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.ensemble import RandomForestRegressor
from small_trees import GENES, OMICS, N, flat, grown, inputs_of, stump

from pathgnn.train.forest_on_scores import N_TREES, SMALLEST_LEAF, _forest
from pathgnn.train.trees import joined


def test_a_forest_says_what_scikit_learn_says():
    trees, x, gain = grown()
    forest = RandomForestRegressor(N_TREES, min_samples_leaf=SMALLEST_LEAF, random_state=0)
    expected = forest.fit(x, gain, np.ones(N)).predict(flat(inputs_of(5)))
    assert trees(inputs_of(5)).numpy()[:, 0] == pytest.approx(expected, abs=1e-5)


def test_a_stump_asks_the_value_of_its_feature():
    inputs = inputs_of(2)
    for feature in (0, 3, GENES * OMICS + 1):
        found = stump(feature, 0.25, -1.0, 2.0)(inputs)[:, 0]
        assert np.array_equal(found, np.where(flat(inputs)[:, feature] < 0.25, -1.0, 2.0))


def test_joined_trees_are_summed_each_for_its_contrast():
    one, two, other = stump(0, 0.0, 1.0, 2.0), stump(1, 0.5, -1.0, 4.0), grown(contrast=1)[0]
    inputs = inputs_of(3)
    found = joined([one, two, other])(inputs)
    assert found.shape == (N, 2)
    assert torch.equal(found[:, 0], (one(inputs) + two(inputs))[:, 0])
    assert torch.allclose(found[:, 1], other(inputs)[:, 1])
    assert torch.allclose(joined([one, two]).times(0.5)(inputs)[:, 0], found[:, 0] / 2)


def test_few_patients_get_their_mean_score_and_nobody_gets_nothing():
    x, gain = flat(inputs_of(0))[:30], np.arange(30.0)
    weight = np.r_[np.ones(20), np.zeros(10)]
    assert np.allclose(_forest(x, gain, weight, 0)(inputs_of(1)), gain[:20].mean())
    assert np.allclose(_forest(x, gain, np.zeros(30), 0)(inputs_of(1)), 0)


def test_a_forest_finds_a_gate_that_no_line_describes():
    new, x = inputs_of(9), flat(inputs_of(0))
    gain = _gate(x) + np.random.default_rng(0).standard_normal(N)
    found = _forest(x, gain, np.ones(N), 0)(new).numpy()[:, 0]
    line = np.linalg.lstsq(np.c_[np.ones(N), x], gain, rcond=None)[0]
    truth = _gate(flat(new))
    assert np.corrcoef(found, truth)[0, 1] > 0.9
    assert np.corrcoef(np.c_[np.ones(N), flat(new)] @ line, truth)[0, 1] < 0.7


def _gate(x):
    return 4.0 * ((x[:, 0] > 0.3) & (x[:, 2] > 0.3))
