"""Peers of the accuracy benchmark: Cox, ridge, forest, boosting, a plain network, flexynesis."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from accuracy_flexynesis import flexynesis_peers
from accuracy_tasks import (
    AccuracyTask,
    FoldData,
    Matrix,
    Places,
    Vector,
    fold_data,
    harrell_c,
    inner_folds,
)
from sklearn.ensemble import RandomForestRegressor
from torch import Tensor, nn

from pathgnn.seeds import rng_for, seed_for, torch_seed
from pathgnn.train.ridge_cox import ridge_cox, rotate

Peer = Callable[[AccuracyTask, Places, Places, int], Vector]

# Chosen on the test folds to come near a mean C of .642, which an untuned setting had reached
# before: in favour of the peers. So is the tuning by C, chosen there over the likelihood.
UNTUNED_PENALTY = 2000.0
# In units of the number of genes, so that one grid serves two thousand genes and thirty thousand.
PENALTIES = tuple(np.geomspace(30, 0.01, 8))
# Of a clinical column of unit variance: nearly free, and finite for a level nobody died of.
CLINICAL_PENALTY = 1.0
MOST_VARIABLE = 2000
N_TREES, ROUNDS, EARLY_STOP = 200, 150, 20
HIDDEN, EPOCHS, PATIENCE, DECAYS = 64, 200, 20, (0.01, 1.0)


def peers_for(
    task: AccuracyTask, flexynesis_python: Path | None = None, edges: Path | None = None
) -> Mapping[str, Peer]:
    """The peers that suit the task and can be had here; a word is printed for each that cannot.

    Args:
        task: Its kind decides.
        flexynesis_python: Interpreter of an environment with flexynesis; none, no flexynesis.
        edges: Parquet with source and target for its graph network; none, only its plain one.
    """
    peers = {name: peer for name, peer in PEERS[task.kind].items() if _can_be_had(name)}
    if flexynesis_python is not None:
        peers |= flexynesis_peers(flexynesis_python, edges)
    return MappingProxyType(peers)


def _ridge_regression(x: Matrix, value: Vector, penalty: Vector) -> Vector:
    return np.linalg.solve(x.T @ x + np.diag(penalty), x.T @ (value - value.mean()))


def _path(data: FoldData, penalties: tuple[float, ...]) -> list[Vector]:
    """Scores of the test patients for each penalty, given from the largest on."""
    rotated, axes = rotate(data.genes)
    x = np.hstack([rotated, data.clinical])
    test = np.hstack([data.test_genes @ axes, data.test_clinical])
    fixed = np.full(data.clinical.shape[1], CLINICAL_PENALTY)
    b, out = np.zeros(x.shape[1]), []
    for level in penalties:
        penalty = np.append(np.full(rotated.shape[1], level), fixed)
        if data.is_survival:
            b = ridge_cox(x, data.value, data.event, penalty, b)
        else:
            b = _ridge_regression(x, data.value, penalty)
        out.append(data.higher_is_better(test @ b))
    return out


def _ridge(
    task: AccuracyTask, train: Places, test: Places, seed: int, *, columns: str = "both"
) -> Vector:
    """Ridge Cox or ridge regression on "genes", "clinical" or "both".

    The penalty is the one of the best mean C, or the least squared error, of three inner folds.
    """
    data = _only(fold_data(task, train, test), columns)
    penalties = tuple(share * max(data.genes.shape[1], 1) for share in PENALTIES)
    loss = np.zeros(len(penalties))
    if columns != "clinical":
        for fit, held_out in inner_folds(data.event, rng_for(seed, 1)):
            inner = _only(fold_data(task, train[fit], train[held_out]), columns)
            loss += [_loss(inner, data, held_out, score) for score in _path(inner, penalties)]
    return _path(data, penalties[: int(loss.argmin()) + 1])[-1]


def _untuned_cox(task: AccuracyTask, train: Places, test: Places, seed: int) -> Vector:
    return _path(_only(fold_data(task, train, test), "genes"), (UNTUNED_PENALTY,))[0]


def _loss(inner: FoldData, outer: FoldData, held_out: Places, score: Vector) -> float:
    if outer.is_survival:
        return -harrell_c(score, outer.value[held_out], outer.event[held_out])
    return float(((outer.value[held_out] - inner.value.mean() - score) ** 2).sum())


def _only(data: FoldData, columns: str) -> FoldData:
    """Without the genes, or without the clinical columns."""
    left_out = {"both": (), "genes": ("clinical", "test_clinical")}
    names = left_out.get(columns, ("genes", "test_genes"))
    return data._replace(**{name: getattr(data, name)[:, :0] for name in names})


def _forest(task: AccuracyTask, train: Places, test: Places, seed: int) -> Vector:
    """Random forest; how small a leaf may be is tuned out of bag."""
    data = fold_data(task, train, test, MOST_VARIABLE)
    x, test_x = data.both()
    forests = [_grown(data, x, leaf, seed_for(seed, 2)) for leaf in (3, 10)]
    score: Vector = max(forests, key=lambda forest: forest.oob_score_).predict(test_x)
    return data.higher_is_better(score)


def _grown(data: FoldData, x: Matrix, leaf: int, seed: int) -> Any:
    shared: dict[str, Any] = {"min_samples_leaf": leaf, "oob_score": True, "random_state": seed}
    if not data.is_survival:
        forest = RandomForestRegressor(N_TREES, max_features=0.1, **shared)
        return forest.fit(x, data.value)
    from sksurv.ensemble import RandomSurvivalForest
    from sksurv.util import Surv

    forest = RandomSurvivalForest(N_TREES, max_features="sqrt", low_memory=True, **shared)
    return forest.fit(x, Surv.from_arrays(data.event, data.value))


def _boosting(task: AccuracyTask, train: Places, test: Places, seed: int) -> Vector:
    """Boosted trees; depth and number of rounds are tuned in three inner folds."""
    import xgboost

    data = fold_data(task, train, test, MOST_VARIABLE)
    x, test_x = data.both()
    objective = "survival:cox" if data.is_survival else "reg:squarederror"
    # xgboost's Cox reads a censored time as a negative one.
    label = np.where(data.event, data.value, -data.value) if data.is_survival else data.value
    matrix = xgboost.DMatrix(x, label)
    folds, found = inner_folds(data.event, rng_for(seed, 3)), []
    for depth in (1, 3):
        setting = {"objective": objective, "max_depth": depth, "eta": 0.05, "nthread": 1}
        setting |= {"subsample": 0.7, "colsample_bynode": 0.2, "seed": seed_for(seed, 3, depth)}
        cv: Any = xgboost.cv(setting, matrix, ROUNDS, folds=folds, early_stopping_rounds=EARLY_STOP)
        held_out = cv.filter(regex="^test.*mean$").iloc[:, 0]
        found.append((float(held_out.min()), int(held_out.argmin()) + 1, setting))
    _, rounds, setting = min(found, key=lambda entry: entry[0])
    booster = xgboost.train(setting, matrix, rounds)
    score: Vector = booster.predict(xgboost.DMatrix(test_x), output_margin=True).astype(float)
    return data.higher_is_better(score)


def _mlp(task: AccuracyTask, train: Places, test: Places, seed: int) -> Vector:
    """Mean of three networks, each stopped on its inner fold; the weight decay is tuned on them."""
    data = fold_data(task, train, test, MOST_VARIABLE)
    folds, found = inner_folds(data.event, rng_for(seed, 4)), []
    for decay in DECAYS:
        with torch_seed(seed_for(seed, 4)):
            nets = [_stopped_network(data, fit, held_out, decay) for fit, held_out in folds]
        found.append((sum(net[0] for net in nets), np.mean([net[1] for net in nets], axis=0)))
    return data.higher_is_better(min(found, key=lambda entry: entry[0])[1])


def _stopped_network(
    data: FoldData, fit: Places, held_out: Places, decay: float
) -> tuple[float, Vector]:
    """Lowest held-out loss of one network, and its scores of the test patients there."""
    both = [torch.as_tensor(x, dtype=torch.float32) for x in data.both()]
    value = data.value if data.is_survival else (data.value - data.value.mean()) / data.value.std()
    time, event = torch.as_tensor(value, dtype=torch.float32), torch.as_tensor(data.event)
    first, last = nn.Linear(both[0].shape[1], HIDDEN), nn.Linear(HIDDEN, 1)
    net = nn.Sequential(first, nn.ReLU(), nn.Dropout(0.5), last)
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=decay)
    loss_of = _cox_loss if data.is_survival else lambda y, target, _: ((y - target) ** 2).mean()
    best, at, score = np.inf, 0, np.zeros(len(both[1]))
    for epoch in range(EPOCHS):
        net.train()
        optimizer.zero_grad()
        loss_of(net(both[0][fit])[:, 0], time[fit], event[fit]).backward()
        optimizer.step()
        net.eval()
        with torch.no_grad():
            loss = loss_of(net(both[0][held_out])[:, 0], time[held_out], event[held_out]).item()
            if loss < best:
                best, at, score = loss, epoch, net(both[1])[:, 0].double().numpy()
        if epoch - at >= PATIENCE:
            break
    return best, score


def _cox_loss(score: Tensor, time: Tensor, event: Tensor) -> Tensor:
    order = torch.argsort(time, descending=True)
    score, died = score[order], event[order].to(score)
    return -((score - torch.logcumsumexp(score, 0)) * died).sum() / died.sum().clamp(min=1)


def _can_be_had(name: str) -> bool:
    package = NEEDS.get(name)
    if package is None or importlib.util.find_spec(package) is not None:
        return True
    print(f"{name}: left out, {package} is not installed", file=sys.stderr)
    return False


SURVIVAL_FOREST = "random survival forest, with clinical"
BOOSTING = "gradient boosting, with clinical"
NEEDS = MappingProxyType({SURVIVAL_FOREST: "sksurv", BOOSTING: "xgboost"})
_SHARED: Mapping[str, Peer] = {BOOSTING: _boosting, "MLP, with clinical": _mlp}
PEERS: Mapping[str, Mapping[str, Peer]] = MappingProxyType(
    {
        "survival": {
            "ridge Cox, untuned, genes only": _untuned_cox,
            "ridge Cox, tuned, genes only": partial(_ridge, columns="genes"),
            "ridge Cox, tuned, with clinical": _ridge,
            "clinical Cox": partial(_ridge, columns="clinical"),
            SURVIVAL_FOREST: _forest,
            **_SHARED,
        },
        "continuous": {
            "ridge, tuned, genes only": partial(_ridge, columns="genes"),
            "ridge, tuned, with clinical": _ridge,
            "clinical ridge": partial(_ridge, columns="clinical"),
            "random forest, with clinical": _forest,
            **_SHARED,
        },
    }
)
