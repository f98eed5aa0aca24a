"""What is stacked with the network where an outcome is predicted: linear models and a forest."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from torch import Tensor

from pathgnn.model.scales import Standardised
from pathgnn.train.folds import independent_units
from pathgnn.train.grow import Target, grown, values_of
from pathgnn.train.lasso import lasso
from pathgnn.train.lasso_cox import beyond_expected
from pathgnn.train.linear_outcome import (
    CLINICAL,
    GENES,
    PATHWAYS,
    LinearOutcome,
    OutcomeTask,
    linear_outcomes,
    outcome_of,
)
from pathgnn.train.nuisance import features
from pathgnn.train.trees import Trees

# Chosen on ten drugs' response of cell lines and on survival in two breast cancer cohorts, none of
# them a benchmark's: mean r of the stack .489 with the ridge of genes and the network alone, .516
# with all of these; C .006 higher for survival, where a Cox lasso took up to .003 away again and is
# left out. Pathway means added nothing to either.
LASSO, FOREST = "lasso, genes", "forest, genes"
# Events beyond those expected are noisier than an outcome that is known of everybody.
SMALLEST_LEAF, SMALLEST_LEAF_OF_SURVIVAL = 5, 10


class OutcomeForest(NamedTuple):
    """Outlook by trees, higher is better: the outcome, or the events that did not come."""

    trees: Trees

    def __call__(self, inputs: Standardised) -> Float[Tensor, " patient"]:
        """Outlook of every patient."""
        return self.trees(inputs)[:, 0]


OutcomeLearner = LinearOutcome | OutcomeForest


def stacked_outcomes(task: OutcomeTask) -> dict[str, OutcomeLearner]:
    """Those that are stacked with the network.

    A cohort without covariates has no clinical model, and survival no lasso.
    """
    out: dict[str, OutcomeLearner] = dict(linear_outcomes(task, (GENES, CLINICAL)))
    if task.train.outcome != "survival":
        out[LASSO] = lasso_of_outcome(task)
    return out | {FOREST: forest_of_outcome(task)}


def other_outcomes(task: OutcomeTask) -> dict[str, OutcomeLearner]:
    """Those that are shown beside the stack alone."""
    return dict(linear_outcomes(task, (PATHWAYS,)))


def lasso_of_outcome(task: OutcomeTask) -> LinearOutcome:
    """A lasso of the outcome on all genes and covariates.

    Source: Tibshirani, JRSS-B 1996, 58:267.
    """
    train, x = task.train, features(task.train, task.scales)
    line = lasso(x, train.value.double().numpy(), independent_units(train))
    weight = np.split(line.weight, [x.shape[1] - len(train.covariates)])
    return outcome_of(weight[0], weight[1], task)


def forest_of_outcome(task: OutcomeTask) -> OutcomeForest:
    """A random forest of the outcome; for survival, of events beyond those expected by then.

    Source: Breiman, Machine Learning 2001, 45:5; Therneau, Grambsch & Fleming, Biometrika 1990,
    77:147 (martingale residuals, which a model is grown on).
    """
    train, survival = task.train, task.train.outcome == "survival"
    value = train.value.double().numpy()
    if survival:
        value = -beyond_expected(value, train.event.numpy())
    leaf = SMALLEST_LEAF_OF_SURVIVAL if survival else SMALLEST_LEAF
    target = Target(value, np.ones(len(value)))
    return OutcomeForest(grown(values_of(train, task.scales), target, leaf))
