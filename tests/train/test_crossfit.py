"""Cross-fitting and training: no leakage, determinism, swapped arms, known answers."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import QUICK, trial_on

from pathgnn.benefit.estimand import months_gained, risk_avoided, survival_gained
from pathgnn.benefit.metrics import Estimate
from pathgnn.benefit.verdict import ALPHA
from pathgnn.cohort.simulate import COVERED
from pathgnn.errors import CohortError, ConfigError, RefusedError
from pathgnn.graph.project import project
from pathgnn.graph.rewire import without_edges
from pathgnn.model.config import NetConfig
from pathgnn.run_benefits import metrics
from pathgnn.seeds import rng_for
from pathgnn.train.check import check, refuse
from pathgnn.train.crossfit import fit, fit_networks
from pathgnn.train.estimate import estimate
from pathgnn.train.fit import Recipe
from pathgnn.train.folds import folds, independent_units
from pathgnn.train.nuisance import check_follow_up, fit_nuisances
from pathgnn.train.part import STACKED, fit_part
from pathgnn.train.stack import NETWORK


def _states(members):
    return [t for m in members for t in m.net.state_dict().values()]


def test_scrambling_held_out_outcomes_changes_no_training_prediction(nodes, recipe):
    is_test = np.arange(nodes.n_patients) < 80
    rows = torch.nonzero(torch.from_numpy(is_test)[nodes.patient_of])[:, 0]
    scrambled = nodes.value.clone()
    scrambled[rows] = 100 * torch.randn(len(rows))
    parts = [
        fit_part(n, ~is_test, is_test, recipe, (0, 0))
        for n in (nodes, replace(nodes, value=scrambled))
    ]
    for before, after in zip(*(_states(p.members) for p in parts), strict=True):
        assert torch.equal(before, after)
    for name in parts[0].ladder:
        assert np.array_equal(parts[0].ladder[name], parts[1].ladder[name]), name


def test_the_same_seed_gives_the_same_fit_and_another_seed_another(nodes, recipe, fitted):
    again, other = fit(nodes, recipe, 0), fit_networks(nodes, recipe, 1)
    assert np.array_equal(again.benefit, fitted.benefit)
    assert not np.array_equal(other.benefit, fitted.benefit)


def test_fitting_changes_neither_inputs_nor_the_global_random_state(nodes, recipe):
    before, state = nodes.x.clone(), torch.get_rng_state()
    is_test = np.arange(nodes.n_patients) < 80
    fit_part(nodes, ~is_test, is_test, recipe, (0, 0))
    assert torch.equal(before, nodes.x)
    assert torch.equal(state, torch.get_rng_state())


def test_without_comparisons_networks_and_predictions_are_the_same(nodes, recipe, fitted):
    lean = fit_networks(nodes, recipe, 0)
    assert np.array_equal(lean.fold, fitted.fold)
    assert np.array_equal(lean.benefit, fitted.benefit)
    assert np.array_equal(lean.scores.gamma, fitted.scores.gamma)
    for mine, other in zip(lean.members, fitted.members, strict=True):
        weights = other.net.state_dict()
        assert all(torch.equal(w, weights[k]) for k, w in mine.net.state_dict().items())
    assert set(lean.ladder) == {NETWORK, STACKED} < set(fitted.ladder)
    assert lean.sequential == {}


def test_swapping_two_arms_flips_the_benefit(nodes, recipe, fitted):
    swapped = fit(replace(nodes, arm=1 - nodes.arm), recipe, 0)
    assert (swapped.fold == fitted.fold).all()
    assert swapped.scores.gain == pytest.approx(-fitted.scores.gain, abs=1e-5)
    assert np.corrcoef(swapped.benefit[:, 0], fitted.benefit[:, 0])[0, 1] < -0.95


def test_flipping_the_outcome_flips_the_benefit_scores(nodes):
    train, test = nodes.take(torch.arange(200)), nodes.take(torch.arange(200, 300))
    there = fit_nuisances(train, test)
    back = fit_nuisances(replace(train, value=-train.value), replace(test, value=-test.value))
    assert back.gain == pytest.approx(-there.gain, abs=1e-6)


def test_relabelling_arms_relabels_the_answer(graph, recipe):
    cohort, _ = trial_on(graph, 180, 5)
    arm = np.arange(180) % 3
    three = [
        replace(cohort, outcome=replace(cohort.outcome, arm=a, arms=names))
        for a, names in ((arm, ("c", "a", "b")), (np.array([0, 2, 1])[arm], ("c", "b", "a")))
    ]
    one, two = (
        fit_nuisances(n.take(torch.arange(90)), n.take(torch.arange(90, 180)))
        for n in (project(c, graph) for c in three)
    )
    assert one.gain[:, ::-1] == pytest.approx(two.gain)


def test_the_planted_benefit_is_found_and_the_network_beats_average_and_risk(nodes, trial, fitted):
    benefit = estimate(fitted, nodes)
    assert np.corrcoef(benefit.score, trial[1].benefit)[0, 1] > 0.7
    assert benefit.differs
    autoc = {rung.name: rung.autoc.value for rung in benefit.ladder}
    assert autoc[NETWORK] > max(autoc["average effect"], autoc["risk only"]) + 0.3
    assert benefit.halves[0].low > benefit.halves[1].high


def test_with_a_constant_effect_everybody_gets_nearly_the_average(graph, recipe):
    cohort, _ = trial_on(graph, 200, 8, sd_benefit=0.0)
    nodes = project(cohort, graph)
    benefit = estimate(fit(nodes, recipe, 0), nodes)
    assert not benefit.differs
    assert benefit.benefit.std() < 0.1 * nodes.value.std()
    assert any(f.topic == "who benefits" and f.severity == "warning" for f in benefit.findings)


def test_a_graph_that_is_not_needed_is_called_so(nodes, fitted):
    verdict = next(f for f in estimate(fitted, nodes).findings if f.topic == "graph")
    assert verdict.severity in ("note", "ok")
    assert ("edge scores are no evidence" in verdict.sentence) == (verdict.severity == "note")


def test_where_only_the_ends_are_measured_the_true_graph_reaches_further(graph, trial, recipe):
    # The benefit follows the last gene of a chain; only genes two steps above it are measured.
    cohort, _ = trial
    last = graph.members_of("PATH0")[-1]
    lost = {k: t.drop(columns=[c for c in t.columns if c == last]) for k, t in cohort.omics.items()}
    nodes = project(replace(cohort, omics=lost), graph)
    is_test = np.arange(nodes.n_patients) < 80
    with_edges = fit_part(nodes, ~is_test, is_test, recipe, (0, 0)).members[0].net
    bare = recipe._replace(graph=without_edges(graph))
    without = fit_part(nodes, ~is_test, is_test, bare, (0, 0)).members[0].net
    place = graph.genes.index(last)
    z = with_edges.scales(nodes).z
    h = with_edges.embed(z)
    for conv in with_edges.convs:
        h = conv(h)
    assert h[place].abs().sum() > 0
    assert without.embed(z)[place].abs().sum() == 0


@pytest.mark.parametrize("outcome", ["binary", "survival"])
def test_every_outcome_runs_through(graph, outcome):
    cohort, truth = trial_on(graph, 400, 4, sd_benefit=4.0)
    y = cohort.outcome.value
    rng = np.random.default_rng(0)
    if outcome == "binary":
        value, event, estimand = (
            (y > np.median(y)).astype(float),
            np.ones(400, bool),
            risk_avoided(),
        )
    else:
        died, lost = rng.exponential(20 * np.exp(0.5 * (y - y.mean()))), rng.exponential(60, 400)
        value, event, estimand = np.minimum(died, lost), died <= lost, months_gained(24.0)
    changed = replace(cohort.outcome, kind=outcome, value=value, event=event, horizon=24.0)
    nodes = project(replace(cohort, outcome=changed), graph)
    recipe = _recipe(graph, estimand)
    benefit = estimate(fit(nodes, recipe, 0), nodes)
    assert np.corrcoef(benefit.score, truth.benefit)[0, 1] > 0.4
    assert np.isfinite(benefit.benefit).all()


@pytest.mark.parametrize(
    ("estimand", "net", "has_competing"),
    [
        (survival_gained(18.0), NetConfig(), False),
        (months_gained(18.0), NetConfig(hazards="cox"), False),
        (months_gained(24.0), NetConfig(), True),
        (survival_gained(24.0), NetConfig(competing="cause-specific"), True),
    ],
)
def test_every_question_about_survival_finds_who_benefits(graph, estimand, net, has_competing):
    cohort, truth = trial_on(graph, 400, 4, sd_benefit=4.0)
    y, rng = cohort.outcome.value, np.random.default_rng(0)
    died, lost = rng.exponential(20 * np.exp(0.5 * (y - y.mean()))), rng.exponential(60, 400)
    other = rng.exponential(40, 400) if has_competing else np.full(400, np.inf)
    value = np.minimum(np.minimum(died, lost), other)
    changed = replace(
        cohort.outcome,
        kind="survival",
        value=value,
        event=value == died,
        competing=value == other,
        horizon=24.0,
    )
    nodes = project(replace(cohort, outcome=changed), graph)
    is_test = np.arange(400) % 4 == 0
    part = fit_part(nodes, ~is_test, is_test, Recipe(graph, estimand, net, QUICK), (0, 0))
    assert np.corrcoef(part.ladder[NETWORK][:, 0], truth.benefit[is_test])[0, 1] > 0.4
    assert abs(part.ladder[NETWORK].mean() - part.scores.gain.mean()) < 3 * _se(part.scores.gain)


def test_a_horizon_is_judged_before_training_and_small_inner_sets_may_fall_short_of_it(graph):
    cohort, _ = trial_on(graph, 120, 4)
    rng = np.random.default_rng(5)
    died, lost = rng.exponential(40, 120), rng.uniform(1, 60, 120)
    follow_up = {"value": np.minimum(died, lost), "event": died <= lost}
    changed = replace(cohort.outcome, kind="survival", horizon=60.0, **follow_up)
    nodes = project(replace(cohort, outcome=changed), graph)
    fold = folds(nodes, 3, rng_for(0, 0))
    with pytest.raises(CohortError, match="largest usable horizon") as refused:
        check_follow_up(nodes, fold, 60.0)
    with pytest.raises(CohortError, match="largest usable horizon"):
        check(nodes, graph, 3, 0)
    # Just below what the whole training sets can tell, where a third of them cannot.
    largest = float(re.search(r"horizon is ([\d.]+) months", str(refused.value))[1]) - 0.1
    nodes = replace(nodes, horizon=largest)
    first = nodes.take(torch.from_numpy(np.flatnonzero(fold == 0)))
    with pytest.raises(CohortError, match="largest usable horizon"):
        check_follow_up(first, np.arange(first.n_patients) % 3, largest)
    fitted = fit(nodes, _recipe(graph, months_gained(largest)), 0)
    assert np.isfinite(fitted.benefit).all()
    assert np.abs(fitted.scores.gain).max() < 20 * largest


def _se(gain):
    return gain.std() / len(gain) ** 0.5


def test_known_probabilities_of_the_arms_are_taken_as_they_are(graph):
    cohort, _ = trial_on(graph, 200, 4)
    p = np.random.default_rng(1).uniform(0.2, 0.8, 200)
    known = replace(cohort.outcome, propensity=np.stack([1 - p, p], 1))
    nodes = project(replace(cohort, outcome=known), graph)
    train, test = nodes.take(torch.arange(100)), nodes.take(torch.arange(100, 200))
    got = fit_nuisances(train, test).propensity[:, 1]
    assert np.allclose(got, p[nodes.patient_of[nodes.patient_of >= 100]], atol=1e-6)


def test_an_estimand_that_does_not_fit_the_outcome_is_refused(nodes, graph):
    with pytest.raises(ConfigError, match="does not fit a continuous outcome"):
        fit(nodes, _recipe(graph, months_gained(12.0)), 0)


def _recipe(graph, estimand):
    return Recipe(graph, estimand, NetConfig(), QUICK)


def test_an_observational_cohort_decided_by_a_gene_is_refused(graph, trial):
    cohort, _ = trial
    gene = cohort.omics["expression"]["P0G0"].reindex(list(cohort.patients)).fillna(0).to_numpy()
    decided = replace(cohort.outcome, arm=(gene > 0).astype(int), randomised=False)
    clinical = cohort.clinical.assign(score=10 * gene)
    nodes = project(replace(cohort, outcome=decided, clinical=clinical), graph)
    findings = check(nodes, graph, 3, 0)
    with pytest.raises(RefusedError, match="too different to compare"):
        refuse(findings, accept_risk=False)
    refuse(findings, accept_risk=True)


def test_a_randomised_cohort_passes_the_checks(nodes, graph):
    assert all(f.severity != "refused" for f in check(nodes, graph, 3, 0))
    assert COVERED["expression"] == 1.0
    assert 0 < ALPHA < 1


def test_a_prediction_that_is_the_same_for_all_has_a_band(fitted, nodes):
    same = {name: np.ones_like(tau) for name, tau in fitted.ladder.items()}
    benefit = estimate(replace(fitted, ladder=same), nodes)
    assert np.isfinite(benefit.low).all() and (benefit.low < benefit.high).all()


def test_a_policy_is_not_chosen_by_the_outcomes_it_is_valued_on(fitted, nodes):
    # Without any effect the best arm in these patients is luck; nobody's own score may choose it.
    gained = []
    for seed in range(24):
        noise = np.random.default_rng(seed).normal(size=fitted.scores.gamma.shape)
        told = replace(fitted, scores=fitted.scores._replace(gamma=noise))
        benefit = estimate(told, nodes)
        gained.append(benefit.policy.gains[0].gain.value)
        if not benefit.differs:
            assert np.ptp(benefit.benefit) == 0
            assert len(np.unique(benefit.elsewhere)) <= fitted.n_folds
    assert abs(np.mean(gained)) < 3 * np.std(gained) / 24**0.5


def test_few_groups_start_the_sequential_test_later(nodes, recipe):
    few = replace(nodes, group=torch.arange(nodes.n_patients) % 6)
    fitted = fit(few, recipe, 0)
    # Fold 1 holds two of the six groups: too few to learn from for fold 2.
    assert len(fitted.sequential[fitted.default][0]) == recipe.fit.folds - 2
    for g in range(6):
        assert len(np.unique(fitted.fold[few.group.numpy() == g])) == 1
    with pytest.raises(CohortError, match=r"only 2 groups of patients are left.*name smaller"):
        fit(replace(nodes, group=few.group % 3), recipe, 0)


def test_many_groups_are_the_units_of_chance_and_few_are_not(nodes, recipe):
    donors = replace(nodes, group=torch.arange(nodes.n_patients) % 25)
    fitted = fit(donors, recipe, 0)
    assert np.array_equal(fitted.scores.group, donors.group)
    assert len(fitted.sequential[fitted.default][0]) == recipe.fit.folds - 1
    sites = replace(nodes, group=torch.arange(nodes.n_patients) % 6)
    assert len(np.unique(independent_units(sites))) == nodes.n_patients


def test_of_several_arms_benefit_goes_by_the_corrected_test(fitted, nodes):
    # The first arm's test alone has p .04; with a second arm that shows nothing it is .08.
    def told(*z):
        one = Estimate(1.0, 1.0)
        tests = tuple((one._replace(value=each),) for each in z)
        scores = fitted.scores
        wide = {"gamma": np.concatenate([scores.gamma, scores.gamma[:, :1]], 1)}
        wide |= {k: np.repeat(getattr(scores, k), 2, axis=1) for k in ("weight", "informs")}
        ladder = {name: np.repeat(tau, 2, axis=1) for name, tau in fitted.ladder.items()}
        return replace(
            fitted,
            scores=scores._replace(**(wide if len(z) > 1 else {})),
            ladder=ladder if len(z) > 1 else fitted.ladder,
            sequential=dict.fromkeys(fitted.sequential, tests),
        )

    more = replace(nodes, arms=(*nodes.arms, "another"))
    alone, both = estimate(told(2.05), nodes), estimate(told(2.05, 0.1), more, nodes.arms[1])
    assert (alone.differs, both.differs) == (True, False)
    assert both.joint_p == pytest.approx(2 * alone.test.p)
    assert np.ptp(both.benefit) == 0
    said = next(f.sentence for f in both.findings if f.topic == "who benefits")
    assert "after Holm's correction for all arms" in said


def test_where_no_fold_could_be_tested_that_is_said(fitted, nodes):
    none = replace(fitted, sequential=dict.fromkeys(fitted.sequential, ((),)))
    benefit = estimate(none, nodes)
    assert not benefit.differs
    assert metrics((benefit,))[0]["test_p"] is None
    said = next(f for f in benefit.findings if f.topic == "who benefits")
    assert said.severity == "warning"
    assert "was not tested" in said.sentence


def test_a_graph_with_the_genes_in_another_order_is_refused(nodes, recipe):
    graph = recipe.graph
    turned = replace(graph, genes=graph.genes[::-1])
    with pytest.raises(ConfigError, match="projected on another graph"):
        fit(nodes, recipe._replace(graph=turned), 0)
