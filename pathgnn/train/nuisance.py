"""Nuisances fitted on some patients and read on others: propensity, outcome models, scores."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from sklearn.linear_model import LogisticRegression

from pathgnn.benefit.censored import (
    CensoringCurve,
    Counted,
    FollowUp,
    censoring_curve,
    censoring_unbiased,
    check_horizon,
    free_at_end,
    months_free,
    usable_horizon,
)
from pathgnn.benefit.estimand import Estimand
from pathgnn.benefit.scores import aipw, crossover_propensity, overlap_weight
from pathgnn.graph.nodes import Nodes
from pathgnn.model.scales import InputScales, Scaling, learned_scales
from pathgnn.train.folds import independent_units, informs
from pathgnn.train.ridge import logistic_ridge, ridge
from pathgnn.train.survival_model import Few, few_of, follow_up, survival_curves

PLAIN = Scaling()
GRID_POINTS = 60
LOWEST_E = 0.02
# An arm with fewer rows has the censoring curve of all arms.
FEWEST_FOLLOWED = 20


class Nuisances(NamedTuple):
    """What is known of some patients from models that never saw them.

    `informs` is False where a crossover patient was not observed in both arms of a contrast, and
    `weight` is 0 there.
    Patients of one `group` are not independent of each other; see `independent_units`.
    """

    value: Float[np.ndarray, " row"]
    propensity: Float[np.ndarray, "row arm"]
    mu: Float[np.ndarray, "patient arm"]
    gamma: Float[np.ndarray, "patient arm"]
    weight: Float[np.ndarray, "patient contrast"]
    informs: Bool[np.ndarray, "patient contrast"]
    group: Int[np.ndarray, " patient"]

    @property
    def gain(self) -> Float[np.ndarray, "patient contrast"]:
        """Doubly robust score of the benefit of every arm against the reference."""
        return np.asarray(self.gamma[:, 1:] - self.gamma[:, :1])

    def take(
        self, patients: Int[np.ndarray, " chosen"], rows: Int[np.ndarray, " picked"]
    ) -> Nuisances:
        """Those of some patients and their rows."""
        return Nuisances(
            self.value[rows],
            self.propensity[rows],
            self.mu[patients],
            self.gamma[patients],
            self.weight[patients],
            self.informs[patients],
            self.group[patients],
        )


def features(nodes: Nodes, scales: InputScales) -> Float[np.ndarray, "patient feature"]:
    """Standardised omics, gene by gene, then the clinical block."""
    z, clinical = scales(nodes)
    flat = z.permute(1, 0, 2).flatten(1).double().numpy()
    return np.concatenate([flat, clinical.double().numpy()], 1)


def fit_nuisances(
    train: Nodes, test: Nodes, scaling: Scaling = PLAIN, estimand: Estimand | None = None
) -> Nuisances:
    """Propensity, outcome models and scores of the test patients, from the training patients.

    Args:
        train: Whose outcomes are learned from.
        test: Who is scored.
        scaling: What is learned of the inputs.
        estimand: Survival: months gained or survival gained by a month; None: months gained by
            the cohort's horizon.
    """
    x_train, x_test = _design(train, test, scaling)
    few = few_of(x_train, x_test, train.clinical.shape[1])
    propensity = _propensity(train, test, few)
    value_train, value_test = _values(train, test, few, estimand)
    mu = _outcome_model(train, value_train, x_train, x_test)
    arm, patient_of = test.arm.numpy(), test.patient_of.numpy()
    return Nuisances(
        value=value_test,
        propensity=propensity,
        mu=mu,
        gamma=aipw(value_test, arm, patient_of, propensity, mu),
        weight=contrast_weights(test, propensity),
        informs=informs(test),
        group=independent_units(test),
    )


def contrast_weights(
    nodes: Nodes, propensity: Float[np.ndarray, "row arm"]
) -> Float[np.ndarray, "patient contrast"]:
    """How much each patient's score counts: by overlap; in a crossover all alike who inform.

    There each patient is its own control, so that nothing is to be balanced.
    """
    if nodes.crossover:
        return informs(nodes).astype(float)
    return overlap_weight(propensity, nodes.patient_of.numpy(), nodes.n_patients)


def propensity_of(
    nodes: Nodes, is_train: Bool[np.ndarray, " patient"], is_test: Bool[np.ndarray, " patient"]
) -> Float[np.ndarray, "row arm"]:
    """Propensities of the test patients' rows from the training patients, nothing else fitted."""
    train, test = (nodes.take(torch.from_numpy(np.flatnonzero(m))) for m in (is_train, is_test))
    if nodes.crossover or nodes.randomised:
        nothing = np.empty((0, 0))
        return _propensity(train, test, Few(nothing, nothing))
    return _propensity(train, test, few_of(*_design(train, test, PLAIN), train.clinical.shape[1]))


