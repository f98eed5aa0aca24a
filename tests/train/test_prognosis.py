"""Prognosis of a cross-fitted cohort."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from conftest import trial_on

from pathgnn.benefit.estimand import mean_gained, months_gained, risk_avoided
from pathgnn.graph.project import project
from pathgnn.model.config import FitConfig, NetConfig
from pathgnn.train.crossfit import fit
from pathgnn.train.fit import Recipe
from pathgnn.train.prognosis import ALL_ARMS, prognostic_scores

QUICKEST = FitConfig(folds=3, members=1, outcome_rounds=1, benefit_rounds=0, stack=False)
SAID = {"continuous": ("r", 0.25), "binary": ("auc", 0.6), "survival": ("harrell_c", 0.53)}


@pytest.mark.parametrize("kind", SAID)
def test_outcomes_that_follow_genes_are_predicted_in_every_arm(graph, kind):
    cohort, _ = trial_on(graph, 300, 7)
    y = cohort.outcome.value
    z = (y - y.mean()) / y.std()
    rng = np.random.default_rng(0)
    died, lost = rng.exponential(12 * np.exp(1.5 * z)), rng.exponential(40, 300)
    value = {"continuous": y, "binary": (z > 0) * 1.0, "survival": np.minimum(died, lost)}[kind]
    event = died <= lost if kind == "survival" else np.ones(300, dtype=bool)
    asked = {"continuous": mean_gained(), "binary": risk_avoided(), "survival": months_gained(24.0)}
    outcome = replace(cohort.outcome, kind=kind, value=value, event=event, horizon=24.0)
    nodes = project(replace(cohort, outcome=outcome), graph)
    fitted = fit(nodes, Recipe(graph, asked[kind], NetConfig(), QUICKEST), 0)
    scores = {s.arm: s.score for s in prognostic_scores(fitted, nodes)}
    assert set(scores) == {ALL_ARMS, *nodes.arms}
    assert scores[ALL_ARMS].n == 300
    what, least = SAID[kind]
    assert all(getattr(score, what) > least for score in scores.values())
