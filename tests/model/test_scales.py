"""What is learned of the inputs: on training patients only, by site, and which genes are left."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from pathgnn.errors import ConfigError
from pathgnn.graph.nodes import match_layout
from pathgnn.graph.project import project
from pathgnn.model.config import FitConfig, NetConfig
from pathgnn.model.head import observed
from pathgnn.model.network import PathwayNet, layout_of
from pathgnn.model.scales import HALF_TRUSTED, InputScales, Scaling, learned_scales
from pathgnn.train.bundle import Model, load, predict, save
from pathgnn.train.crossfit import fit
from pathgnn.train.fit import History
from pathgnn.train.manifest import Calibration
from pathgnn.train.nuisance import fit_nuisances
from pathgnn.train.part import Member

SITES = Scaling(center_sites=True)


@pytest.fixture(scope="module")
def by_site(trial, graph):
    """The trial with three sites in turn, and a patient of unknown site."""
    cohort = trial[0]
    site = pd.Series(["north", "east", "south"] * 100, index=list(cohort.patients))
    site.iloc[-1] = None
    return project(replace(cohort, beside=pd.DataFrame({"site": site})), graph)


def _first(n):
    return torch.arange(n)


def _state(scales):
    return {k: v.clone() for k, v in scales.state_dict().items()}


def test_sites_are_named_in_order_and_carried_along(by_site):
    assert by_site.sites == ("east", "north", "south")
    assert by_site.site[:3].tolist() == [1, 0, 2]
    assert by_site.site[-1] == -1
    assert by_site.take(torch.tensor([2, 299])).site.tolist() == [2, -1]
    other = match_layout(by_site, by_site.modalities, by_site.covariates, ("south", "west"))
    assert other.site[:3].tolist() == [-1, -1, 0]
    assert match_layout(by_site, by_site.modalities, by_site.covariates).sites == ()


@pytest.mark.parametrize("scaling", [Scaling(), SITES, Scaling(0.4, True)])
def test_test_patients_change_no_learned_number(by_site, scaling):
    before = _state(learned_scales(by_site.take(_first(200)), scaling))
    x, site = by_site.x.clone(), by_site.site.clone()
    x[:, 200:] = 1000 * torch.randn_like(x[:, 200:])
    site[200:] = 0
    scrambled = replace(by_site, x=x, site=site)
    after = _state(learned_scales(scrambled.take(_first(200)), scaling))
    assert before.keys() == after.keys()
    assert all(torch.equal(before[k], after[k]) for k in before)


def test_a_site_shift_is_the_shrunken_mean_known_answer(by_site):
    # Expression of one gene: 2 more at `east`, 100 patients of which n are seen.
    m = by_site.modalities.index("expression")
    x = by_site.x.clone()
    x[0, :, m] = torch.where(by_site.site == 0, 2.0, 0.0)
    scales = learned_scales(replace(by_site, x=x), SITES)
    seen = by_site.seen[0, :, m]
    n = int((seen & (by_site.site == 0)).sum())
    mean = 2.0 * n / int(seen.sum())
    assert scales.site_shift[0, 0, m].item() == pytest.approx(
        (2 - mean) * n / (n + HALF_TRUSTED), 1e-5
    )


def test_site_means_of_training_patients_are_near_zero(by_site):
    x = by_site.x + 3.0 * by_site.site[None, :, None]
    shifted = replace(by_site, x=x * by_site.seen)
    m = by_site.modalities.index("expression")
    spread = {}
    for name, scaling in {"as it is": Scaling(), "centred": SITES}.items():
        scales = learned_scales(shifted, scaling)
        rest = scales(shifted).z[:, :, m] * scales.scale[:, :, m]
        means = torch.stack([rest[:, shifted.site == s].mean(1) for s in range(3)])
        spread[name] = means.abs().mean().item()
    # Shrunken by 100 / 110, so a tenth of the shift is left.
    assert spread["as it is"] > 1
    assert spread["centred"] < 0.15 * spread["as it is"]


def test_mutations_and_unknown_sites_are_not_shifted(by_site):
    scales = learned_scales(by_site, SITES)
    m = by_site.modalities.index("mutation")
    assert not scales.site_shift[:, :, m].any()
    unseen = by_site.take(_first(250))
    plain = replace(unseen, site=torch.full_like(unseen.site, -1))
    z = (plain.x - scales.center) / scales.scale
    assert torch.allclose(scales(plain).z, z.clamp(-6, 6) * plain.seen)


def test_a_site_no_training_patient_comes_from_gets_no_shift(by_site):
    at = torch.nonzero(by_site.site != 2)[:, 0]
    assert not learned_scales(by_site.take(at), SITES).site_shift[2].any()


def _predicted(nodes, graph, center_sites):
    torch.manual_seed(0)
    net = PathwayNet(graph, layout_of(nodes, center_sites), NetConfig(depth=1))
    torch.manual_seed(1)
    for parameter in net.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    net.scales.learn(nodes)
    net.head.prepare(observed(nodes), nodes.horizon)
    net.learn_activity_scales(net.raw_activity(net.scales(nodes).z).detach())
    mean = net.predict(nodes).mean
    return (mean - mean.mean(0)) / mean.std(0)


def test_a_site_effect_changes_predictions_little_where_sites_are_centred(by_site, graph):
    m = by_site.modalities.index("expression")
    moved = by_site.x.clone()
    moved[:, :, m] += 2.0 * by_site.site
    moved = replace(by_site, x=moved * by_site.seen)
    change = {
        on: (_predicted(moved, graph, on) - _predicted(by_site, graph, on)).square().mean().item()
        for on in (False, True)
    }
    assert change[True] < 0.1 * change[False]


def test_the_least_varying_genes_are_left_out_per_omic(by_site):
    m = by_site.modalities.index("expression")
    genes = len(by_site.genes)
    x = by_site.x.clone()
    x[:, :, m] *= torch.arange(1, genes + 1).float()[:, None]
    scales = learned_scales(replace(by_site, x=x), Scaling(0.25))
    assert torch.isinf(scales.scale[:, 0, m]).nonzero()[:, 0].tolist() == list(range(genes // 4))
    z = scales(replace(by_site, x=x)).z
    assert not z[: genes // 4, :, m].any()
    assert z[genes // 4 :, :, m].any(1).all()
    assert torch.isfinite(z).all()


def test_what_no_training_patient_had_or_all_had_alike_counts_as_unseen(by_site):
    m, rare = by_site.modalities.index("expression"), by_site.modalities.index("mutation")
    train = torch.arange(by_site.n_patients) < 200
    seen, x = by_site.seen.clone(), by_site.x.clone()
    x[:, :, m] += 8
    seen[0, train, m] = seen[1, train, rare] = False
    # Constant, of any size; a mutation that nobody had yet still says what mutations say.
    x[1, train, m], x[2, train, m], x[2, train, rare] = 8.1, 1e-4, 0
    x[2, ~train, rare] = 1
    nodes = replace(by_site, x=x * seen, seen=seen)
    scales = learned_scales(nodes.take(torch.nonzero(train)[:, 0]), Scaling())
    held = nodes.take(torch.nonzero(~train)[:, 0])
    z = scales(held).z
    assert held.x[:3, :, m].any(1).all()
    assert not z[:3, :, m].any()
    assert not z[1, :, rare].any()
    assert z[3, :, m].any()
    assert (z[2, :, rare] == 4 * held.seen[2, :, rare]).all()
    assert scales.known[:4, 0, m].tolist() == [False, False, False, True]


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e9])
def test_units_of_values_and_covariates_change_nothing(by_site, unit):
    m = by_site.modalities.index("expression")
    factor = torch.ones(len(by_site.modalities))
    factor[m] = unit
    other = replace(by_site, x=by_site.x * factor, clinical=by_site.clinical * unit)
    given, told = (learned_scales(n, Scaling())(n) for n in (by_site, other))
    assert torch.allclose(given.z, told.z, atol=1e-5)
    assert torch.allclose(given.clinical, told.clinical, atol=1e-5)


@pytest.mark.parametrize("level", [0.0, 0.1, 7.3, 2e9])
def test_a_covariate_that_is_constant_in_training_says_nothing(by_site, level):
    clinical = torch.full_like(by_site.clinical, level)
    clinical[200:] += 1
    nodes = replace(by_site, clinical=clinical)
    scales = learned_scales(nodes.take(_first(200)), Scaling())
    assert not scales(nodes).clinical.any()


def test_defaults_learn_what_they_always_learned(by_site):
    scales = learned_scales(by_site, Scaling())
    assert set(scales.state_dict()) == {"center", "scale", "clinical_center", "clinical_scale"}
    again = InputScales(len(by_site.genes), by_site.kinds, len(by_site.covariates)).learn(by_site)
    assert torch.equal(again.center, scales.center)
    assert FitConfig().scaling == Scaling()


def test_nuisances_take_the_scaling_too(by_site):
    train, test = by_site.take(_first(150)), by_site.take(torch.arange(150, 299))
    moved = replace(train, x=train.x + 5 * train.site[None, :, None] * train.seen)
    plain, centred = (fit_nuisances(moved, test, s).mu for s in (Scaling(), SITES))
    assert not np.allclose(plain, centred)


def test_centring_without_sites_is_refused(nodes, recipe):
    wants = recipe._replace(fit=recipe.fit.model_copy(update={"center_sites": True}))
    with pytest.raises(ConfigError, match="set `site` in"):
        fit(nodes, wants, 0)


def test_site_shifts_are_saved_and_found_again_by_name(by_site, trial, recipe, tmp_path):
    wants = recipe._replace(fit=recipe.fit.model_copy(update={"center_sites": True}))
    layout = layout_of(by_site, center_sites=True)
    net = PathwayNet(wants.graph, layout, wants.net)
    net.effect.pooled.data.fill_(1.0)
    net.scales.learn(by_site)
    net.head.prepare(observed(by_site), by_site.horizon)
    model = Model(
        recipe=wants,
        layout=layout,
        modalities=by_site.modalities,
        covariates=by_site.covariates,
        arms=by_site.arms,
        members=(Member(0, 0, net, History((), ())),),
        calibration=(Calibration("treated", 0.0, 1.0, 0.0, True),),
        seed=0,
    )
    save(model, tmp_path / "m")
    again = load(tmp_path / "m")
    assert again.layout.sites == ("east", "north", "south")
    shift = again.members[0].net.scales.site_shift
    assert torch.equal(shift, net.scales.site_shift)
    # New patients all of one site: its place there is 0, in the model 2.
    new = replace(by_site, site=torch.zeros_like(by_site.site), sites=("south",))
    matched = match_layout(new, again.modalities, again.covariates, again.layout.sites)
    assert set(matched.site.tolist()) == {2}
    site = pd.DataFrame({"site": "south"}, index=list(trial[0].patients))
    inside, outside = (
        predict(again, replace(trial[0], beside=b))[0].score
        for b in (site, site.assign(site="west"))
    )
    assert not np.allclose(inside, outside)