def _design(
    train: Nodes, test: Nodes, scaling: Scaling
) -> tuple[Float[np.ndarray, "train feature"], Float[np.ndarray, "test feature"]]:
    """Standardised features that vary among the training patients; the clinical block last."""
    scales = learned_scales(train, scaling)
    x_train, x_test = features(train, scales), features(test, scales)
    used = x_train.std(0) > 0
    used[x_train.shape[1] - train.clinical.shape[1] :] = True
    return x_train[:, used], x_test[:, used]


def _propensity(train: Nodes, test: Nodes, few: Few) -> Float[np.ndarray, "row arm"]:
    """The trial's own where known, else shares per randomisation stratum, or a logistic model.

    The model is a ridge on a few axes of the measurements, the clinical block and the strata.
    """
    n_arms = len(train.arms)
    if test.propensity.shape[1]:
        return np.asarray(test.propensity.double().numpy())
    if test.crossover:
        return crossover_propensity(test.arm.numpy(), test.patient_of.numpy(), n_arms)
    if train.randomised or int(train.arm.min()) == int(train.arm.max()):
        return _stratum_shares(train, test, n_arms)
    model = LogisticRegression(C=1.0, max_iter=2000)
    levels = np.unique(train.stratum.numpy())
    model.fit(_beside_strata(few.train, train, levels), train.arm.numpy())
    out = np.full((len(test.arm), n_arms), LOWEST_E)
    out[:, model.classes_] = model.predict_proba(_beside_strata(few.test, test, levels))
    return np.asarray(out.clip(1e-3, 1 - 1e-3))


def _beside_strata(
    few: Float[np.ndarray, "patient few"], nodes: Nodes, levels: Int[np.ndarray, " level"]
) -> Float[np.ndarray, "row column"]:
    """Each row's measurements beside a column per stratum; one that is none of them has zeros."""
    own = few[nodes.patient_of]
    if len(levels) < 2:
        return np.asarray(own)
    return np.concatenate([own, nodes.stratum.numpy()[:, None] == levels], 1)


def _stratum_shares(train: Nodes, test: Nodes, n_arms: int) -> Float[np.ndarray, "row arm"]:
    """Shares of the arms in each stratum, over the rows of both.

    Arms are no outcomes, so that nothing leaks. Without a row's own arm its share came out too
    low: in strata of four, scores held a third more heterogeneity than there was.
    """
    stratum = np.concatenate([train.stratum.numpy(), test.stratum.numpy()])
    arm = np.concatenate([train.arm.numpy(), test.arm.numpy()])
    overall = np.bincount(arm, minlength=n_arms) / len(arm)
    count = np.zeros((int(stratum.max()) + 1, n_arms))
    np.add.at(count, (stratum, arm), 1.0)
    shares = (count + overall) / (count.sum(1, keepdims=True) + 1)
    return np.asarray(shares[test.stratum.numpy()].clip(LOWEST_E, 1 - LOWEST_E))


