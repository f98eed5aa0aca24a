"""Nuisances fitted on some patients and read on others: propensity, outcome models, scores."""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Float, Int
from lifelines import CoxPHFitter
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, RidgeCV

from pathgnn.benefit.scores import (
    aipw,
    censoring_curve,
    censoring_unbiased,
    check_horizon,
    crossover_propensity,
    overlap_weight,
)
from pathgnn.graph.nodes import Nodes
from pathgnn.model.scales import InputScales, Scaling, learned_scales
from pathgnn.train.folds import informs

PLAIN = Scaling()
RIDGE_PENALTIES = np.logspace(0, 5, 11)
N_COMPONENTS = 15
GRID_POINTS = 60
LOWEST_E = 0.02


class Nuisances(NamedTuple):
    """What is known of some patients from models that never saw them.

    `informs` is False where a crossover patient was not observed in both arms of a contrast.
    """

    value: Float[np.ndarray, " row"]
    propensity: Float[np.ndarray, "row arm"]
    mu: Float[np.ndarray, "patient arm"]
    gamma: Float[np.ndarray, "patient arm"]
    weight: Float[np.ndarray, " patient"]
    informs: Bool[np.ndarray, "patient contrast"]

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
        )


def features(nodes: Nodes, scales: InputScales) -> Float[np.ndarray, "patient feature"]:
    """Standardised omics, gene by gene, then the clinical block."""
    z, clinical = scales(nodes)
    flat = z.permute(1, 0, 2).flatten(1).double().numpy()
    return np.concatenate([flat, clinical.double().numpy()], 1)


def fit_nuisances(train: Nodes, test: Nodes, scaling: Scaling = PLAIN) -> Nuisances:
    """Propensity, outcome models and scores of the test patients, from the training patients."""
    x_train, x_test = _design(train, test, scaling)
    low_train, low_test = _few(x_train, x_test, train.clinical.shape[1])
    propensity = _propensity(train, test, low_train, low_test)
    value_train, value_test = _values(train, test, low_train, low_test)
    mu = _outcome_model(train, value_train, x_train, x_test)
    arm, patient_of = test.arm.numpy(), test.patient_of.numpy()
    return Nuisances(
        value=value_test,
        propensity=propensity,
        mu=mu,
        gamma=aipw(value_test, arm, patient_of, propensity, mu),
        weight=overlap_weight(propensity, patient_of, test.n_patients),
        informs=informs(test),
    )


def propensity_of(
    nodes: Nodes, is_train: Bool[np.ndarray, " patient"], is_test: Bool[np.ndarray, " patient"]
) -> Float[np.ndarray, "row arm"]:
    """Propensities of the test patients' rows from the training patients, nothing else fitted."""
    train, test = (nodes.take(torch.from_numpy(np.flatnonzero(m))) for m in (is_train, is_test))
    if nodes.crossover or nodes.randomised:
        nothing = np.empty((0, 0))
        return _propensity(train, test, nothing, nothing)
    return _propensity(train, test, *_few(*_design(train, test, PLAIN), train.clinical.shape[1]))


def _design(
    train: Nodes, test: Nodes, scaling: Scaling
) -> tuple[Float[np.ndarray, "train feature"], Float[np.ndarray, "test feature"]]:
    """Standardised features that vary among the training patients; the clinical block last."""
    scales = learned_scales(train, scaling)
    x_train, x_test = features(train, scales), features(test, scales)
    used = x_train.std(0) > 0
    used[x_train.shape[1] - train.clinical.shape[1] :] = True
    return x_train[:, used], x_test[:, used]


