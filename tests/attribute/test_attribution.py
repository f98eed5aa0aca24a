"""Attribution: completeness, a closed form, evidence, stability."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import trial_on
from scipy import stats

from pathgnn.attribute import account as module
from pathgnn.attribute.account import _pathway_terms
from pathgnn.attribute.along_trees import along_trees
from pathgnn.attribute.attribute import attribute
from pathgnn.attribute.examine import examine
from pathgnn.attribute.exchangeable import exchangeable
from pathgnn.attribute.explain import explain
from pathgnn.attribute.outcome_null import outcome_null
from pathgnn.attribute.reference import Compared
from pathgnn.attribute.significance import association, benjamini_hochberg, univariate_t
from pathgnn.attribute.stability import jaccard_at, nogueira, rank_biased_overlap, share_in_top
from pathgnn.errors import CohortError
from pathgnn.graph.project import project
from pathgnn.model.config import ExplainConfig
from pathgnn.model.network import Scores
from pathgnn.model.scales import Standardised
from pathgnn.nulls import Nulling, run_nulls
from pathgnn.train.crossfit import fit
from pathgnn.train.estimate import estimate
from pathgnn.train.folds import independent_units

FAST = ExplainConfig(permutations=499)


def _attributed(fitted, nodes, **settings):
    return attribute(_who(fitted, nodes, **settings))


def _who(fitted, nodes, healthy=None, **settings):
    return Compared(fitted, nodes, ExplainConfig(**settings), 0, healthy)


@pytest.fixture(scope="module")
def explanation(fitted, nodes):
    return explain(fitted, nodes, FAST)


def test_attributions_plus_gap_are_the_difference_they_explain(explanation):
    a = explanation.attribution
    total = a.score.sum((1, 2)) + a.clinical.sum(1) + a.gap
    assert torch.allclose(total, a.explained, atol=1e-5)
    assert a.gap.abs().max() < 1e-3 * a.explained.std()


def test_a_wrong_part_of_the_forest_is_seen_in_the_gap(fitted, nodes, monkeypatch):
    trees = tuple(s.trees.times(5.0) for s in fitted.stacks)
    more = replace(
        fitted, stacks=tuple(s._replace(trees=t) for s, t in zip(fitted.stacks, trees, strict=True))
    )
    honest = _attributed(more, nodes)
    assert honest.gap.abs().max() < 1e-3 * honest.explained.std()

    def wrong(one, start, end, contrast):
        parts = along_trees(one, start, end, contrast)
        return Standardised(2 * parts.z, parts.clinical)

    monkeypatch.setattr(module, "along_trees", wrong)
    assert _attributed(more, nodes).gap.abs().max() > 0.02 * honest.explained.std()


def test_pathways_and_clinical_terms_sum_to_the_same_difference(explanation, fitted, nodes):
    a = explanation.attribution
    # What pathways leave is the clinical block, whose effect is a handful of slopes.
    rest = a.explained - a.pathway.sum(1)
    assert torch.allclose(rest, a.clinical.sum(1), atol=1e-3 * float(a.explained.std()))


def test_of_a_linear_network_it_is_slope_times_value(fitted, nodes):
    member = fitted.members[0]
    state = {k: v.clone() for k, v in member.net.state_dict().items()}
    with torch.no_grad():
        member.net.effect.bend.zero_()
        for conv in member.net.convs:
            conv.bend.weight.zero_()
    a = _attributed(fitted, nodes, steps=2)
    at = torch.from_numpy(np.flatnonzero(fitted.fold == member.fold))
    z = member.net.scales(nodes.take(at)).z
    gradient = _gradient(member.net, z)
    stack = fitted.stacks[member.fold]
    slope = stack.network_share * gradient + stack.linear.gene[:, None, :, 0]
    inputs = member.net.scales(nodes.take(at))
    mean = Standardised(torch.zeros_like(z), torch.zeros_like(inputs.clinical))
    expected = slope * z + along_trees(stack.trees, mean, inputs, 0).z
    assert torch.allclose(a.score[at], expected.permute(1, 0, 2), atol=1e-4)
    member.net.load_state_dict(state)


def _gradient(net, z):
    """Finite difference of the scaled effect for the first patient, the same for all if linear."""
    x = z[:, :1].clone().requires_grad_(True)
    out = net.scores(net.raw_activity(x), torch.zeros(1, net.effect.clinical.shape[0])).delta[0, 1]
    return torch.autograd.grad(out * net.head.scale, x)[0]


def test_unseen_values_get_nothing(explanation, nodes):
    assert (explanation.attribution.score[~nodes.seen.permute(1, 0, 2)] == 0).all()


def test_the_planted_pathway_is_first_and_the_prognostic_one_is_not_predictive(explanation):
    a = explanation.attribution
    assert int(a.pathway.abs().mean(0).argmax()) == 0
    assert explanation.pathway.q[0] < 0.05
    assert explanation.pathway.q[-2] > 0.05
    assert int(a.prognostic_pathway.abs().mean(0).argmax()) == len(a.pathways) - 2


def test_edges_sum_to_what_is_lost_without_them(fitted, nodes):
    # Completeness of edge attribution over the top and bottom thirds of one single network.
    a = _attributed(fitted, nodes, steps=16)
    order = np.argsort(fitted.benefit[:, 0], kind="stable")
    third = len(order) // 3
    sign = np.zeros(len(order))
    sign[order[:third]], sign[order[-third:]] = -1 / third, 1 / third
    lost = 0.0
    for member in fitted.members:
        at = np.flatnonzero(fitted.fold == member.fold)
        inputs = member.net.scales(nodes.take(torch.from_numpy(at)))
        scales = [torch.full((fitted.recipe.graph.edges.shape[1],), v) for v in (1.0, 0.0)]
        with_edges, without = (
            member.net(inputs, s).delta[:, 1] * member.net.head.scale for s in scales
        )
        share = fitted.network_share(member.fold)
        lost += share * float((with_edges - without).numpy() @ sign[at])
    assert float(a.edge.sum()) == pytest.approx(lost, abs=2e-3)


@pytest.mark.slow  # six fits; the benchmark of attribution counts this over whole cohorts, too
def test_under_the_null_few_pathways_are_significant(graph, recipe):
    found = 0
    for seed in range(6):
        nodes = project(trial_on(graph, 150, 100 + seed, sd_benefit=0.0)[0], graph)
        found += int((explain(fit(nodes, recipe, seed), nodes, FAST).pathway.q < 0.05).any())
    assert found <= 2


def test_permutation_p_is_uniform_without_and_small_with_association():
    rng = np.random.default_rng(0)
    moves = exchangeable(np.arange(120), np.arange(120) % 3)
    p = [
        association(rng.standard_normal((120, 4)), rng.standard_normal(120), moves, 199, rng).p
        for _ in range(60)
    ]
    assert 0.4 < np.mean(p) < 0.6
    x = rng.standard_normal((120, 1))
    assert association(x, x[:, 0] + 0.1, moves, 199, rng).p[0] == pytest.approx(1 / 200)
    assert association(np.zeros((120, 1)), x[:, 0], moves, 199, rng).p[0] == 1


def test_what_patients_of_a_group_share_is_no_evidence():
    # 20 groups of 10 in 5 folds, each with its own mean of attribution and of benefit, unrelated:
    # p below .05 in 5 % of cohorts, where patients who move alone gave it in 23 %.
    group = np.repeat(np.arange(20), 10)

    def p(seed):
        rng = np.random.default_rng(seed)
        attributed = rng.normal(size=20)[group] + 0.3 * rng.normal(size=200)
        gain = rng.normal(size=20)[group] + rng.normal(size=200)
        return association(attributed[:, None], gain, moves, 199, rng).p[0]

    moves = exchangeable(group, group % 5)
    assert moves.movable == 1
    assert np.mean([p(seed) < 0.05 for seed in range(400)]) <= 0.08


def test_the_tables_of_a_run_permute_whole_groups(fitted, nodes):
    # Groups of 1, 2, 3, ... in each fold: none has an equal, nothing is moved, nothing is evidence.
    group = np.empty(nodes.n_patients, dtype=np.int64)
    for k in range(fitted.n_folds):
        at = np.flatnonzero(fitted.fold == k)
        group[at] = 100 * k + np.repeat(np.arange(13), [*range(1, 13), 200])[: len(at)]
    grouped = replace(nodes, group=torch.from_numpy(group))
    told = replace(fitted, scores=fitted.scores._replace(group=independent_units(grouped)))
    found = explain(told, grouped, FAST)
    assert (found.gene.p == 1).all()
    assert (found.pathway.p == 1).all()
    assert [c.p for c in found.cascades] == [1] * len(found.cascades)


def test_univariate_t_known_answer():
    # Values 0, 0, 1, 1 and gains 1, 2, 3, 4: r = 2 / sqrt 5, t = r sqrt(2 / (1 - r^2)).
    values = np.array([0.0, 0, 1, 1])[:, None, None]
    t = univariate_t(values, np.ones((4, 1, 1), bool), np.array([1.0, 2, 3, 4]))
    r = 2 / 5**0.5
    assert t[0, 0] == pytest.approx(r * (2 / (1 - r**2)) ** 0.5)


def test_univariate_t_is_that_of_the_patients_in_whom_the_value_was_measured():
    # Their mean gain is 5 above that of the others, which is no slope.
    rng = np.random.default_rng(0)
    values, seen = rng.normal(size=(100, 2, 1)), np.zeros((100, 2, 1), bool)
    seen[:40, 0], seen[:2, 1] = True, True
    gain = rng.normal(size=100) + values[:, 0, 0] / 2 + 5 * seen[:, 0, 0]
    t = univariate_t(values * seen, seen, gain)[:, 0]
    line = stats.linregress(values[:40, 0, 0], gain[:40])
    assert t == pytest.approx([line.slope / line.stderr, 0])


def test_stability_known_answers():
    same = np.array([[3.0, 2, 1, 0], [3, 2, 1, 0]])
    assert jaccard_at(same, 2) == rank_biased_overlap(same) == 1
    apart = np.array([[3.0, 2, 1, 0], [0, 1, 2, 3]])
    assert jaccard_at(apart, 2) == 0
    assert 0 < rank_biased_overlap(apart) < 0.5
    assert share_in_top(apart, 2).tolist() == [0.5, 0.5, 0.5, 0.5]


def test_genes_without_a_score_are_chosen_by_no_network():
    # Of three networks with one gene each, two name the same: a mean of (1 + 0 + 0) / 3 pairs.
    scores = np.zeros((3, 100))
    scores[[0, 1, 2], [4, 4, 7]] = 1
    assert share_in_top(scores, 20).sum() == pytest.approx(1)
    assert jaccard_at(scores, 20) == rank_biased_overlap(scores) == pytest.approx(1 / 3)
    # Chosen by 2/3 and 1/3: 1 - (3/2)(2/9 + 2/9)/100 / (.01 x .99).
    assert nogueira(scores, 20) == pytest.approx(1 - 0.6666666666666666 / 0.99)
    nothing = np.zeros((3, 100))
    assert jaccard_at(nothing, 20) == nogueira(nothing, 20) == rank_biased_overlap(nothing) == 0


def test_what_nobody_measured_is_no_member_of_a_family(fitted, nodes, graph):
    # The last pathway's genes are seen in nobody: p and q of the others are those without it.
    lost = [graph.genes.index(g) for g in graph.members_of("PATH3")]
    seen, x = nodes.seen.clone(), nodes.x.clone()
    seen[lost], x[lost] = False, 0
    less = replace(nodes, seen=seen, x=x)
    found = explain(fitted, less, FAST)
    examined = outcome_null(_who(fitted, less), 99)
    for genes, pathways in (
        (found.gene, found.pathway),
        (examined.gene, examined.pathway),
        (examined.gene, examined.prognostic),
    ):
        assert np.flatnonzero(np.isnan(genes.p)).tolist() == sorted(lost)
        assert np.isnan(pathways.p).tolist() == [False, False, False, True]
        for family in (genes, pathways):
            known = ~np.isnan(family.p)
            assert np.array_equal(family.q[known], benjamini_hochberg(family.p[known]))
            assert np.isnan(family.q[~known]).all()
    member = found.attribution.member.numpy()
    measured = np.setdiff1d(np.arange(len(graph.genes)), lost)
    assert found.stability[1] == rank_biased_overlap(member[:, measured])


def test_pathways_of_a_curved_benefit_stay_within_it_for_a_distribution_of_references():
    # A probability with treatment less that without; slopes of a logistic curve are .25 at most.
    rng = torch.Generator().manual_seed(0)

    def scores(n):
        terms = torch.randn(n, 10, 1, generator=rng) / 2
        zero = torch.zeros
        return Scores(zero(n), terms, zero(n, 1), zero(n, 10), zero(n, 10))

    def benefit(one):
        return (torch.sigmoid(one.delta - 1) - torch.sigmoid(torch.tensor(-1.0)))[:, 1]

    own, starts = scores(2000), [scores(1) for _ in range(16)]
    change = torch.stack([benefit(own) - benefit(start) for start in starts])
    pathway = _pathway_terms(own, starts, change, 0)
    assert torch.allclose(pathway.sum(1), change.mean(0), atol=1e-4)
    assert pathway.abs().max() < 1
    # Of each reference a share of the change by share of the sum, then the mean.
    start, of = starts[0], (own.terms - starts[0].terms)[:, :, 0]
    alone = of / of.sum(1, keepdim=True) * (benefit(own) - benefit(start))[:, None]
    assert torch.allclose(_pathway_terms(own, [start], change[:1], 0), alone, atol=1e-4)


def test_evidence_does_not_hang_on_the_unit():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 3))
    gain, moves = x[:, 0] + rng.normal(size=60), exchangeable(np.arange(60), np.arange(60) % 3)
    p = [association(x, unit * gain, moves, 199, np.random.default_rng(1)).p for unit in (1, 1e-13)]
    assert np.array_equal(*p)
    assert p[0][0] < 0.05


def test_patients_in_another_order_are_refused(fitted, nodes, tmp_path):
    other = nodes.take(torch.arange(nodes.n_patients - 1, -1, -1))
    config = ExplainConfig(permutations=99, cascades=0)
    why = explain(fitted, nodes, config)
    who = Compared(fitted, other, config, 0)
    calls = (
        lambda: explain(fitted, other),
        lambda: estimate(fitted, other),
        lambda: attribute(who),
        lambda: examine(who, why),
        lambda: run_nulls(fitted, other, config, Nulling(draws=1), tmp_path),
    )
    for call in calls:
        with pytest.raises(CohortError, match="another order"):
            call()
