"""Pretraining: hidden values are told, an encoder is carried over, kept, and refused elsewhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from pathgnn.errors import BundleError, CohortError, ConfigError
from pathgnn.graph.rewire import without_edges
from pathgnn.model.config import FitConfig, NetConfig, PretrainConfig
from pathgnn.model.encoder import OWN, SHARED
from pathgnn.model.network import PathwayNet, layout_of
from pathgnn.train.encoder_file import load_encoder, save_encoder
from pathgnn.train.fit import begin, fit_network
from pathgnn.train.pretrain import pretrain

QUICK_PRETRAIN = PretrainConfig(epochs=12, batch=32, hidden_values=0.3)


@pytest.fixture(scope="module")
def related(nodes):
    """Every pathway's genes go together in every omic, so that one tells the others."""
    n, generator = nodes.n_patients, torch.Generator().manual_seed(0)
    factor = torch.randn(4, n, 1, generator=generator).repeat_interleave(6, dim=0)
    noise = torch.randn(nodes.x.shape, generator=generator)
    return replace(nodes, x=(factor + 0.3 * noise) * nodes.seen)


@pytest.fixture(scope="module")
def encoder(related, graph):
    return pretrain([related], graph, NetConfig(), QUICK_PRETRAIN, 0).encoder


def test_hidden_values_are_told_from_related_ones(related, graph):
    told = pretrain([related], graph, NetConfig(), QUICK_PRETRAIN, 0).told
    assert max(told) > 0.4
    assert max(told) > told[0]


def test_of_noise_nothing_can_be_told(related, graph):
    noise = torch.randn(related.x.shape, generator=torch.Generator().manual_seed(1))
    told = pretrain(
        [replace(related, x=noise * related.seen)], graph, NetConfig(), QUICK_PRETRAIN, 0
    )
    assert max(told.told) < 0.1


def test_outcomes_and_arms_are_not_read(related, graph, encoder):
    other = replace(related, value=-related.value, arm=1 - related.arm)
    again = pretrain([other], graph, NetConfig(), QUICK_PRETRAIN, 0).encoder
    assert again.sha256 == encoder.sha256


def test_several_cohorts_are_matched_by_kind(related, graph):
    m = related.kinds.index("protein")
    part = replace(
        related.take(torch.arange(60)),
        x=related.x[:, :60, [m]],
        seen=related.seen[:, :60, [m]],
        modalities=("rppa",),
        kinds=("protein",),
    )
    done = pretrain([related, part], graph, NetConfig(), QUICK_PRETRAIN, 0)
    assert done.encoder.kinds == related.kinds
    assert done.encoder.n_patients == related.n_patients + 60


def test_a_network_starts_at_its_encoder_and_is_drawn_there(related, recipe, encoder):
    net, stage = begin(related, recipe._replace(start=encoder))
    assert torch.equal(net.embed.own, encoder.weights[OWN])
    here = float(stage.penalty(related.n_patients).detach())
    with torch.no_grad():
        net.embed.own.zero_()
    assert float(stage.penalty(related.n_patients).detach()) > here


def test_an_encoder_changes_the_fit(related, recipe, fitted, encoder):
    plain = fit_network(related, fitted.scores, recipe, 0).net
    started = fit_network(related, fitted.scores, recipe._replace(start=encoder), 0).net
    assert not torch.equal(plain.embed.own, started.embed.own)


def test_omics_the_encoder_has_not_seen_keep_their_start(related, graph, encoder):
    strange = replace(related, kinds=("metabolite", *related.kinds[1:]))
    net = PathwayNet(graph, layout_of(strange), NetConfig())
    before = net.embed.shared[0].clone()
    encoder.put_into(net, graph.genes)
    assert torch.equal(net.embed.shared[0], before)
    at = encoder.kinds.index(strange.kinds[1])
    assert torch.equal(net.embed.shared[1], encoder.weights[SHARED][at])


def test_save_then_load_is_the_identity(encoder, tmp_path):
    save_encoder(encoder, tmp_path / "encoder")
    assert load_encoder(tmp_path / "encoder").sha256 == encoder.sha256
    weights = tmp_path / "encoder" / "encoder.safetensors"
    weights.write_bytes(weights.read_bytes()[:-8])
    with pytest.raises(BundleError, match="changed or cut off"):
        load_encoder(tmp_path / "encoder")


def test_what_does_not_fit_is_refused(related, graph, encoder):
    with pytest.raises(ConfigError, match="another graph"):
        encoder.check(without_edges(graph), NetConfig())
    with pytest.raises(ConfigError, match="depth = 3, but the encoder was pretrained with 2"):
        encoder.check(graph, NetConfig(depth=3))
    encoder.check(graph, NetConfig(depth=2))
    net = PathwayNet(graph, layout_of(related), NetConfig(channels=8))
    with pytest.raises(ConfigError, match="4 channels"):
        encoder.put_into(net, graph.genes)
    with pytest.raises(ConfigError, match="genes"):
        encoder.put_into(net, graph.genes[::-1])
    with pytest.raises(CohortError, match="too few"):
        pretrain([related.take(torch.arange(10))], graph, NetConfig(), QUICK_PRETRAIN, 0)


def test_mini_batches_find_what_all_at_once_finds(related, recipe, fitted):
    fit = FitConfig(batch=64, steps=6, outcome_rounds=2, benefit_rounds=2, modality_dropout=0)
    tau = {}
    for name, settings in {"all": recipe.fit, "batches": fit}.items():
        net = fit_network(related, fitted.scores, recipe._replace(fit=settings), 0).net
        tau[name] = recipe.estimand(net.predict(related))[:, 0].numpy()
    assert np.corrcoef(tau["all"], tau["batches"])[0, 1] > 0.6
