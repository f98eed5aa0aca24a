"""Models of the outcome alone: shares, special order, survival, refusals; and ridge Cox."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from lifelines import CoxPHFitter, NelsonAalenFitter
from lifelines.utils import concordance_index

from pathgnn.benefit.estimand import mean_gained
from pathgnn.errors import CohortError, GraphError
from pathgnn.graph.nodes import match_layout
from pathgnn.model.config import FitConfig, NetConfig
from pathgnn.train.fit import Recipe
from pathgnn.train.folds import folds
from pathgnn.train.lasso_cox import beyond_expected
from pathgnn.train.linear_outcome import CLINICAL, GENES, PATHWAYS
from pathgnn.train.outcome import _Known, _shares, fit_outcome, one_arm
from pathgnn.train.outcome_learners import FOREST, LASSO
from pathgnn.train.ridge_cox import ridge_cox, rotate
from pathgnn.train.stack import NETWORK

FIT = FitConfig(members=1, outlook_rounds=2)


@pytest.fixture(scope="module")
def outcome_recipe(graph):
    return Recipe(graph, mean_gained(), NetConfig(), FIT)


@pytest.fixture(scope="module")
def split(nodes):
    """Patients whose value follows two genes, and others to predict."""
    z = nodes.x[[3, 9], :, 0].sum(0)
    value = z + 0.5 * torch.randn(len(z), generator=torch.Generator().manual_seed(0))
    known = replace(nodes, value=value.float())
    return known.take(torch.arange(200)), known.take(torch.arange(200, nodes.n_patients))


def test_the_outlook_of_new_patients_follows_what_decides_it(split, outcome_recipe):
    train, test = split
    model = fit_outcome(train, outcome_recipe, 0)
    assert np.corrcoef(model.predict(test), test.value)[0, 1] > 0.7
    assert set(model.predict_each(test)) == {GENES, CLINICAL, LASSO, FOREST, PATHWAYS, NETWORK}
    assert list(model.weight) == [GENES, CLINICAL, LASSO, FOREST, NETWORK]
    assert 0 <= model.network_share <= 1
    assert (model.share >= 0).all()


def test_survival_is_ranked_so_that_higher_lives_longer(split, outcome_recipe):
    train, test = (replace(part, outcome="survival", horizon=20.0) for part in split)
    months = [10 * torch.exp(part.value / 3) for part in (train, test)]
    train, test = (replace(p, value=m) for p, m in zip((train, test), months, strict=True))
    model = fit_outcome(train, outcome_recipe, 0)
    assert concordance_index(test.value, model.predict(test), test.event) > 0.7
    assert list(model.weight) == [GENES, CLINICAL, FOREST, NETWORK]


def test_two_genes_that_must_be_on_together_are_found(split, outcome_recipe, full_forests):
    train, test = (replace(part, value=_gate(part)) for part in split)
    with full_forests():
        model = fit_outcome(train, outcome_recipe, 0)
    found = {name: np.corrcoef(x, test.value)[0, 1] for name, x in model.predict_each(test).items()}
    assert found[FOREST] > found[GENES] + 0.1
    assert np.corrcoef(model.predict(test), test.value)[0, 1] > found[GENES] + 0.05


def test_a_learner_that_says_nothing_has_no_share():
    value = np.random.default_rng(0).standard_normal(90)
    known = _Known(value, np.ones(90, dtype=bool), is_survival=False)
    found = _shares(np.stack([np.full(90, 3.0), value, 2 * value + 1]), known)
    assert found.share[0] == 0
    assert found.share[1] == pytest.approx(found.share[2], rel=1e-3)
    assert found.loss < 0.05


def _gate(part):
    on = (part.x[3, :, 0] > 0) & (part.x[9, :, 0] > 0)
    noise = torch.randn(len(on), generator=torch.Generator().manual_seed(1))
    return 2.0 * on + 0.3 * noise


def test_events_beyond_those_expected_are_those_of_nelson_and_aalen():
    rng = np.random.default_rng(0)
    time, event = rng.permutation(np.arange(1.0, 41)), rng.random(40) < 0.6
    fitter = NelsonAalenFitter(nelson_aalen_smoothing=False).fit(time, event)
    expected = event - fitter.cumulative_hazard_at_times(time).to_numpy()
    assert beyond_expected(time, event) == pytest.approx(expected)


def test_the_same_seed_gives_the_same_model_and_leaves_no_trace(split, outcome_recipe):
    train, test = split
    state = torch.get_rng_state()
    one, two = (fit_outcome(train, outcome_recipe, 3).predict(test) for _ in range(2))
    assert np.array_equal(one, two)
    assert torch.equal(state, torch.get_rng_state())


def test_several_outcomes_of_a_patient_are_refused(nodes):
    doubled = replace(nodes, patient_of=torch.zeros_like(nodes.patient_of))
    with pytest.raises(CohortError, match="one outcome per patient"):
        one_arm(doubled)


def test_ridge_cox_is_the_penalised_cox_of_lifelines():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((120, 3))
    # lifelines penalises the effects of standardised columns.
    x = (x - x.mean(0)) / x.std(0, ddof=1)
    # Without ties Breslow and Efron agree.
    time = rng.exponential(np.exp(-x @ [0.5, -0.5, 0]))
    event = rng.random(120) < 0.7
    ours = ridge_cox(x, time, event, np.full(3, 12.0))
    # lifelines divides the likelihood by n.
    table = pd.DataFrame(x).assign(time=time, event=event)
    theirs = CoxPHFitter(penalizer=12.0 / 120).fit(table, "time", "event").params_
    assert ours == pytest.approx(theirs.to_numpy(), abs=1e-4)


def test_a_ridge_on_rotated_columns_is_the_ridge_on_the_columns():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((20, 50))
    x -= x.mean(0)
    time, event = rng.exponential(size=20), np.ones(20, dtype=bool)
    rotated, axes = rotate(x)
    few = axes @ ridge_cox(rotated, time, event, np.full(rotated.shape[1], 5.0))
    many = ridge_cox(x, time, event, np.full(50, 5.0))
    assert few == pytest.approx(many, abs=1e-5)
    assert x @ axes == pytest.approx(rotated, abs=1e-8)


def test_outcomes_follow_their_patients_whatever_the_order(nodes):
    order = torch.tensor([5, 2, 9, 0])
    mixed = one_arm(nodes.take(order))
    assert torch.equal(mixed.value, nodes.value[order])
    assert mixed.patient_of.tolist() == [0, 1, 2, 3]


def test_omics_go_by_their_names_and_other_genes_are_refused(split, outcome_recipe):
    train, test = split
    model = fit_outcome(train, outcome_recipe, 0)
    turned = match_layout(test, test.modalities[::-1], test.covariates[::-1])
    assert np.allclose(model.predict(turned), model.predict(test))
    alone = match_layout(test, test.modalities[:1], ())
    hidden = test.seen.clone()
    hidden[:, :, 1:] = False
    nothing = torch.zeros_like(test.clinical_seen)
    unseen = replace(test, seen=hidden, clinical_seen=nothing)
    assert np.allclose(model.predict(alone), model.predict(unseen))
    with pytest.raises(GraphError, match="other genes"):
        model.predict(replace(test, genes=test.genes[::-1]))


@pytest.mark.parametrize("shape", [(20, 50), (50, 20)])
def test_rotated_columns_keep_distances(shape):
    x = np.random.default_rng(1).standard_normal(shape)
    rotated, axes = rotate(x)
    assert rotated.shape[1] <= min(shape)
    assert x @ axes == pytest.approx(rotated, abs=1e-8)
    assert rotated @ rotated.T == pytest.approx(x @ x.T, abs=1e-8)


@pytest.mark.parametrize("n_groups", [2, 4])
def test_a_few_sites_are_no_sample_of_sites(split, outcome_recipe, n_groups):
    few = split[0].take(torch.arange(60))
    by_site = replace(few, group=torch.arange(60) % n_groups)
    model = fit_outcome(by_site, outcome_recipe, 0)
    assert model.weight == fit_outcome(few, outcome_recipe, 0).weight


def test_too_few_patients_and_events_are_named_as_the_user_knows_them(split, outcome_recipe):
    with pytest.raises(CohortError, match=r"15 patients are too few .*; give 18 or more"):
        fit_outcome(split[0].take(torch.arange(15)), outcome_recipe, 0)
    n = split[0].n_patients
    event = torch.zeros(n, dtype=torch.bool)
    # Events after the horizon tell nothing before it.
    event[[3, 50]] = event[150:] = True
    time = torch.linspace(1, 40, n)
    late = replace(split[0], outcome="survival", value=time, event=event, horizon=20.0)
    with pytest.raises(CohortError, match="2 events before 20 months are too few"):
        fit_outcome(late, outcome_recipe, 0)


@pytest.mark.parametrize("n_early", [3, 4, 8])
def test_few_early_events_lie_in_all_inner_folds(split, n_early):
    n = split[0].n_patients
    event = torch.arange(n) % (n // 8) == 0
    event &= (torch.cumsum(event, 0) <= n_early) | (torch.arange(n) > 150)
    value = torch.where(torch.arange(n) > 150, 30.0, 10.0)
    nodes = one_arm(replace(split[0], outcome="survival", value=value, event=event, horizon=20.0))
    early = (event & (value < 20)).numpy()
    for seed in range(5):
        counted = np.bincount(folds(nodes, 3, np.random.default_rng(seed))[early], minlength=3)
        assert np.ptp(counted) <= 1
