"""Learners of benefit for survival: Cox models with a lasso, read as months or survival gained."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from pathgnn.train.lasso_cox import baseline, in_order, lasso_cox
from pathgnn.train.linear import LinearEffect, LinearTask, average_effect, effect_of
from pathgnn.train.nuisance import GRID_POINTS, features


def cox_by_arm(task: LinearTask) -> LinearEffect:
    """T-learner: a Cox lasso of each arm; the benefit is the difference of what they expect.

    Linear as the other learners: of each arm, the slopes of the line nearest to what its model
    expects of the training patients. Their mean benefit is that of the doubly robust scores.
    """
    x = features(task.train, task.scales)
    weight = np.stack([_arm(x, k, task) for k in range(len(task.train.arms))], 1)
    return _around_the_average(weight[:, 1:] - weight[:, :1], x, task)


def cox_interactions(task: LinearTask) -> LinearEffect:
    """S-learner: one Cox lasso on features, arms, and their products, arms centred.

    Linear as the other learners: the slopes of the line nearest to the differences that the model
    expects of the training patients, in their risk whatever the arm and in what the arm changes
    of it. Their mean benefit is that of the doubly robust scores.
    """
    x, train = features(task.train, task.scales), task.train
    rows, arm, n_arms = train.patient_of.numpy(), train.arm.numpy(), len(train.arms)
    # Of every row, what its arm and what any other arm is, beyond the propensities.
    moved = (np.eye(n_arms)[:, None] - task.scores.propensity)[:, :, 1:]
    own = moved[arm, np.arange(len(arm))]
    products = [x[rows] * own[:, k : k + 1] for k in range(n_arms - 1)]
    design = np.concatenate([x[rows], own, *products], 1)
    group = task.scores.group[rows]
    followed = in_order(design, train.value.double().numpy(), train.event.numpy(), group)
    found = lasso_cox(followed)
    hazard = baseline(followed, found, _grid(task))
    of_risk, shift, slopes = np.split(found, [x.shape[1], x.shape[1] + n_arms - 1])
    of_change = slopes.reshape(n_arms - 1, -1).T
    risk, change = x[rows] @ of_risk, x[rows] @ of_change
    expected = [_expected(risk + (m * (shift + change)).sum(1), hazard, task) for m in moved]
    weights = []
    for k in range(n_arms - 1):
        gained = expected[k + 1] - expected[0]
        by_risk, by_change = _slopes(np.stack([risk, change[:, k]], 1), gained)
        weights.append(by_risk * of_risk + by_change * of_change[:, k])
    return _around_the_average(np.stack(weights, 1), x, task)


def _around_the_average(
    weight: Float[np.ndarray, "feature contrast"],
    x: Float[np.ndarray, "patient feature"],
    task: LinearTask,
) -> LinearEffect:
    """With the level at which the training patients' mean is that of their scores."""
    average = average_effect(task).level.double().numpy()
    return effect_of(average - x.mean(0) @ weight, weight, task)


def _arm(
    x: Float[np.ndarray, "patient feature"], k: int, task: LinearTask
) -> Float[np.ndarray, " feature"]:
    """What each feature changes of what is expected in one arm; nothing, where nobody had it."""
    train = task.train
    on = train.arm.numpy() == k
    if not on.any():
        return np.zeros(x.shape[1])
    rows = train.patient_of.numpy()[on]
    time, event = train.value.double().numpy()[on], train.event.numpy()[on]
    followed = in_order(x[rows], time, event, task.scores.group[rows])
    weight = lasso_cox(followed)
    risk = x @ weight
    expected = _expected(risk, baseline(followed, weight, _grid(task)), task)
    return np.asarray(_slopes(risk[:, None], expected)[0] * weight)


def _grid(task: LinearTask) -> Float[np.ndarray, " grid"]:
    """Months up to the estimand's."""
    until = task.train.horizon if task.estimand is None else task.estimand.at
    return np.linspace(0, until, GRID_POINTS)


def _expected(
    risk: Float[np.ndarray, " row"], hazard: Float[np.ndarray, " grid"], task: LinearTask
) -> Float[np.ndarray, " row"]:
    """Months lived up to the estimand's month, or survival at it, given the log hazard."""
    alive = np.exp(-np.multiply.outer(np.exp(risk), hazard))
    if task.estimand is not None and task.estimand.name == "survival_gained":
        return np.asarray(alive[:, -1])
    return np.asarray(np.trapezoid(alive, _grid(task), axis=1))


def _slopes(
    x: Float[np.ndarray, "row column"], value: Float[np.ndarray, " row"]
) -> Float[np.ndarray, " column"]:
    """Of least squares; a column without spread has none."""
    return np.asarray(np.linalg.lstsq(x - x.mean(0), value - value.mean(), rcond=1e-9)[0])
