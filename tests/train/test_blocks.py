"""Blocks of patients: enough of them, of one fold, groups whole, and not too many."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pathgnn.train.blocks import FEWEST_IN_BLOCK, MOST_BLOCKS, blocks_of


def test_blocks_of_twelve_and_seven_patients_known_answer():
    # Twelve make 5 and 7, for the last two are too few; seven make one.
    fold = np.repeat([0, 1], [12, 7])
    block = blocks_of(fold, np.arange(19), np.random.default_rng(1))
    assert np.bincount(block).tolist() == [5, 7, 7]
    assert block[12:].tolist() == [2] * 7
    assert not np.array_equal(block, blocks_of(fold, np.arange(19), np.random.default_rng(2)))


@settings(deadline=None)
@given(st.lists(st.integers(1, 30), min_size=3, max_size=80), st.integers(1, 3), st.integers(0, 99))
def test_blocks_are_large_of_one_fold_and_hold_whole_groups(sizes, n_folds, seed):
    group = np.repeat(np.arange(len(sizes)), sizes)
    fold = group % n_folds
    block = blocks_of(fold, group, np.random.default_rng(seed))
    n = int(block.max()) + 1
    assert n <= MOST_BLOCKS + n_folds
    for b in range(n):
        assert len(set(fold[block == b])) == 1
        held = (block == b).sum()
        assert held >= min(FEWEST_IN_BLOCK, (fold == fold[block == b][0]).sum())
    assert all(len(set(block[group == g])) == 1 for g in set(group))
    # Numbered by fold, so that a trial that ends early has the first of them.
    assert all(block[fold == k].min() > block[fold < k].max() for k in range(1, n_folds))


def test_a_large_cohort_has_a_hundred_blocks():
    block = blocks_of(np.arange(10_001) % 3, np.arange(10_001), np.random.default_rng(1))
    assert 95 <= block.max() + 1 <= MOST_BLOCKS
    assert np.bincount(block).min() >= 100
