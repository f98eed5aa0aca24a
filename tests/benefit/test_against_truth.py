"""Answers against a simulation's truth: known answers, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from simulated_cases import PLAN, made

from pathgnn.benefit.against_truth import (
    score_benefit,
    score_edges,
    score_genes,
    score_pathways,
)
from pathgnn.errors import CohortError, ConfigError


@pytest.fixture(scope="module")
def truth():
    return made(300, assignment={"arms": 3}).truth


def test_the_truth_itself_is_a_perfect_answer(truth):
    for contrast in (0, 1):
        found = score_benefit(truth, truth.tau[:, contrast], contrast)
        assert found == pytest.approx((300, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0))


def test_a_reversed_answer_is_as_wrong_as_can_be(truth):
    found = score_benefit(truth, -truth.benefit)
    assert (found.r, found.spearman) == pytest.approx((-1.0, -1.0))
    assert found.autoc_ratio < -0.5
    assert found.pehe == pytest.approx(2 * np.sqrt(np.mean(truth.benefit**2)))


def test_a_shifted_answer_ranks_well_and_is_biased(truth):
    found = score_benefit(truth, truth.benefit + 2.0)
    assert (found.r, found.autoc_ratio) == pytest.approx((1.0, 1.0))
    assert (found.pehe, found.bias) == pytest.approx((2.0, 2.0))
    assert found.pehe_relative == pytest.approx(2.0 / truth.benefit.std())


def test_the_average_for_everyone_has_no_rank_and_relative_error_one(truth):
    found = score_benefit(truth, np.full(300, truth.benefit.mean()))
    assert found.pehe_relative == pytest.approx(1.0)
    assert math.isnan(found.r)
    assert math.isnan(found.autoc_ratio)


def test_a_null_effect_keeps_the_absolute_error_alone():
    null = made(100, mechanism={"mean_benefit": 0.0, "sd_benefit": 0.0}).truth
    found = score_benefit(null, np.full(100, 0.25))
    assert (found.pehe, found.bias) == pytest.approx((0.25, 0.25))
    assert all(map(math.isnan, (found.r, found.spearman, found.pehe_relative, found.autoc_ratio)))


def test_patients_are_matched_by_id(truth):
    series = pd.Series(truth.benefit, index=list(truth.patients))
    shuffled = series.sample(frac=1, random_state=0)
    assert score_benefit(truth, shuffled).r == pytest.approx(1.0)
    assert score_benefit(truth, shuffled.iloc[:50]).n == 50
    with pytest.raises(CohortError, match="--with-ids"):
        score_benefit(truth, series.rename(lambda p: p.replace("S", "P")))
    with pytest.raises(CohortError, match="more than one benefit"):
        score_benefit(truth, pd.concat([series, series]))
    with pytest.raises(CohortError, match="299 benefits for 300"):
        score_benefit(truth, truth.benefit[1:])
    with pytest.raises(ConfigError, match="no contrast 2"):
        score_benefit(truth, series, 2)


def test_genes_known_answer(truth):
    best = {g: float(d) for g, d in zip(PLAN.cascade, PLAN.direction, strict=True)}
    everyone = dict.fromkeys(PLAN.genes, 0.0) | best
    assert score_genes(truth, everyone) == pytest.approx((1.0, 6 / 24, 1.0, 1.0))
    flipped = {g: -s for g, s in everyone.items()}
    assert score_genes(truth, flipped) == pytest.approx((1.0, 6 / 24, 1.0, 0.0))
    unsigned = score_genes(truth, {g: abs(s) for g, s in everyone.items()})
    assert math.isnan(unsigned.sign_agreement)
    # Two of six named, above all others: of six first places, two are right, as the other four
    # fall to genes without a score.
    two = score_genes(truth, {g: 1.0 for g in PLAN.cascade[:2]})
    assert two.recall == pytest.approx(2 / 6)
    # Precision 1 up to recall 1/3, then 6 of 24 at recall 1.
    assert two.auprc == pytest.approx(1 / 3 + 2 / 3 * 6 / 24)
    # The second contrast works through the lower half alone.
    assert score_genes(truth, everyone, 1).chance == 3 / 24
    with pytest.raises(CohortError, match="none of the names"):
        score_genes(truth, {"nothing": 1.0})


def test_edges_known_answer(truth):
    pairs = list(zip(PLAN.cascade, PLAN.cascade[1:], strict=False))
    assert set(pairs) <= set(truth.edges)
    scores = {(PLAN.genes[u], PLAN.genes[v]): 0.0 for u, v in PLAN.edges.T}
    perfect = score_edges(truth, scores | dict.fromkeys(truth.edges, 1.0))
    assert (perfect.auprc, perfect.recall) == (1.0, 1.0)
    assert perfect.chance == pytest.approx(len(truth.edges) / len(scores))


def test_pathways_known_answer():
    truth = made(100).truth
    named = type(truth)(**{**vars(truth), "pathway": "A", "prognostic_pathway": "B"})
    assert score_pathways(named, {"A": 3.0, "B": 2.0, "C": 1.0}) == (1, 3, 2, False)
    assert score_pathways(named, {"A": 1.0, "B": -2.0, "C": 1.0}) == (3, 3, 1, True)
    with pytest.raises(CohortError, match="'A' has no score"):
        score_pathways(named, {"C": 1.0})
