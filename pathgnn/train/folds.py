"""Outer and inner folds of a projected cohort."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Int

from pathgnn.cohort.split import fold_of
from pathgnn.errors import CohortError
from pathgnn.graph.nodes import Nodes

# The first model of the sequential test has one fold, and its scores three inner folds of four.
FEWEST_PER_FOLD = 12
FEWEST_COMPARED = 10
# Of fewer events before the horizon no ranking is learned.
FEWEST_EVENTS = 10
# Fewer groups are no sample of groups: three folds of eight can be tested.
FEWEST_UNITS = 24


def check_size(nodes: Nodes, n_folds: int) -> None:
    """Refuse, before anything is trained, a cohort that cannot be cross-fitted.

    Raises:
        CohortError: too few patients per fold, or a crossover arm hardly seen with the reference.
    """
    if nodes.n_patients < FEWEST_PER_FOLD * n_folds:
        raise CohortError(
            f"{nodes.n_patients} patients are too few for {n_folds} folds; each needs "
            f"{FEWEST_PER_FOLD}: lower `fit.folds`"
        )
    for arm, n in zip(nodes.arms[1:], informs(nodes).sum(0), strict=True):
        if n < FEWEST_COMPARED:
            raise CohortError(
                f"only {n} patients were observed in arm {arm!r} and in the reference; a "
                f"crossover needs {FEWEST_COMPARED}: leave the arm out"
            )


def check_groups(nodes: Nodes, fold: Int[np.ndarray, " patient"], fewest: int) -> None:
    """Refuse folds without which too few groups are left to be dealt to inner folds.

    Raises:
        CohortError: naming the fold.
    """
    for k in np.unique(fold):
        if (n := _n_groups(nodes, fold != k)) < fewest:
            raise CohortError(
                f"without fold {k + 1} only {n} groups of patients are left to learn from, and "
                f"{fewest} are needed: name smaller groups in [cohort.beside]"
            )


def independent_units(nodes: Nodes) -> Int[np.ndarray, " patient"]:
    """The group of each patient, or a number of their own where there are few groups.

    Many groups (donors, families) are a sample, and chance draws whole groups. Of a few large ones
    (sites) the answer is about these very groups, given which patients are independent.
    """
    group = nodes.group.numpy()
    return group if len(np.unique(group)) >= FEWEST_UNITS else np.arange(nodes.n_patients)


def tested_folds(nodes: Nodes, fold: Int[np.ndarray, " patient"], fewest: int) -> range:
    """Folds but the last that the folds before them can rank: those hold groups and events enough.

    From the second on as a rule; from a later one on where there are few groups or events.
    """
    last = int(fold.max())
    events = np.full(last, FEWEST_EVENTS)
    if nodes.outcome == "survival":
        early = (nodes.event & (nodes.value < nodes.horizon)).numpy()
        events = np.bincount(fold[nodes.patient_of.numpy()[early]], minlength=last).cumsum()
    able = (
        k
        for k in range(1, last)
        if _n_groups(nodes, fold < k) >= fewest and events[k - 1] >= FEWEST_EVENTS
    )
    return range(next(able, last), last)


def _n_groups(nodes: Nodes, chosen: Bool[np.ndarray, " patient"]) -> int:
    return len(np.unique(nodes.group.numpy()[chosen]))


def informs(nodes: Nodes) -> Bool[np.ndarray, "patient contrast"]:
    """Patients that inform a contrast; in a crossover those observed in both of its arms."""
    return np.stack([compared(nodes, 0, k) for k in range(1, len(nodes.arms))], 1)


def compared(nodes: Nodes, a: int, b: int) -> Bool[np.ndarray, " patient"]:
    """Patients that inform a comparison of two arms; in a crossover those observed in both."""
    seen = np.zeros((nodes.n_patients, len(nodes.arms)), dtype=bool)
    seen[nodes.patient_of.numpy(), nodes.arm.numpy()] = True
    return np.asarray((seen[:, a] & seen[:, b]) | (not nodes.crossover))


def folds(nodes: Nodes, n_folds: int, rng: np.random.Generator) -> Int[np.ndarray, " patient"]:
    """Fold of each patient, balanced by stratum, arm and outcome class; groups stay together."""
    value = nodes.value.numpy()
    if nodes.outcome == "survival":
        level = (nodes.event.numpy() & (value < nodes.horizon)).astype(int)
    else:
        level = (value > (0.5 if nodes.outcome == "binary" else np.median(value))).astype(int)
    arm, stratum = nodes.arm.numpy(), nodes.stratum.numpy()
    kind = (stratum * len(nodes.arms) + arm) * 2 + level
    group = nodes.group.numpy()
    lone = len(np.unique(group)) == nodes.n_patients
    codes = None if lone else np.unique(group, return_inverse=True)[1]
    return fold_of(kind, nodes.patient_of.numpy(), n_folds, rng, codes)
