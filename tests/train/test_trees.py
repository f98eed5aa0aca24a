"""Trees as arrays say what scikit-learn's say; a forest of the scores finds a gate."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.ensemble import RandomForestRegressor
from small_trees import GENES, OMICS, N, flat, forest_of, grown, inputs_of, stump

from pathgnn.model.scales import Standardised
from pathgnn.train.forest_on_scores import SMALLEST_LEAF
from pathgnn.train.grow import N_TREES
from pathgnn.train.trees import joined


@pytest.fixture(autouse=True)
def _full(full_forests):
    with full_forests():
        yield


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
    assert np.allclose(forest_of(x, gain, weight)(inputs_of(1)), gain[:20].mean())
    assert np.allclose(forest_of(x, gain, np.zeros(30))(inputs_of(1)), 0)


def test_a_forest_finds_a_gate_that_no_line_describes():
    new, x = inputs_of(9), flat(inputs_of(0))
    gain = _gate(x) + np.random.default_rng(0).standard_normal(N)
    found = forest_of(x, gain)(new).numpy()[:, 0]
    line = np.linalg.lstsq(np.c_[np.ones(N), x], gain, rcond=None)[0]
    truth = _gate(flat(new))
    assert np.corrcoef(found, truth)[0, 1] > 0.9
    assert np.corrcoef(np.c_[np.ones(N), flat(new)] @ line, truth)[0, 1] < 0.7


def _gate(x):
    return 4.0 * ((x[:, 0] > 0.3) & (x[:, 2] > 0.3))


def test_who_was_not_measured_is_no_effect_of_a_gene():
    # A third lacks everything and gains 4 more: not a word of that is in the measured values.
    x, rng = flat(inputs_of(0)), np.random.default_rng(0)
    lacks = rng.random(N) < 0.33
    x[lacks] = 0.0
    gain = 4.0 * lacks + rng.standard_normal(N)
    seen = np.repeat(~lacks[:, None], x.shape[1], axis=1)
    told, honest = (_of_nobody(f) for f in (forest_of(x, gain), forest_of(x, gain, seen=seen)))
    assert told > 2
    assert abs(honest) < 0.5


def _of_nobody(trees):
    """By how much a patient without any value is said to gain more than measured ones."""
    nothing = Standardised(torch.zeros(GENES, 1, OMICS), torch.zeros(1, 2))
    return float(trees(nothing)[0, 0] - trees(inputs_of(1))[:, 0].mean())


def test_a_threshold_of_an_outlier_puts_nobody_on_the_other_side():
    x = np.random.default_rng(0).standard_normal((N, 3)) * 1e-5
    x[0] = 1e5
    x = x.astype(np.float32).astype(float)
    gain = np.random.default_rng(1).standard_normal(N)
    forest = RandomForestRegressor(N_TREES, min_samples_leaf=SMALLEST_LEAF, random_state=0)
    expected = forest.fit(x, gain, np.ones(N)).predict(x)
    genes = torch.from_numpy(x).float().T[:, :, None]
    found = forest_of(x, gain)(Standardised(genes, torch.zeros(N, 0)))[:, 0].numpy()
    assert found == pytest.approx(expected, abs=1e-5)
