"""The benchmark's GNNExplainer explains the fitted prediction, each patient for itself."""

from __future__ import annotations

import explainer_peers
import numpy as np
import pytest
import torch
from explainer_peers import Union, gnn_explainer, masks_of, some

from pathgnn.attribute.predicted import by_fold
from pathgnn.attribute.reference import Compared
from pathgnn.benefit.against_truth import score_genes
from pathgnn.model.config import ExplainConfig


@pytest.fixture(scope="module")
def who(fitted, nodes):
    return Compared(fitted, nodes, ExplainConfig(), 0)


def test_the_union_of_patients_predicts_the_fitted_benefit(who, fitted):
    scale = float(fitted.benefit.std())
    for part in by_fold(who):
        x = part.inputs.z.transpose(0, 1).flatten(0, 1)
        said = Union(part, scale)(x, torch.zeros(2, 0, dtype=torch.long))
        assert said.numpy() * scale == pytest.approx(
            fitted.benefit[part.at.numpy(), 0], abs=1e-4 * scale
        )


def test_a_patient_in_a_batch_gets_the_mask_it_gets_alone(who, monkeypatch):
    # Masks start at random, in a batch in another order: here they all start in the middle.
    monkeypatch.setattr(torch, "randn", lambda *size, device: torch.zeros(*size, device=device))
    monkeypatch.setattr(explainer_peers, "EPOCHS", 20)
    fold = by_fold(who)[0]
    both, first, second = (
        masks_of(some(fold, np.array(chosen)), 1.0, 0) for chosen in ([0, 1], [0], [1])
    )
    assert torch.allclose(both, torch.cat([first, second]), atol=1e-3)
    assert (both[0] - both[1]).abs().max() > 0.1


def test_it_finds_the_planted_genes(who, nodes, trial, monkeypatch):
    monkeypatch.setattr(explainer_peers, "PER_FOLD", 4)
    found = dict(zip(nodes.genes, gnn_explainer(who, 0), strict=True))
    score = score_genes(trial[1], found)
    assert score.auprc > 2 * score.chance
