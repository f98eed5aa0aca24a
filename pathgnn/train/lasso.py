"""Lasso learners of benefit: by arm, with interactions, and on the scores; all linear."""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import lasso_path

from pathgnn.benefit.units import Groups
from pathgnn.graph.axis import pathway_axes
from pathgnn.train.linear import (
    LinearEffect,
    LinearTask,
    effect_of,
    pooled,
    spread_over_genes,
)
from pathgnn.train.nuisance import features
from pathgnn.train.tuning_folds import N_FOLDS, tuning_folds

# Features kept by their correlation with the target, anew in each fold of the tuning.
MOST_FEATURES = 500
N_PENALTIES, WEAKEST = 30, 0.01
FEWEST_ROWS = 12


class Line(NamedTuple):
    """A linear model of raw features."""

    level: float
    weight: Float[np.ndarray, " feature"]

    def __call__(self, x: Float[np.ndarray, "row feature"]) -> Float[np.ndarray, " row"]:
        """Predicted target of every row."""
        return np.asarray(self.level + x @ self.weight)


def lasso_by_arm(task: LinearTask) -> LinearEffect:
    """T-learner: a lasso of the outcome in each arm; the benefit is their difference."""
    x = features(task.train, task.scales)
    rows, arm = task.train.patient_of.numpy(), task.train.arm.numpy()
    value, lines = task.scores.value, []
    for k in range(len(task.train.arms)):
        on = np.flatnonzero(arm == k)
        # An arm that no training patient had says nothing; it does not say 0.
        unit = task.scores.group[rows[on]]
        nothing = Line(value.mean(), 0 * x[0])
        lines.append(lasso(x[rows[on]], value[on], unit) if len(on) else nothing)
    level, weight = np.array([line.level for line in lines]), np.stack([b.weight for b in lines], 1)
    return effect_of(level[1:] - level[0], weight[:, 1:] - weight[:, :1], task)


def lasso_interactions(task: LinearTask) -> LinearEffect:
    """S-learner: one lasso of the outcome on features, arms, and their products.

    Arms are centred at their propensities, so that a product stands for benefit alone.
    """
    x, scores = features(task.train, task.scales), task.scores
    rows, n_arms = task.train.patient_of.numpy(), len(task.train.arms)
    moved = (np.eye(n_arms)[task.train.arm.numpy()] - scores.propensity)[:, 1:]
    products = [x[rows] * moved[:, k : k + 1] for k in range(n_arms - 1)]
    line = lasso(np.concatenate([x[rows], moved, *products], 1), scores.value, scores.group[rows])
    level, slope = np.split(line.weight[x.shape[1] :], [n_arms - 1])
    return effect_of(level, slope.reshape(n_arms - 1, -1).T, task)


def lasso_genes(task: LinearTask) -> LinearEffect:
    """DR-learner: a lasso of the doubly robust scores of each contrast on all genes."""
    return effect_of(*_on_scores(features(task.train, task.scales), task), task)


def lasso_axes(task: LinearTask) -> LinearEffect:
    """DR-learner: the same on the axis of each pathway, along which its signed edges agree."""
    axes = pathway_axes(task.graph)
    level, weight = _on_scores(pooled(task.train, axes, task.scales), task)
    return effect_of(level, spread_over_genes(weight, axes, task), task)


def _on_scores(
    x: Float[np.ndarray, "patient column"], task: LinearTask
) -> tuple[Float[np.ndarray, " contrast"], Float[np.ndarray, "column contrast"]]:
    scores, nothing = task.scores, Line(0.0, np.zeros(x.shape[1]))
    lines = [
        lasso(x[on], scores.gain[on, k], scores.group[on], scores.weight[on, k])
        if on.any()
        else nothing
        for k, on in enumerate(scores.informs.T)
    ]
    return np.array([line.level for line in lines]), np.stack([b.weight for b in lines], 1)


