"""Reserved patients judge the winner by the units of chance of the whole cohort."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import torch

from pathgnn.train import verify as module
from pathgnn.train.verify import verify


def test_reserved_patients_of_a_family_count_as_one(nodes, recipe, monkeypatch):
    families = replace(nodes, group=torch.arange(nodes.n_patients) // 5)
    # 12 families: too few to be a sample by themselves.
    reserved, seen = np.arange(nodes.n_patients) < 60, []
    honest = module.metrics.autoc_with_se

    def watched(tau, gain, rng, group):
        seen.append(len(np.unique(group)))
        return honest(tau, gain, rng, group)

    ranks = np.arange(60.0)[:, None]
    monkeypatch.setattr(module, "learn", lambda *_: None)
    monkeypatch.setattr(module, "predict_part", lambda *_: SimpleNamespace(default=ranks))
    monkeypatch.setattr(module.metrics, "autoc_with_se", watched)
    for cohort, units in ((families, 12), (nodes, 60)):
        verify((recipe, cohort), (recipe, cohort), reserved, 0)
        assert set(seen) == {units}
        seen.clear()
