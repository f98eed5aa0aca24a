"""Attribution of outcomes: complete, right about what decides them, nothing for the unseen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from pathgnn.attribute.outcome import Explaining, attribute_outcome
from pathgnn.benefit.estimand import mean_gained
from pathgnn.errors import ConfigError
from pathgnn.model.config import FitConfig, NetConfig
from pathgnn.train.fit import Recipe
from pathgnn.train.outcome import fit_outcome


@pytest.fixture(scope="module")
def explained(graph, nodes):
    """Two genes decide the outcome: one helps, one harms."""
    z = nodes.x[3, :, 0] - nodes.x[9, :, 0]
    noise = 0.3 * torch.randn(len(z), generator=torch.Generator().manual_seed(0))
    known = replace(nodes, value=(z + noise).float())
    recipe = Recipe(graph, mean_gained(), NetConfig(), FitConfig(members=1, outlook_rounds=2))
    train, test = known.take(torch.arange(200)), known.take(torch.arange(200, nodes.n_patients))
    model = fit_outcome(train, recipe, 0)
    return model, test, attribute_outcome(model, test, graph)


def test_parts_sum_to_the_difference_from_the_training_mean(explained):
    model, test, found = explained
    spread = float(np.std(model.predict(test)))
    assert found.gap.abs().max() < 1e-4 * spread
    assert 0 < found.network.abs().sum() < found.score.abs().sum() * 2


def test_the_genes_that_decide_come_first_with_their_signs(explained):
    _, test, found = explained
    strength = found.by_gene.abs().mean(0)
    assert set(strength.topk(2).indices.tolist()) == {3, 9}
    for gene, sign in ((3, 1), (9, -1)):
        assert sign * np.corrcoef(found.by_gene[:, gene], test.x[gene, :, 0])[0, 1] > 0.9


def test_unseen_values_get_nothing_and_pathways_share_what_their_genes_have(explained, graph):
    model, test, _ = explained
    seen = test.seen.clone()
    seen[3] = False
    found = attribute_outcome(model, replace(test, seen=seen), graph)
    assert (found.score[:, 3] == 0).all()
    inside = torch.bincount(torch.as_tensor(graph.members[1]), minlength=len(graph.genes)) > 0
    assert torch.allclose(found.pathway.sum(1), found.by_gene[:, inside].sum(1), atol=1e-4)


def test_what_cannot_be_attributed_is_refused(explained, graph):
    model, test, _ = explained
    with pytest.raises(ConfigError, match="no method 'magic'"):
        attribute_outcome(model, test, graph, Explaining("magic"))
    with pytest.raises(ConfigError, match="project them"):
        attribute_outcome(model, replace(test, genes=test.genes[::-1]), graph)
