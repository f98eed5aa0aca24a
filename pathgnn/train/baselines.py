"""The ladder: simpler learners of benefit on the same folds and scores."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from sklearn.linear_model import RidgeCV

from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.project import Nodes
from pathgnn.model.layers import FIRST_WEIGHT
from pathgnn.model.scales import InputScales, Scaling, learned_scales
from pathgnn.train.nuisance import RIDGE_PENALTIES, Nuisances, features

Benefits = Float[np.ndarray, "patient contrast"]


class Task(NamedTuple):
    """Training patients with their scores, and the patients to predict with theirs.

    A learner may read only `train`, `scores`, the measurements of `test`, and `outcome_model`:
    expected outcomes of the test patients from models of the training patients.
    """

    train: Nodes
    scores: Nuisances
    test: Nodes
    outcome_model: Float[np.ndarray, "patient arm"]
    graph: PathwayGraph
    scaling: Scaling = Scaling()


Learner = Callable[[Task], Benefits]


def average_effect(task: Task) -> Benefits:
    """Everybody gets the mean benefit of the training patients."""
    gain = np.where(task.scores.informs, task.scores.gain, np.nan)
    return np.tile(np.nanmean(gain, axis=0), (task.test.n_patients, 1))


def risk_only(task: Task) -> Benefits:
    """Those with the worse expected outcome without treatment come first."""
    mu = task.outcome_model
    return np.repeat(-mu[:, :1], mu.shape[1] - 1, axis=1)


def ridge_interactions(task: Task) -> Benefits:
    """Ridge of the outcome on all genes in each arm: every gene interacts with treatment."""
    return np.asarray(task.outcome_model[:, 1:] - task.outcome_model[:, :1])


def ridge_genes(task: Task) -> Benefits:
    """Ridge of the doubly robust scores on all genes."""
    scales = learned_scales(task.train, task.scaling)
    return _ridge(features(task.train, scales), task, features(task.test, scales))


def ridge_pathways(task: Task) -> Benefits:
    """Ridge of the doubly robust scores on the mean of each pathway."""
    scales = learned_scales(task.train, task.scaling)
    x, x_test = (pathway_means(nodes, task.graph, scales) for nodes in (task.train, task.test))
    return _ridge(x, task, x_test)


def causal_forest(task: Task) -> Benefits:
    """EconML's causal forest on pathway means, with the given nuisances as residuals."""
    from econml.grf import CausalForest

    scales = learned_scales(task.train, task.scaling)
    x, x_test = (pathway_means(nodes, task.graph, scales) for nodes in (task.train, task.test))
    rows, arm = task.train.patient_of.numpy(), task.train.arm.numpy()
    expected = (task.scores.propensity * task.scores.mu[rows]).sum(1)
    treated = np.eye(len(task.train.arms))[arm] - task.scores.propensity
    forest = CausalForest(n_estimators=200, min_samples_leaf=5, random_state=0, n_jobs=1)
    forest.fit(x[rows], treated[:, 1:], task.scores.value - expected)
    return np.asarray(forest.predict(x_test)).reshape(len(x_test), -1)


def pathway_means(
    nodes: Nodes, graph: PathwayGraph, scales: InputScales
) -> Float[np.ndarray, "patient feature"]:
    """Mean over each pathway's genes of their standardised omics, then the clinical block."""
    z, clinical = scales(nodes)
    first = np.array([FIRST_WEIGHT[kind] for kind in nodes.kinds])
    gene = (z.double().numpy() * first).sum(2)
    pathway, member = graph.members
    member_of = np.zeros((len(graph.pathways), len(graph.genes)))
    member_of[pathway, member] = 1.0
    member_of /= member_of.sum(1, keepdims=True).clip(1)
    activity = (member_of @ gene).T
    return np.concatenate([activity, clinical.double().numpy()], 1)


LADDER: Mapping[str, Learner] = MappingProxyType(
    {
        "average effect": average_effect,
        "risk only": risk_only,
        "ridge interactions, genes": ridge_interactions,
        "ridge on scores, genes": ridge_genes,
        "ridge on scores, pathways": ridge_pathways,
    }
    | ({"causal forest, pathways": causal_forest} if find_spec("econml") else {})
)


def _ridge(
    x: Float[np.ndarray, "patient feature"],
    task: Task,
    x_test: Float[np.ndarray, "test feature"],
) -> Float[np.ndarray, "test contrast"]:
    used = x.std(0) > 1e-8
    center, spread = x[:, used].mean(0), x[:, used].std(0)
    x, x_test = ((part[:, used] - center) / spread for part in (x, x_test))
    out = np.empty((len(x_test), task.scores.gain.shape[1]))
    for k in range(out.shape[1]):
        on = task.scores.informs[:, k]
        weight = task.scores.weight[on]
        model = RidgeCV(RIDGE_PENALTIES).fit(x[on], task.scores.gain[on, k], weight)
        out[:, k] = model.predict(x_test)
    return out
