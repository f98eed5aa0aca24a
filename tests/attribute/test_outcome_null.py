"""Importance against permuted outcomes: refitted as a ridge would, uniform p, planted signals."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge

from pathgnn.attribute import outcome_null as module
from pathgnn.attribute.exchangeable import exchangeable, permuted
from pathgnn.attribute.outcome_null import (
    _activities,
    _frozen,
    _spread,
    outcome_null,
    outcome_null_tables,
)
from pathgnn.attribute.reference import Compared
from pathgnn.model.config import ExplainConfig


@pytest.fixture(scope="module")
def who(fitted, nodes):
    return Compared(fitted, nodes, ExplainConfig(), 0)


def _with_outcome(who, value):
    scores = who.fitted.scores._replace(value=value)
    return who._replace(fitted=replace(who.fitted, scores=scores))


def _block(who, nodes):
    """Arm and fold of each row."""
    return 2 * who.fitted.fold[nodes.patient_of.numpy()] + nodes.arm.numpy()


def test_the_readout_is_that_of_a_ridge(who, nodes):
    activity, trunk = _activities(who)
    frozen = _frozen(who, activity, trunk)
    arm, scores = nodes.arm.numpy(), who.fitted.scores
    columns = [(arm - scores.propensity[:, 1])[:, None] * activity, trunk]
    x = np.concatenate(columns, 1)
    blocks = _block(who, nodes)
    for block in np.unique(blocks):
        at = blocks == block
        x[at] -= x[at].mean(0)
    size = x.std(0)
    ridge = Ridge(x.shape[1], fit_intercept=False).fit(x / size, frozen.outcome)
    assert frozen.read @ frozen.outcome == pytest.approx(ridge.coef_ / size)
    # Outcomes of an arm in a fold have mean 0, whatever their order.
    for block in np.unique(blocks):
        assert frozen.outcome[blocks == block].mean() == pytest.approx(0, abs=1e-9)
    assert len(frozen.moves.alike) == len(np.unique(blocks)) == 6


def test_outcomes_move_inside_arm_and_fold_and_whole_units_at_once():
    # Two folds of crossover patients, one of whom was seen in one arm; a group of two patients.
    patient = np.array([0, 0, 1, 1, 2, 2, 3, 4, 4, 5, 5, 6, 7])
    block = np.array([0, 1, 0, 1, 1, 0, 1, 2, 3, 2, 3, 3, 3])
    group = np.where(patient == 7, 6, patient)
    moves = exchangeable(group, block, patient)
    assert sorted(len(rows) for rows in moves.alike) == [1, 1, 2, 3]
    assert moves.movable == pytest.approx(10 / 13)
    dealt = permuted(10.0 * patient + block, moves, 200, np.random.default_rng(0))
    # Each place gets the outcome of one of its own block, both rows of a patient the same one's.
    assert (dealt % 10 == block).all()
    whose = dealt // 10
    assert (whose[:, 0] == whose[:, 1]).all()
    assert (whose[:, 4] == whose[:, 5]).all()
    assert set(whose[:, 0]) == {0, 1, 2}
    assert set(whose[:, 7]) == {4, 5}
    for alone in (6, 11, 12):
        assert set(whose[:, alone]) == {patient[alone]}


def test_groups_trade_whoever_comes_first_in_them():
    rng = np.random.default_rng(0)
    group, arm = np.repeat(np.arange(30), 6), rng.integers(0, 2, 180)
    listed = np.lexsort((arm, group))
    as_read, by_arm = exchangeable(group, arm), exchangeable(group[listed], arm[listed])
    assert as_read.movable == by_arm.movable > 0.8
    n_treated = np.bincount(group, arm)
    assert sorted(len(rows) for rows in as_read.alike) == sorted(
        np.unique(n_treated, return_counts=True)[1]
    )
    dealt = permuted(10.0 * group + arm, as_read, 50, rng)
    assert (dealt % 10 == arm).all()
    # The six outcomes of a group stay together.
    assert all(len(np.unique(row[group == 4] // 10)) == 1 for row in dealt)


def test_of_a_straight_network_the_spreads_make_up_the_activity(who, nodes):
    member = who.fitted.members[0]
    net = copy.deepcopy(member.net)
    with torch.no_grad():
        for conv in net.convs:
            conv.bend.weight.zero_()
    at = np.flatnonzero(who.fitted.fold == member.fold)
    spread = _spread(who, at, (member._replace(net=net),))
    inputs = net.scales(nodes.take(torch.from_numpy(at)))
    z, sd = inputs.z.double().numpy(), inputs.z.double().std(1, correction=0).numpy()
    slope = spread / np.where(sd > 0, sd, 1)
    away = z - z.mean(1, keepdims=True)
    activity = net(inputs).activity.double().numpy()
    made = np.einsum("pgm,gnm->np", slope, away)
    assert made == pytest.approx(activity - activity.mean(0), abs=1e-4)


def test_with_permuted_outcomes_p_is_uniform(who, nodes):
    # Networks were trained on other outcomes than those that are dealt here.
    rng = np.random.default_rng(0)
    moves = exchangeable(nodes.group.numpy()[nodes.patient_of.numpy()], _block(who, nodes))
    found = [
        outcome_null(_with_outcome(who, value), 99)
        for value in permuted(who.fitted.scores.value, moves, 40, rng)
    ]
    for family in ("gene", "pathway", "prognostic"):
        p = np.stack([getattr(one, family).p for one in found])
        # Items go together: the mean of forty draws has an error of .05.
        assert 0.35 < p.mean() < 0.65, family
        assert (p <= 0.1).mean() < 0.2, family


def test_planted_benefit_and_prognosis_are_found_each_for_itself(who, trial):
    found = outcome_null(who, 499)
    assert found.movable == 1
    assert found.pathway.p[0] == pytest.approx(1 / 500)
    assert found.prognostic.p[-2] == pytest.approx(1 / 500)
    assert found.pathway.p[-2] > 0.05
    planted = np.isin(found.genes, trial[1].cascade)
    assert np.median(found.gene.p[planted]) < 0.02
    assert found.gene.value[planted].min() > np.median(found.gene.value[~planted])
    # What it is worth beside permuted outcomes, not that alone, makes it stand out.
    assert (found.gene.value / found.gene.of_permuted)[planted].mean() > 2


def test_pieces_of_permutations_are_the_same_family(who, monkeypatch):
    whole = outcome_null(who, 60)
    monkeypatch.setattr(module, "PIECE", 7 * who.nodes.n_patients)
    pieces = outcome_null(who, 60)
    assert pieces.pathway.value == pytest.approx(whole.pathway.value)
    assert pieces.gene.value == pytest.approx(whole.gene.value)
    assert pieces.pathway.of_permuted == pytest.approx(whole.pathway.of_permuted, rel=0.5)
    assert pieces.pathway.p.min() == pytest.approx(1 / 61)


def test_tables_name_every_gene_and_pathway_once(who, nodes, graph):
    tables = outcome_null_tables(outcome_null(who, 19))
    genes, pathways = tables["outcome_null_genes"], tables["outcome_null_pathways"]
    assert sorted(genes["symbol"]) == sorted(nodes.genes)
    assert sorted(pathways["Term"]) == sorted(graph.pathways)
    assert genes["p"].is_monotonic_increasing
