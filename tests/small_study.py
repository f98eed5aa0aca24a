"""A small study on disk, written from a simulated trial, that tests break in many ways."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from conftest import ladder_graph, trial_on

STUDY = """
name = "small"
seed = 3
out = "OUT"
[cohort]
name = "small"
[cohort.omics.expression]
file = "expression.csv"
kind = "expression"
[cohort.omics.mutation]
file = "mutation.csv"
kind = "mutation"
[cohort.clinical]
file = "clinical.csv"
columns = ["age"]
[cohort.outcome]
file = "clinical.csv"
kind = "continuous"
value = "response"
[cohort.treatment]
column = "arm"
reference = "control"
randomised = true
[graph]
edges = "edges.csv"
pathways = "pathways.gmt"
[fit]
folds = 3
members = 1
outcome_rounds = 1
benefit_rounds = 1
[explain]
permutations = 99
"""


def write_small_study(folder: Path, n: int = 90) -> Path:
    """Tables, graph files and study.toml in a folder; the path of the study file."""
    graph = ladder_graph()
    cohort, _ = trial_on(graph, n, 6)
    outcome = cohort.outcome
    clinical = cohort.clinical.assign(
        response=outcome.value,
        arm=[outcome.arms[a] for a in outcome.arm],
        months=outcome.value - outcome.value.min() + 1,
        event=(outcome.value > outcome.value.mean()).astype(int),
    )
    clinical.to_csv(folder / "clinical.csv", index_label="patient")
    for name in ("expression", "mutation"):
        cohort.omics[name].to_csv(folder / f"{name}.csv", index_label="patient")
    genes = graph.genes
    pairs = [(genes[u], genes[v]) for u, v in graph.edges.T]
    edges = pd.DataFrame(pairs, columns=["source", "target"]).assign(sign=graph.sign)
    edges.to_csv(folder / "edges.csv", index=False)
    sets = ["\t".join((p, "na", *graph.members_of(p))) + "\n" for p in graph.pathways]
    (folder / "pathways.gmt").write_text("".join(sets))
    path = folder / "study.toml"
    path.write_text(STUDY.replace("OUT", str(folder / "run")))
    return path
