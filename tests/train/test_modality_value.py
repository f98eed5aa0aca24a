"""Value of subsets of omics."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pytest import approx

from pathgnn.errors import ConfigError
from pathgnn.graph.project import project
from pathgnn.train.modality_value import CLINICAL, PROGNOSIS, modality_value, only, players_of


@pytest.fixture(scope="module")
def two(trial, graph):
    """Expression, and an omic of noise."""
    cohort = trial[0]
    expression = cohort.omics["expression"].fillna(0.0)
    noise = expression * 0 + np.random.default_rng(0).normal(size=expression.shape)
    omics = {"expression": expression, "noise": noise}
    kinds = {"expression": "expression", "noise": "expression"}
    return project(replace(cohort, omics=omics, kinds=kinds), graph)


@pytest.fixture(scope="module")
def worth(two, recipe):
    return {w.metric: w for w in modality_value(two, recipe, 0)}


def test_the_omic_that_carries_the_benefit_has_the_value(worth, two):
    benefit = worth[f"AUTOC, {two.arms[1]}"]
    assert benefit.share["expression"][1] > 0
    assert benefit.share["expression"][0] > 3 * abs(benefit.share["noise"][0])
    assert "noise" not in benefit.cheapest.chosen
    assert "expression" in benefit.cheapest.chosen


def test_shares_add_up_to_what_everything_is_worth(worth, two):
    for one in worth.values():
        everything = frozenset(players_of(two))
        total = sum(share[0] for share in one.share.values())
        assert total == approx(one.value[everything] - one.value[frozenset()])
    assert worth[PROGNOSIS].value[frozenset()] == 0


def test_a_subset_sees_nothing_of_the_others(two):
    part = only(two, frozenset({"noise"}))
    assert not part.seen[:, :, 0].any() and not part.x[:, :, 0].any()
    assert part.seen[:, :, 1].any()
    assert not part.clinical_seen.any()
    assert only(two, frozenset({CLINICAL})).clinical_seen.any()


def test_a_cost_changes_what_is_chosen_and_a_strange_one_is_refused(two, recipe):
    with pytest.raises(ConfigError, match="no omic 'rna'"):
        modality_value(two, recipe, 0, {"rna": 3.0})
