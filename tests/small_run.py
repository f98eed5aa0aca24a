"""A small fit with its explanation and encoder on disk, for tests that break or search them."""

from __future__ import annotations

from pathlib import Path

from conftest import ladder_graph, trial_on

from pathgnn.attribute.explain import explain
from pathgnn.attribute.keep import save_explanation
from pathgnn.benefit.estimand import mean_gained
from pathgnn.cohort.cohort import Cohort
from pathgnn.files import write_json
from pathgnn.graph.project import project
from pathgnn.model.config import ExplainConfig, FitConfig, NetConfig
from pathgnn.model.encoder import Encoder, encoder_part
from pathgnn.train.crossfit import fit
from pathgnn.train.encoder_file import save_encoder
from pathgnn.train.estimate import estimate
from pathgnn.train.fit import Recipe
from pathgnn.train.keep import save_fitted

TINY_FIT = FitConfig(folds=3, members=1, outcome_rounds=1, benefit_rounds=1, steps=2)
TINY_NET = NetConfig(channels=2, trunk=4)


def write_small_run(folder: Path, n: int = 60) -> Cohort:
    """fit, explanation, encoder and stages.json in a folder; the cohort they were learned on."""
    graph = ladder_graph(2, 4)
    cohort, _ = trial_on(graph, n, 6)
    nodes = project(cohort, graph)
    fitted = fit(nodes, Recipe(graph, mean_gained(), TINY_NET, TINY_FIT), 0)
    save_fitted(fitted, nodes, (estimate(fitted, nodes),), folder / "fit")
    why = explain(fitted, nodes, ExplainConfig(permutations=99, cascades=1))
    save_explanation(why, folder / "explanation")
    encoder = Encoder(
        encoder_part(fitted.members[0].net),
        nodes.genes,
        nodes.kinds,
        TINY_NET,
        graph.sha256,
        n,
    )
    save_encoder(encoder, folder / "encoder")
    write_json(folder / "stages.json", {"fit": "a" * 64, "explain": "b" * 64})
    return cohort