def _values(
    train: Nodes, test: Nodes, few: Few, estimand: Estimand | None
) -> tuple[Float[np.ndarray, " train_row"], Float[np.ndarray, " test_row"]]:
    """Outcomes of the rows; survival becomes what the estimand counts, free of censoring."""
    if train.outcome != "survival":
        return train.value.double().numpy(), test.value.double().numpy()
    until = estimand.at if estimand is not None else train.horizon
    grid = np.linspace(0, until, GRID_POINTS)
    alive = estimand is not None and estimand.name == "survival_gained"
    rows = follow_up(train)
    curves = survival_curves(train, test, few, grid)
    out = []
    for nodes, curve in zip((train, test), curves, strict=True):
        held = follow_up(nodes)
        counted = free_at_end(held, curve) if alive else months_free(held, curve)
        out.append(_uncensored(counted, nodes.arm.numpy(), rows, train.arm.numpy()))
    return out[0], out[1]


def check_follow_up(nodes: Nodes, fold: Int[np.ndarray, " patient"], until: float) -> None:
    """Refuse a month at which hardly a patient is followed, of all or of some fold's training set.

    Smaller sets within those may lose everybody earlier; what is known of their censoring then
    counts as no less than 5 % followed.

    Raises:
        CohortError: naming the largest usable month.
    """
    if nodes.outcome == "survival":
        curve, longest = _shortest(nodes, fold)
        check_horizon(curve, until, longest)


def followed_until(nodes: Nodes, fold: Int[np.ndarray, " patient"]) -> float:
    """The last month that `check_follow_up` lets pass."""
    return usable_horizon(*_shortest(nodes, fold))


def _shortest(nodes: Nodes, fold: Int[np.ndarray, " patient"]) -> tuple[CensoringCurve, float]:
    """Censoring and longest time of all or some fold's training set, whichever is lost first."""
    row_fold, rows = fold[nodes.patient_of.numpy()], follow_up(nodes)
    kept = [rows.take(row_fold != k) for k in (-1, *np.unique(fold))]
    curves = [(censoring_curve(some.time, some.ended), float(some.time.max())) for some in kept]
    return min(curves, key=lambda curve: usable_horizon(*curve))


def _uncensored(
    counted: Counted,
    arm: Int[np.ndarray, " row"],
    rows: FollowUp,
    arm_of_rows: Int[np.ndarray, " train_row"],
) -> Float[np.ndarray, " row"]:
    """Censoring-unbiased values with the censoring of each row's own arm, learned on `rows`.

    That of all arms where an arm has hardly a row, or is lost before the horizon.
    """
    value = censoring_unbiased(counted, censoring_curve(rows.time, rows.ended))
    for k in np.unique(arm):
        own = rows.take(arm_of_rows == k)
        if len(own.time) < FEWEST_FOLLOWED:
            continue
        curve = censoring_curve(own.time, own.ended)
        if usable_horizon(curve, float(own.time.max())) >= counted.grid[-1]:
            on = arm == k
            value[on] = censoring_unbiased(counted.take(on), curve)
    return value


def _outcome_model(
    train: Nodes,
    value: Float[np.ndarray, " row"],
    x_train: Float[np.ndarray, "train feature"],
    x_test: Float[np.ndarray, "test feature"],
) -> Float[np.ndarray, "test arm"]:
    """Expected outcome per arm: a ridge or, for a binary outcome, logistic ridge in each arm."""
    predict = logistic_ridge if train.outcome == "binary" else ridge
    mu = np.empty((len(x_test), len(train.arms)))
    arm, patient_of, unit = train.arm.numpy(), train.patient_of.numpy(), independent_units(train)
    for k in range(mu.shape[1]):
        rows = np.flatnonzero(arm == k)
        if len(rows):
            who = patient_of[rows]
            mu[:, k] = predict(x_train[who], value[rows], x_test, unit[who])
        else:
            # An arm that no training patient had says nothing; it does not say 0.
            mu[:, k] = value.mean()
    return np.asarray(mu.clip(value.min(), value.max()))
