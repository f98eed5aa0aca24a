"""Average benefit by every month up to the horizon, doubly robust, with intervals."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int

from pathgnn.benefit.estimand import Estimand, months_gained, survival_gained
from pathgnn.benefit.metrics import mean_gain
from pathgnn.graph.nodes import Nodes
from pathgnn.model.scales import Scaling
from pathgnn.train.folds import independent_units, informs
from pathgnn.train.nuisance import fit_nuisances, followed_until

N_TIMES = 6


class OverTime(NamedTuple):
    """Average gain of each contrast by each time (months) with its standard error.

    The last axis of `months` (restricted mean time) and of `survival` (probability to be free of
    the event) is the estimate, then its error.
    """

    time: Float[np.ndarray, " time"]
    months: Float[np.ndarray, "contrast time 2"]
    survival: Float[np.ndarray, "contrast time 2"]


def average_over_time(
    nodes: Nodes, fold: Int[np.ndarray, " patient"], scaling: Scaling, n_times: int = N_TIMES
) -> OverTime:
    """Average benefit by several months, each from scores of its own, cross-fitted.

    Args:
        nodes: A cohort with a survival outcome.
        fold: Fold of each patient; scores come from models of the other folds.
        scaling: What is learned of the inputs.
        n_times: Times, evenly up to the horizon, or to the last month at which enough are followed.
    """
    until = min(nodes.horizon, followed_until(nodes, fold))
    time = np.linspace(0, until, n_times + 1)[1:]
    each = {
        ask: np.stack([_average(nodes, fold, scaling, ask(float(t))) for t in time], 1)
        for ask in (months_gained, survival_gained)
    }
    return OverTime(time, each[months_gained], each[survival_gained])


def _average(
    nodes: Nodes, fold: Int[np.ndarray, " patient"], scaling: Scaling, estimand: Estimand
) -> Float[np.ndarray, "contrast 2"]:
    gain = np.empty((nodes.n_patients, len(nodes.arms) - 1))
    for k in np.unique(fold):
        train, test = (
            nodes.take(torch.from_numpy(np.flatnonzero(m))) for m in (fold != k, fold == k)
        )
        gain[fold == k] = fit_nuisances(train, test, scaling, estimand).gain
    group = independent_units(nodes)
    each = zip(gain.T, informs(nodes).T, strict=True)
    return np.array([mean_gain(one[on], group[on]) for one, on in each])
