"""A small trial and a ridge regression in place of the network, for tests that train often."""

from __future__ import annotations

import numpy as np
import torch

from pathgnn.benefit.scores import aipw
from pathgnn.graph.nodes import Nodes
from pathgnn.train.nuisance import Nuisances


def cheap_trial(n, sd_benefit, rng):
    """Eight genes: four carry prognosis, one the benefit; a third is treated, average effect 1."""
    x = rng.standard_normal((n, 8))
    arm = rng.permutation((np.arange(n) < n / 3).astype(int))
    y = x[:, :4].sum(1) / 2 + arm * (1 + sd_benefit * x[:, 5]) + rng.standard_normal(n)
    zero = torch.zeros(n, dtype=torch.long)
    return Nodes(
        x=torch.from_numpy(x.T[:, :, None]).float(),
        seen=torch.ones(8, n, 1, dtype=torch.bool),
        clinical=torch.zeros(n, 0),
        clinical_seen=torch.zeros(n, 0, dtype=torch.bool),
        group=torch.arange(n),
        site=zero - 1,
        patient_of=torch.arange(n),
        arm=torch.from_numpy(arm),
        value=torch.from_numpy(y).float(),
        event=zero == 0,
        competing=zero == 1,
        propensity=torch.zeros(n, 0),
        stratum=zero,
        genes=tuple("ABCDEFGH"),
        patients=tuple(map(str, range(n))),
        sites=(),
        modalities=("expression",),
        kinds=("expression",),
        covariates=(),
        arms=("control", "drug"),
        outcome="continuous",
        horizon=0.0,
        randomised=True,
        crossover=False,
        has_competing=False,
        unit="",
        report=(),
        found=(),
    )


def cheap_fit(nodes, rng):
    """Benefit and scores out of three folds, by ridge regressions with fixed penalties."""
    x, y = nodes.x[:, :, 0].T.double().numpy(), nodes.value.double().numpy()
    arm = nodes.arm.numpy()
    fold = rng.permutation(np.arange(len(y)) % 3)
    tau, gamma = np.empty((len(y), 1)), np.empty((len(y), 2))
    for k in range(3):
        train, test = fold != k, fold == k
        share = arm[train].mean()
        models = [_ridge(x[train & (arm == a)], y[train & (arm == a)], 20) for a in (0, 1)]

        def scored(on, share=share, models=models):
            mu = np.stack([level + x[on] @ weight for level, weight in models], 1)
            e = np.tile([1 - share, share], (len(mu), 1))
            return aipw(y[on], arm[on], np.arange(len(mu)), e, mu)

        learned = scored(train)
        level, weight = _ridge(x[train], learned[:, 1] - learned[:, 0], 100)
        tau[test, 0], gamma[test] = level + x[test] @ weight, scored(test)
    return tau, scores_of(gamma)


def _ridge(x, y, penalty):
    center = x.mean(0)
    z = x - center
    weight = np.linalg.solve(z.T @ z + penalty * np.eye(z.shape[1]), z.T @ (y - y.mean()))
    return y.mean() - center @ weight, weight


def scores_of(gamma):
    """Scores of patients that all inform every contrast."""
    n, n_contrasts = len(gamma), gamma.shape[1] - 1
    every = np.ones((n, n_contrasts), dtype=bool)
    return Nuisances(
        np.zeros(n), np.zeros_like(gamma), gamma, gamma, every.astype(float), every, np.arange(n)
    )