def _few(
    x_train: Float[np.ndarray, "train feature"],
    x_test: Float[np.ndarray, "test feature"],
    n_clinical: int,
) -> tuple[Float[np.ndarray, "train few"], Float[np.ndarray, "test few"]]:
    """Components of the omics and the clinical block, for models that many features would break."""
    cut = x_train.shape[1] - n_clinical
    n = max(1, min(N_COMPONENTS, len(x_train) // 10, cut))
    pca = PCA(n, svd_solver="randomized", random_state=0).fit(x_train[:, :cut])
    spread = np.sqrt(pca.explained_variance_).clip(1e-9)
    return (
        np.concatenate([pca.transform(x_train[:, :cut]) / spread, x_train[:, cut:]], 1),
        np.concatenate([pca.transform(x_test[:, :cut]) / spread, x_test[:, cut:]], 1),
    )


def _propensity(
    train: Nodes,
    test: Nodes,
    x_train: Float[np.ndarray, "train feature"],
    x_test: Float[np.ndarray, "test feature"],
) -> Float[np.ndarray, "row arm"]:
    """Shares per randomisation stratum in a trial, a logistic model otherwise."""
    n_arms = len(train.arms)
    if test.crossover:
        return crossover_propensity(test.arm.numpy(), test.patient_of.numpy(), n_arms)
    if train.randomised or int(train.arm.min()) == int(train.arm.max()):
        return _stratum_shares(train, test, n_arms)
    model = LogisticRegression(C=1.0, max_iter=2000)
    model.fit(x_train[train.patient_of], train.arm.numpy())
    out = np.full((len(test.arm), n_arms), LOWEST_E)
    out[:, model.classes_] = model.predict_proba(x_test[test.patient_of])
    return np.asarray(out.clip(1e-3, 1 - 1e-3))


def _stratum_shares(train: Nodes, test: Nodes, n_arms: int) -> Float[np.ndarray, "row arm"]:
    stratum, arm = train.stratum.numpy(), train.arm.numpy()
    overall = np.bincount(arm, minlength=n_arms) / len(arm)
    shares = np.tile(overall, (int(max(stratum.max(), test.stratum.max())) + 1, 1))
    for s in np.unique(stratum):
        count = np.bincount(arm[stratum == s], minlength=n_arms)
        shares[s] = (count + overall) / (count.sum() + 1)
    return np.asarray(shares[test.stratum.numpy()].clip(LOWEST_E, 1 - LOWEST_E))


def _values(
    train: Nodes,
    test: Nodes,
    x_train: Float[np.ndarray, "train feature"],
    x_test: Float[np.ndarray, "test feature"],
) -> tuple[Float[np.ndarray, " train_row"], Float[np.ndarray, " test_row"]]:
    """Outcomes of the rows; survival becomes censoring-unbiased months up to the horizon."""
    time, event = train.value.double().numpy(), train.event.numpy()
    if train.outcome != "survival":
        return time, test.value.double().numpy()
    curve = censoring_curve(time, event)
    check_horizon(curve, train.horizon, float(time.max()))
    grid = np.linspace(0, train.horizon, GRID_POINTS)
    out = []
    for nodes, survival in zip(
        (train, test), _survival_model(train, test, x_train, x_test, grid), strict=True
    ):
        out.append(
            censoring_unbiased(
                nodes.value.double().numpy(),
                nodes.event.numpy(),
                train.horizon,
                curve,
                survival,
                grid,
            )
        )
    return out[0], out[1]


def _survival_model(
    train: Nodes,
    test: Nodes,
    x_train: Float[np.ndarray, "train feature"],
    x_test: Float[np.ndarray, "test feature"],
    grid: Float[np.ndarray, " grid"],
) -> tuple[Float[np.ndarray, "train_row grid"], Float[np.ndarray, "test_row grid"]]:
    """S(t) of the rows at the grid times from a penalised Cox model, S(0) = 1."""
    frames = [
        pd.DataFrame(
            np.concatenate([x[nodes.patient_of], _indicator(nodes.arm.numpy(), nodes.arms)], 1)
        ).rename(columns=str)
        for nodes, x in ((train, x_train), (test, x_test))
    ]
    spread = frames[0].std()
    frames = [f.loc[:, spread > 1e-8] / spread[spread > 1e-8] for f in frames]
    table = frames[0].assign(time=train.value.numpy().clip(1e-3), event=train.event.numpy())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = CoxPHFitter(penalizer=0.1).fit(table.astype(float), "time", "event")
        curves = [model.predict_survival_function(f, times=grid).to_numpy().T for f in frames]
    for curve in curves:
        curve[:, 0] = 1.0
    return curves[0], curves[1]


def _indicator(
    arm: Int[np.ndarray, " row"], arms: tuple[str, ...]
) -> Float[np.ndarray, "row contrast"]:
    return np.asarray(np.eye(len(arms))[arm][:, 1:])


def _outcome_model(
    train: Nodes,
    value: Float[np.ndarray, " row"],
    x_train: Float[np.ndarray, "train feature"],
    x_test: Float[np.ndarray, "test feature"],
) -> Float[np.ndarray, "test arm"]:
    """Expected outcome per arm: a ridge regression in each arm, penalty by leave-one-out."""
    mu = np.empty((len(x_test), len(train.arms)))
    arm, patient_of = train.arm.numpy(), train.patient_of.numpy()
    for k in range(mu.shape[1]):
        rows = np.flatnonzero(arm == k)
        if len(rows) < 3:
            mu[:, k] = value[rows].mean() if len(rows) else value.mean()
            continue
        model = RidgeCV(RIDGE_PENALTIES * max(1.0, x_train.shape[1] / 1000))
        mu[:, k] = model.fit(x_train[patient_of[rows]], value[rows]).predict(x_test)
    low, high = value.min(), value.max()
    return np.asarray(mu.clip(low, high))
