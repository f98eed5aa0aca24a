"""The ladder: simpler learners of benefit on the same folds and scores."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from types import MappingProxyType

import numpy as np

from pathgnn.graph.nodes import Nodes
from pathgnn.model.network import layout_of
from pathgnn.train.cox_benefit import cox_by_arm, cox_interactions
from pathgnn.train.forest import forest_by_arm
from pathgnn.train.forest_on_scores import forest_on_scores
from pathgnn.train.lasso import lasso_axes, lasso_by_arm, lasso_genes, lasso_interactions
from pathgnn.train.linear import (
    Benefits,
    LinearEffect,
    LinearTask,
    Task,
    average_effect,
    pathway_means,
    ridge_by_arm,
    ridge_genes,
    ridge_pathways,
)
from pathgnn.train.trees import Trees

Learner = Callable[[Task], Benefits]

LinearLearner = Callable[[LinearTask], LinearEffect]
Effect = LinearEffect | Trees

# These are stacked with the network.
LINEAR: Mapping[str, LinearLearner] = MappingProxyType(
    {
        "average effect": average_effect,
        "ridge by arm, genes": ridge_by_arm,
        "ridge on scores, genes": ridge_genes,
        "ridge on scores, pathways": ridge_pathways,
        "lasso by arm, genes": lasso_by_arm,
        "lasso interactions, genes": lasso_interactions,
        "lasso on scores, genes": lasso_genes,
        "lasso on scores, pathway axes": lasso_axes,
    }
)
# So are these, where survival is the outcome and nothing competes with it.
OF_SURVIVAL: Mapping[str, LinearLearner] = MappingProxyType(
    {
        "Cox lasso by arm, genes": cox_by_arm,
        "Cox lasso interactions, genes": cox_interactions,
    }
)
# And this one, after them.
FOREST = "forest on scores, genes"


def risk_only(task: Task) -> Benefits:
    """Those with the worse expected outcome without treatment come first."""
    mu = task.outcome_model
    return np.repeat(-mu[:, :1], mu.shape[1] - 1, axis=1)


def logistic_by_arm(task: Task) -> Benefits:
    """T-learner of a binary outcome: logistic ridge in each arm, difference of probabilities."""
    mu = task.outcome_model
    return np.asarray(mu[:, 1:] - mu[:, :1])


def causal_forest(task: Task) -> Benefits:
    """EconML's causal forest on pathway means, with the given nuisances as residuals."""
    from econml.grf import CausalForest

    train, scores = task.train.train, task.train.scores
    graph, scales = task.train.graph, task.train.scales
    x, x_test = (pathway_means(nodes, graph, scales) for nodes in (train, task.test))
    rows, arm = train.patient_of.numpy(), train.arm.numpy()
    expected = (scores.propensity * scores.mu[rows]).sum(1)
    treated = np.eye(len(train.arms))[arm] - scores.propensity
    forest = CausalForest(n_estimators=200, min_samples_leaf=5, random_state=0, n_jobs=1)
    forest.fit(x[rows], treated[:, 1:], scores.value - expected)
    return np.asarray(forest.predict(x_test)).reshape(len(x_test), -1)


_FOREST: dict[str, Learner] = (
    # A folder that merely has the name has no origin.
    {"causal forest, pathways": causal_forest}
    if getattr(find_spec("econml"), "origin", None)
    else {}
)
OTHERS: Mapping[str, Learner] = MappingProxyType(
    {
        "risk only": risk_only,
        "forest by arm, genes": forest_by_arm,
    }
    | _FOREST
)


BINARY: Mapping[str, Learner] = MappingProxyType({"logistic by arm, genes": logistic_by_arm})


def stacked_learners(outcome: str) -> Mapping[str, Callable[[LinearTask], Effect]]:
    """What is stacked with the network, by outcome as its layout names it, in the stack's order."""
    cox = OF_SURVIVAL if outcome == "survival" else {}
    return {**LINEAR, **cox, FOREST: forest_on_scores}


def learners_for(nodes: Nodes) -> Mapping[str, Callable[[LinearTask], Effect]]:
    """What is stacked with the network for a cohort's outcome."""
    return stacked_learners(layout_of(nodes).outcome)


def fitted_effects(task: LinearTask) -> dict[str, Effect]:
    """Every learner beside the network fitted, in the stack's order."""
    return {name: learn(task) for name, learn in learners_for(task.train).items()}


def ladder(task: Task, effects: Mapping[str, Effect]) -> dict[str, Benefits]:
    """Predicted benefit of the test patients by every learner but the network."""
    inputs = task.train.scales(task.test)
    out = {name: effect(inputs).double().numpy() for name, effect in effects.items()}
    others = {**OTHERS, **(BINARY if task.test.outcome == "binary" else {})}
    return out | {name: learn(task) for name, learn in others.items()}
