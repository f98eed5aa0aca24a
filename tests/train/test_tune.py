"""Tuning: the risk by hand, who may have a say, and that it finds what it should."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import optuna
import pytest
import torch
from cheap_trial import cheap_trial
from conftest import trial_on

from pathgnn.attribute.agreement import gene_agreement
from pathgnn.benefit.estimand import mean_gained
from pathgnn.errors import CohortError, ConfigError
from pathgnn.graph.project import project
from pathgnn.model.config import FitConfig, NetConfig
from pathgnn.train import tune as tune_module
from pathgnn.train.fit import Recipe
from pathgnn.train.nuisance import Nuisances
from pathgnn.train.part import learn, places, predict_part
from pathgnn.train.pruner import PLACE, pruner_of
from pathgnn.train.risk import average_risk, by_block, judge_of, losses, reserve
from pathgnn.train.sweep_config import SweepConfig
from pathgnn.train.tune import OWN, HeldOut, Layout, chosen_of, job_of, stamp_of, tune
from pathgnn.train.verify import verify

TINY = FitConfig(
    folds=3, members=1, outcome_rounds=1, benefit_rounds=2, stack=False, ridge=1e6, group_lasso=1e4
)
NET = NetConfig(channels=1, depth=1, trunk=4)
CONFIG = SweepConfig(
    choices={"fit.ridge": (1.0,), "fit.group_lasso": (2.0,)},
    settings=("fit.ridge", "fit.group_lasso"),
    sampler="grid",
    trials=4,
    pruner="none",
)


@pytest.fixture(scope="module")
def small(graph):
    return project(trial_on(graph, 240, 3, sd_benefit=5.0)[0], graph)


@pytest.fixture(scope="module")
def recipe(graph):
    return Recipe(graph, mean_gained(), NET, TINY)


@pytest.fixture(scope="module")
def tuned(small, recipe):
    return tune(small, recipe, CONFIG, 1)


def _scores(**more):
    one = {"value": np.array([1.0, 4.0]), "propensity": np.array([[0.5, 0.5], [0.75, 0.25]])}
    one |= {"mu": np.array([[0.0, 2.0], [2.0, 4.0]]), "gamma": np.array([[0.0, 3.0], [1.0, 2.0]])}
    one |= {"weight": np.array([[1.0], [3.0]]), "informs": np.ones((2, 1), dtype=bool)}
    one |= {"group": np.arange(2)}
    return Nuisances(**(one | more))


def test_the_risk_of_two_patients_known_answer():
    nodes = cheap_trial(2, 1.0, np.random.default_rng(0))
    nodes = replace(nodes, arm=nodes.patient_of)
    tau, everyone = np.array([[1.0], [2.0]]), np.array([True, True])
    # Gains 3 and 1 against 1 and 2, weights 1 and 3: (1 * 4 + 3 * 1) / 4.
    assert losses(nodes, _scores(), tau, everyone).risk == pytest.approx(7 / 4)
    assert losses(nodes, _scores(), tau, ~everyone | [False, True]).risk == pytest.approx(1)
    unseen = _scores(weight=np.array([[1.0], [0.0]]), informs=np.array([[True], [False]]))
    assert losses(nodes, unseen, tau, everyone).risk == pytest.approx(4)
    # Untreated: 1 - (.5 * 0 + .5 * 2) - (0 - .5) * 1 = .5; treated:
    # 4 - (.75 * 2 + .25 * 4) - (1 - .25) * 2 = 0. Mean square .125.
    seen = replace(nodes, randomised=False)
    assert losses(seen, _scores(), tau, everyone).risk == pytest.approx(0.125)


def test_tuning_finds_the_settings_that_let_the_network_speak(tuned):
    assert tuned.settings == {"fit.ridge": 1.0, "fit.group_lasso": 2.0}
    assert tuned.recipe.fit.group_lasso == 2.0
    assert [t.state for t in tuned.trials] == ["complete"] * 4
    assert tuned.risk == min(t.values[0] for t in tuned.trials)
    # Shrunken to nothing, the network says the average effect.
    assert tuned.own_risk == pytest.approx(tuned.average_risk, rel=0.1)
    assert tuned.risk < 0.9 * tuned.own_risk
    assert tuned.guard.chosen.place != 0
    assert tuned.guard.p[tuned.guard.chosen.number] <= 0.05


def test_kept_losses_sum_to_the_risk_and_have_the_blocks_of_the_judge(small, recipe, tuned):
    seen = small.take(places(~tuned.reserved))
    judge = judge_of(seen, recipe, CONFIG.folds, 1)
    total = judge.scores.weight.sum()
    for trial in tuned.trials:
        assert len(trial.losses) == judge.block.max() + 1
        assert sum(trial.losses) / total == pytest.approx(trial.values[0])
    # By hand for one block, from a trial of nothing but the average effect of zero.
    nothing = losses(seen, judge.scores, np.zeros_like(judge.scores.gain), judge.fold == 1)
    b = judge.block[judge.fold == 1].min()
    mine = judge.block == b
    by_hand = (judge.scores.gain[mine, 0] ** 2 * judge.scores.weight[mine, 0]).sum()
    assert by_block(nothing, judge)[0] == pytest.approx(by_hand)


def test_rows_of_a_patient_fall_into_the_block_of_that_patient(small, recipe):
    judge = judge_of(small, recipe, 3, 1)
    seen = replace(small, randomised=False)
    tau, everyone = np.zeros_like(judge.scores.gain), np.ones(small.n_patients, dtype=bool)
    lost = losses(seen, judge.scores, tau, everyone)
    assert np.array_equal(lost.patient, seen.patient_of.numpy())
    by = [lost.loss[judge.block[lost.patient] == b].sum() for b in range(judge.block.max() + 1)]
    assert by_block(lost, judge).tolist() == pytest.approx(by)


def test_noise_keeps_the_recipe_and_level_one_takes_the_least_risk(small, recipe, tmp_path):
    # With ridges so strong all say the average effect.
    config = SweepConfig(
        settings=("fit.ridge",),
        ranges={"fit.ridge": (9e5, 1.1e6)},
        trials=3,
        folds=2,
        storage=str(tmp_path / "sweep.db"),
    )
    found = tune(small, recipe, config, 1)
    assert found.settings == found.guard.own.settings
    assert found.recipe.fit == recipe.fit
    assert found.risk == found.own_risk
    assert found.least.fit.ridge == found.guard.least.settings["fit.ridge"]
    # The level decides no trial: the same sweep, asked again.
    asked = tune(small, recipe, config.model_copy(update={"level": 1.0}), 1)
    assert [t.values for t in asked.trials] == [t.values for t in found.trials]
    assert asked.risk == min(t.values[0] for t in found.trials if t.values)


def test_reserved_patients_have_no_say(small, recipe, tuned):
    assert 45 <= tuned.reserved.sum() <= 75
    # Folds balance who is above the median: move them away from it, and each stays where it is.
    far = 50.0 * (small.value > small.value.median()) - 25.0
    value = small.value + far * torch.from_numpy(tuned.reserved)
    one = CONFIG.model_copy(update={"trials": 2})
    again = tune(replace(small, value=value), recipe, one, 1)
    assert np.array_equal(again.reserved, tuned.reserved)
    assert [t.values for t in again.trials] == [t.values for t in tuned.trials[:2]]


def test_every_trial_is_judged_by_the_same_scores(small, recipe):
    judge = judge_of(small, recipe, 3, 1)
    filtered = recipe._replace(fit=TINY.model_copy(update={"variance_filter": 0.5}))
    config = SweepConfig(choices={"fit.variance_filter": (0.5,)}, sampler="grid", trials=2)
    job = tune_module.job_of(
        {("study", "study"): Layout(recipe.graph, small)},
        recipe,
        config.model_copy(update={"settings": ("fit.variance_filter",)}),
        1,
        np.zeros(small.n_patients, dtype=bool),
    )
    assert np.array_equal(job.judge.scores.gamma, judge.scores.gamma)
    assert not np.array_equal(judge_of(small, filtered, 3, 1).scores.gamma, judge.scores.gamma)
    found = tune_module.objective_of(job)({"fit.variance_filter": 0.5}, lambda *_: False)
    tau = np.empty_like(judge.scores.gain)
    for k in range(3):
        path = (tune_module.seed_for(1, tune_module.PARTS), k)
        learned = learn(small, judge.fold != k, filtered, path)
        test = small.take(places(judge.fold == k))
        tau[judge.fold == k] = predict_part(learned, test, filtered).default
    everyone = np.ones(small.n_patients, dtype=bool)
    assert found == (pytest.approx(losses(small, judge.scores, tau, everyone).risk),)


def test_an_observational_cohort_is_tuned_by_residuals(small, recipe):
    seen = replace(small, randomised=False)
    found = tune(seen, recipe, CONFIG.model_copy(update={"trials": 1}), 1)
    assert 0 < found.risk < float(seen.value.var()) * 2
    assert found.risk != tune(small, recipe, CONFIG.model_copy(update={"trials": 1}), 1).risk


def test_a_storage_of_other_data_or_settings_is_refused(small, recipe, tmp_path):
    where = {"storage": str(tmp_path / "sweep.db"), "trials": 1}
    config = CONFIG.model_copy(update=where)
    first = tune(small, recipe, config, 1)
    assert tune(small, recipe, config, 1).risk == first.risk
    other = replace(small, value=small.value + 1)
    for nodes, chosen, seed in (
        (other, config, 1),
        (small, config, 2),
        (small, config.model_copy(update={"folds": 4}), 1),
    ):
        with pytest.raises(ConfigError, match="a sweep 'sweep' of other data, settings"):
            tune(nodes, recipe, chosen, seed)
    more = tune(small, recipe, config.model_copy(update={"trials": 2}), 1)
    assert [t.number for t in more.trials] == [0, 1]
    assert more.trials[0].values == first.trials[0].values


def test_the_winner_is_judged_on_the_reserved_patients_alone(small, recipe, tuned):
    own = (recipe, small)
    same = verify(own, own, tuned.reserved, 1)
    assert same.is_own
    assert same.gained == (0.0, 0.0)
    assert same.contrasts[0].ahead.value == 0
    found = verify((tuned.recipe, small), own, tuned.reserved, 1)
    assert found.contrasts[0].n == tuned.reserved.sum()
    assert found.gained.value == pytest.approx(found.own_risk - found.risk)
    assert found.gained.value > 0
    assert not found.is_own
    assert found.contrasts[0].autoc.value > 0
    with pytest.raises(ConfigError, match="0 patients were reserved, 20 are the least"):
        verify(own, own, np.zeros(240, dtype=bool), 1)


def test_reserved_shares_are_kept_and_small_cohorts_are_refused(small, recipe):
    assert reserve(small, 0.0, 1).sum() == 0
    assert 0.4 <= reserve(small, 0.5, 1).mean() <= 0.6
    assert not np.array_equal(reserve(small, 0.5, 1), reserve(small, 0.5, 2))
    arm = small.arm.numpy()[reserve(small, 0.5, 1)]
    assert 0.4 <= arm.mean() <= 0.6
    families = replace(small, group=small.group // 80)
    kept = reserve(families, 0.25, 1).reshape(3, 80)
    assert kept.all(1).sum() == 1
    assert kept.any(1).sum() == 1
    with pytest.raises(CohortError, match=r"too few for a sweep on 20 folds.*lower `sweep.folds`"):
        tune(small, recipe, CONFIG.model_copy(update={"folds": 20}), 1)


def test_folds_that_learned_the_same_agree_on_the_genes(small, recipe):
    judge = judge_of(small, recipe, 3, 1)
    speaks = chosen_of(
        {("study", "study"): Layout(recipe.graph, small)},
        recipe,
        {"fit.ridge": 1.0, "fit.group_lasso": 2.0},
    )[0]
    held = []
    for k in range(3):
        learned = learn(small, judge.fold != k, speaks, (1, k))
        at = places(judge.fold == k)
        held.append(HeldOut(learned, predict_part(learned, small.take(at), speaks), at))
    found = gene_agreement(held, judge, small, speaks)
    assert 0.1 < found < 1
    net = held[0].learned.members[0].net
    same = [
        h._replace(learned=h.learned._replace(members=(h.learned.members[0]._replace(net=net),)))
        for h in held
    ]
    assert gene_agreement(same, judge, small, speaks) > found


def test_average_risk_is_that_of_the_other_folds_mean(small, recipe):
    judge = judge_of(small, recipe, 3, 1)
    flat = judge.scores._replace(gamma=np.tile([0.0, 2.0], (len(judge.fold), 1)))
    assert average_risk(small, judge._replace(scores=flat)) == pytest.approx(0)


def test_stability_and_unknown_graphs_need_more_than_one_cohort_on_one_graph(small, recipe):
    with pytest.raises(ConfigError, match="stability needs explanations"):
        tune(small, recipe, SweepConfig(objectives=("risk", "stability")))
    with pytest.raises(ConfigError, match=r"no patients are laid on \('other', 'study'\)"):
        tune(small, recipe, SweepConfig(graphs={"other": {}}))


def test_the_design_of_the_study_is_part_of_what_names_a_sweep(small, recipe):
    nobody, stamps = np.zeros(small.n_patients, dtype=bool), set()
    for change in ({}, {"randomised": False}, {"horizon": 7.0}, {"has_competing": True}):
        layout = Layout(recipe.graph, replace(small, **change))
        stamps.add(stamp_of(job_of({(OWN, OWN): layout}, recipe, CONFIG, 1, nobody)))
    assert len(stamps) == 4


def test_the_pruner_compares_with_the_own_settings_whatever_their_number():
    study = optuna.create_study(pruner=pruner_of("reference"))
    for place, risk in ((0, None), (1, 5.0), (0, 1.0)):
        study.enqueue_trial({}, user_attrs={PLACE: place})
        trial = study.ask()
        if risk is None:
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
            continue
        for step in range(3):
            trial.report(risk, step)
        study.tell(trial, risk)
    for risk, given_up in ((3.0, True), (0.5, False)):
        trial = study.ask()
        for step in range(2):
            trial.report(risk, step)
        assert trial.should_prune() is given_up
