"""Steps of trees on the straight way: known answers, completeness, and a walk in small steps."""

from __future__ import annotations

import numpy as np
import torch
from small_trees import GENES, OMICS, N, flat, grown, inputs_of, stump

from pathgnn.attribute.along_trees import along_trees
from pathgnn.model.scales import Standardised
from pathgnn.train.trees import joined


def _mean():
    return Standardised(torch.zeros(GENES, 1, OMICS), torch.zeros(1, 2))


def _flat(parts):
    return torch.cat([parts.z.permute(1, 0, 2).flatten(1), parts.clinical], 1).numpy()


def test_of_a_stump_the_feature_gets_the_step():
    inputs = inputs_of(0)
    for feature in (0, 3, GENES * OMICS + 1):
        parts = _flat(along_trees(stump(feature, 0.25, -1.0, 2.0), _mean(), inputs, 0))
        expected = np.zeros_like(parts)
        expected[:, feature] = np.where(flat(inputs)[:, feature] < 0.25, 0.0, 3.0)
        assert np.array_equal(parts, expected)


def test_of_a_sum_of_stumps_each_feature_gets_its_own():
    inputs, way = inputs_of(1), joined([stump(0, -0.5, 1.0, 2.0), stump(3, 0.5, -1.0, 4.0)])
    x, parts = flat(inputs), _flat(along_trees(way, _mean(), inputs, 0))
    assert np.array_equal(parts[:, 0], np.where(x[:, 0] < -0.5, -1.0, 0.0))
    assert np.array_equal(parts[:, 3], np.where(x[:, 3] < 0.5, 0.0, 5.0))
    assert not np.delete(parts, [0, 3], 1).any()


def test_parts_of_a_forest_sum_to_the_difference_from_any_start():
    trees, inputs = joined([grown()[0], grown(4, contrast=1)[0]]), inputs_of(6)
    order = torch.randperm(N, generator=torch.Generator().manual_seed(0))
    others = Standardised(inputs.z[:, order], inputs.clinical[order])
    for start in (_mean(), others):
        before = trees(Standardised(start.z.expand_as(inputs.z), start.clinical.expand(N, -1)))
        for contrast in (0, 1):
            parts = _flat(along_trees(trees, start, inputs, contrast)).sum(1)
            change = (trees(inputs) - before)[:, contrast].numpy()
            assert np.allclose(parts, change, atol=1e-5)


def test_steps_are_those_of_a_slow_walk():
    # Between two near points one feature crosses; whose, is seen by moving it alone.
    trees, n_steps = grown()[0], 3000
    start, end = (flat(_uneven(seed)) for seed in (7, 10))
    walked, at = np.zeros_like(end), [start + (end - start) * i / n_steps for i in range(3001)]
    said = [trees(_inputs(x)).numpy()[:, 0] for x in at]
    for before, after, a, b in zip(at[:-1], at[1:], said[:-1], said[1:], strict=True):
        for i in np.flatnonzero(np.abs(b - a) > 1e-9):
            walked[i] += _of_each(trees, before[i], after[i])
    found = _flat(along_trees(trees, _inputs(start), _inputs(end), 0))
    assert np.abs(walked).max() > 0.3
    assert np.allclose(found, walked, atol=1e-4)


def _uneven(seed):
    """Three patients whose binary values differ in size, so that no two cross at once."""
    inputs = inputs_of(seed, n=3)
    inputs.z[:, :, 1] *= 0.5 + torch.rand(GENES, 3, generator=torch.Generator().manual_seed(seed))
    return inputs


def _of_each(trees, before, after):
    moved = np.repeat(before[None], len(before), axis=0)
    np.fill_diagonal(moved, after)
    said = trees(_inputs(np.concatenate([moved, before[None]]))).numpy()[:, 0]
    return said[:-1] - said[-1]


def _inputs(x):
    x = torch.from_numpy(x).float()
    genes = x[:, : GENES * OMICS].unflatten(1, (GENES, OMICS))
    return Standardised(genes.permute(1, 0, 2).contiguous(), x[:, GENES * OMICS :])


def test_features_that_cross_at_once_share_nothing_but_their_steps():
    # A gate of two binary values that change together: levels of leaves must not leak into parts.
    trees = grown()[0]
    trees = trees._replace(value=trees.value + 1000)
    inputs = inputs_of(8)
    inputs.z[:, :, 0] = inputs.z[:1, :, 0]
    parts = _flat(along_trees(trees, _mean(), inputs, 0))
    assert np.abs(parts).max() < 10


def test_genes_that_cross_at_once_share_what_they_do_together():
    # Carriers of two mutations that only together count: half of it each, in whichever order.
    both = joined([stump(1, 0.5, 0.0, 0.0), stump(3, 0.5, 0.0, 0.0)])
    gate = both._replace(
        root=both.root[:1],
        contrast=both.contrast[:1],
        right=torch.tensor([3, 1, 2, 5, 4, 5], dtype=torch.int32),
        value=torch.tensor([0.0, 0.0, 0.0, 0.0, 0.0, 4.0]),
    )
    carrier = inputs_of(0, n=1)
    carrier.z[:2, :, 1] = 1.0
    parts = _flat(along_trees(gate, _mean(), carrier, 0))[0]
    assert np.allclose(parts[[1, 3]], 2.0)
    assert parts.sum() == np.float32(4.0)
