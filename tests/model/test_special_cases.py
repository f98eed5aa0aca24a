"""The network nests scikit-learn's ridge regressions: switches set, the same answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge

from pathgnn.benefit.estimand import mean_gained
from pathgnn.model.config import FitConfig, NetConfig
from pathgnn.model.layers import PathwayPool
from pathgnn.model.scales import Scaling, learned_scales
from pathgnn.train.fit import Recipe
from pathgnn.train.linear import member_shares, pathway_means
from pathgnn.train.losses import FREE
from pathgnn.train.outcome import one_arm, outcome_networks, outlook

FIT = FitConfig(members=1, steps=60, outlook_rounds=6, modality_dropout=0, memory_gb=4)


@pytest.fixture(scope="module")
def bare(nodes):
    """The trial as one arm, without its clinical block."""
    none = torch.zeros(nodes.n_patients, 0)
    return one_arm(replace(nodes, clinical=none, clinical_seen=none.bool(), covariates=()))


def _ridge(x, nodes, penalty):
    """Scikit-learn's ridge in the network's units: |y - x b|^2 / 2 + penalty |b|^2."""
    y = nodes.value.double().numpy()
    y = (y - y.mean()) / y.std()
    model = Ridge(alpha=2 * penalty).fit(x, y)
    return model.predict(x)


def test_its_linear_pathway_model_is_the_ridge_on_pathway_means(graph, bare):
    recipe = Recipe(graph, mean_gained(), NetConfig(linear="pathways"), FIT)
    ours = outlook(outcome_networks(bare, recipe, 0), bare)
    x = pathway_means(bare, graph, learned_scales(bare, Scaling()))
    x = (x - x.mean(0)) / x.std(0)
    expected = _ridge(x, bare, FIT.trunk_ridge * x.shape[1])
    assert ours - ours.mean() == pytest.approx(expected - expected.mean(), abs=2e-3)


def test_its_gene_level_model_is_the_ridge_on_genes(graph, bare):
    recipe = Recipe(graph, mean_gained(), NetConfig(linear="genes"), FIT)
    ours = outlook(outcome_networks(bare, recipe, 0), bare)
    z = learned_scales(bare, Scaling())(bare).z
    x = z.permute(1, 0, 2).flatten(1).double().numpy()
    n_measured = int(bare.seen.any(1).sum())
    expected = _ridge(x, bare, FIT.wide_ridge * n_measured)
    assert ours - ours.mean() == pytest.approx(expected - expected.mean(), abs=2e-3)


def test_the_clinical_block_beside_the_pathways_is_hardly_shrunken(graph, nodes):
    one = one_arm(nodes)
    recipe = Recipe(graph, mean_gained(), NetConfig(linear="pathways"), FIT)
    ours = outlook(outcome_networks(one, recipe, 0), one)
    x = pathway_means(one, graph, learned_scales(one, Scaling()))
    n_pathways = len(graph.pathways)
    means, clinical = x[:, :n_pathways], x[:, n_pathways:]
    means = (means - means.mean(0)) / means.std(0) / (FIT.trunk_ridge * n_pathways) ** 0.5
    expected = _ridge(np.hstack([means, clinical / FREE**0.5]), one, 1.0)
    assert ours - ours.mean() == pytest.approx(expected - expected.mean(), abs=2e-3)


def test_member_shares_are_means_over_members(graph):
    shares = member_shares(graph)
    assert np.asarray(shares.sum(1)).ravel() == pytest.approx(np.ones(len(graph.pathways)))


def test_genes_in_no_pathway_are_pooled_beside_the_others(graph):
    inside = graph.members[:, graph.members[0] != 3]
    pool = PathwayPool(torch.as_tensor(inside), 4, len(graph.genes))
    h = torch.randn(len(graph.genes), 2, 3)
    alone = np.setdiff1d(np.arange(len(graph.genes)), inside[1])
    assert pool.others
    assert torch.allclose(pool(h)[4], h[alone].mean(0), atol=1e-6)