def lasso(
    x: Float[np.ndarray, "row feature"],
    y: Float[np.ndarray, " row"],
    unit: Groups = None,
    weight: Float[np.ndarray, " row"] | None = None,
) -> Line:
    """Lasso at the penalty of least squared error over three folds; few rows: the mean alone.

    Of many features those most correlated with the target are kept, in each fold of the tuning
    from its own training rows, so that the choice is part of what is tuned. Rows of one `unit`,
    a patient or a group, are in one fold. Rows count by their `weight`; None: all alike.

    Source: Tibshirani, JRSS-B 1996, 58:267; Fan & Lv, JRSS-B 2008, 70:849 (screening).
    """
    weight = np.ones(len(y)) if weight is None else weight
    if len(y) < FEWEST_ROWS or np.ptp(y) < 1e-12 or not weight.any():
        return Line(float(y.mean()), np.zeros(x.shape[1]))
    whole = Rows(x, y, weight)
    strongest = whole.strongest_penalty()
    penalties = strongest * np.geomspace(1, WEAKEST, N_PENALTIES)
    fold = tuning_folds(len(y), unit)
    loss = np.zeros(N_PENALTIES)
    for k in range(N_FOLDS):
        held = fold == k
        for i, line in enumerate(Rows(x, y, weight * ~held).path(penalties)):
            loss[i] += (weight[held] * (y[held] - line(x[held])) ** 2).sum()
    return whole.path(penalties[: int(loss.argmin()) + 1])[-1]


class Rows(NamedTuple):
    """Rows and how much each counts, to be standardised by those that count.

    `y` is what features are to tell.
    """

    x: Float[np.ndarray, "row feature"]
    y: Float[np.ndarray, " row"]
    weight: Float[np.ndarray, " row"]

    def strongest_penalty(self) -> float:
        """The least penalty at which every slope is 0."""
        here = self.counted()
        kept, center, spread = here.kept()
        away = here.weight * (here.y - here.mean())
        product = ((here.x[:, kept] - center) / spread).T @ away
        return max(float(np.abs(product).max(initial=0.0)) / len(here.y), 1e-9)

    def path(self, penalties: Float[np.ndarray, " penalty"]) -> list[Line]:
        """One model for each penalty, from the strongest on."""
        here = self.counted()
        kept, center, spread = here.kept()
        mean, root = here.mean(), np.sqrt(here.weight)
        if not len(kept):
            return [Line(mean, np.zeros(self.x.shape[1])) for _ in penalties]
        z = np.asfortranarray((here.x[:, kept] - center) / spread * root[:, None])
        with warnings.catch_warnings():
            # The weakest penalties of many features are not worth their last digits.
            warnings.simplefilter("ignore", ConvergenceWarning)
            slopes = lasso_path(z, (here.y - mean) * root, alphas=penalties, tol=1e-3)[1]
        out = []
        for slope in (slopes / spread[:, None]).T:
            weight = np.zeros(self.x.shape[1])
            weight[kept] = slope
            out.append(Line(mean - float(center @ slope), weight))
        return out

    def kept(
        self,
    ) -> tuple[Int[np.ndarray, " kept"], Float[np.ndarray, " kept"], Float[np.ndarray, " kept"]]:
        """Features that vary, the most correlated with the target; their mean and spread."""
        here = self.counted()
        share = here.weight / len(here.y)
        center = share @ here.x
        spread = np.sqrt(share @ (here.x - center) ** 2)
        varies = np.flatnonzero(spread > 1e-8)
        away = here.weight * (here.y - here.mean())
        product = np.abs(away @ (here.x[:, varies] - center[varies])) / spread[varies]
        kept = np.sort(varies[np.argsort(-product, kind="stable")[:MOST_FEATURES]])
        return kept, center[kept], spread[kept]

    def counted(self) -> Rows:
        """The rows that count, their mean weight 1."""
        on = self.weight > 0
        if on.all() and np.isclose(self.weight.mean(), 1, rtol=1e-12):
            return self
        return Rows(self.x[on], self.y[on], self.weight[on] / self.weight[on].mean())

    def mean(self) -> float:
        """Of what features are to tell."""
        return float(np.average(self.y, weights=self.weight))
