"""Train one network: first on the observed outcomes, then on the benefit scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.parameter import Parameter

from pathgnn.benefit.estimand import Estimand
from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.project import Nodes
from pathgnn.model.config import FitConfig, NetConfig
from pathgnn.model.network import PathwayNet, Scores, layout_of
from pathgnn.model.scales import Standardised
from pathgnn.seeds import torch_seed
from pathgnn.train.nuisance import Nuisances


class Recipe(NamedTuple):
    """Everything but data and seed that decides how a network is trained."""

    graph: PathwayGraph
    estimand: Estimand
    net: NetConfig
    fit: FitConfig


class History(NamedTuple):
    """Penalised loss at the end of each round of the two stages."""

    outcome: tuple[float, ...]
    benefit: tuple[float, ...]


def fit_network(
    train: Nodes, scores: Nuisances, recipe: Recipe, seed: int
) -> tuple[PathwayNet, History]:
    """A trained network; the same seed gives the same network on the same machine.

    Full-batch L-BFGS on a penalised likelihood. Adam moves every weight equally fast, informative
    or not, and overfitted cohorts of this size.

    Args:
        train: Training patients.
        scores: Their benefit scores, from nuisances fitted on other patients.
        recipe: Graph, estimand and settings.
        seed: Decides the first weights and which omics are hidden in which round.
    """
    with torch_seed(seed):
        net = PathwayNet(recipe.graph, layout_of(train, recipe.fit.center_sites), recipe.net)
        net.scales.learn(train, recipe.fit.variance_filter)
        net.head.prepare(train.value, train.event, train.horizon)
        stage = _Stage(net, train, net.scales(train), recipe)
        outcome = _rounds(stage, list(net.parameters()), _outcome_loss, recipe.fit.outcome_rounds)
        held = {
            id(p) for part in (net.trunk, net.trunk_linear, net.head) for p in part.parameters()
        }
        free = [p for p in net.parameters() if id(p) not in held]
        loss = _benefit_loss(scores)
        benefit = _rounds(stage, free, loss, recipe.fit.benefit_rounds)
    net.learn_activity_scales(net.raw_activity(stage.inputs.z).detach())
    for parameter in net.parameters():
        parameter.requires_grad_(False)
    return net.eval(), History(outcome, benefit)


class _Stage(NamedTuple):
    net: PathwayNet
    train: Nodes
    inputs: Standardised
    recipe: Recipe


_Loss = Callable[[_Stage, Scores], Tensor]


def _rounds(
    stage: _Stage, free: Sequence[Parameter], loss_of: _Loss, n_rounds: int
) -> tuple[float, ...]:
    """Rounds of L-BFGS, each with other omics hidden; the loss at the end of each."""
    fit, z = stage.recipe.fit, stage.inputs.z
    losses = []
    for _ in range(n_rounds):
        kept = torch.rand(1, *z.shape[1:]) >= fit.modality_dropout
        optimiser = torch.optim.LBFGS(
            free, max_iter=fit.steps, history_size=10, line_search_fn="strong_wolfe"
        )

        def closure(
            kept: Bool[Tensor, "1 patient modality"] = kept,
            optimiser: torch.optim.LBFGS = optimiser,
        ) -> Tensor:
            optimiser.zero_grad()
            loss = loss_of(stage, _scores(stage, kept)) + _penalty(stage)
            loss.backward()  # type: ignore[no-untyped-call]
            return loss

        optimiser.step(closure)  # type: ignore[no-untyped-call]
        with torch.no_grad():
            losses.append(float(loss_of(stage, _scores(stage, kept))))
    return tuple(losses)


def _scores(stage: _Stage, kept: Bool[Tensor, "1 patient modality"]) -> Scores:
    raw = stage.net.raw_activity(stage.inputs.z * kept)
    stage.net.learn_activity_scales(raw.detach())
    return stage.net.scores(raw, stage.inputs.clinical)


def _outcome_loss(stage: _Stage, scores: Scores) -> Tensor:
    """Mean negative log-likelihood of the observed outcomes."""
    train = stage.train
    m, delta = scores.m[train.patient_of], scores.delta[train.patient_of, train.arm]
    loss: Tensor = stage.net.head.loss(m, delta, train.value, train.event)
    return loss


def _benefit_loss(targets: Nuisances) -> _Loss:
    """Orthogonal loss: squares of DR scores in a trial, residual on residual otherwise.

    The prognosis is held, so that only the effect head and what it reads can move.

    Source: Kennedy, arXiv 2004.14497 (DR); Nie & Wager, Biometrika 2021, 108:299 (R).
    """
    unit = max(float(targets.value.std()), 1e-6)

    def loss_of(stage: _Stage, scores: Scores) -> Tensor:
        prediction = stage.net.head.predict(scores.m.detach(), scores.delta)
        tau = stage.recipe.estimand(prediction)
        loss = (_dr_loss if stage.train.randomised else _r_loss)(tau, stage.train, targets)
        return stage.recipe.fit.score_weight * loss / unit**2

    return loss_of


def _dr_loss(
    tau: Float[Tensor, "patient contrast"], train: Nodes, targets: Nuisances
) -> Float[Tensor, ""]:
    weight = _tensor(targets.weight)[:, None] * torch.from_numpy(targets.informs)
    return (weight * (_tensor(targets.gain) - tau).square()).sum() / weight.sum()


def _r_loss(
    tau: Float[Tensor, "patient contrast"], train: Nodes, targets: Nuisances
) -> Float[Tensor, ""]:
    e, mu = _tensor(targets.propensity), _tensor(targets.mu)[train.patient_of]
    expected = (e * mu).sum(1)
    treated = torch.nn.functional.one_hot(train.arm, len(train.arms)).float()
    moved = ((treated - e)[:, 1:] * tau[train.patient_of]).sum(1)
    # Residual on residual has var(W) = e(1 - e) of the curvature of the DR loss.
    overlap = (e[:, 1:] * (1 - e[:, 1:])).mean()
    return (_tensor(targets.value) - expected - moved).square().mean() / overlap


def _penalty(stage: _Stage) -> Float[Tensor, ""]:
    """Sum of the penalties over the number of training patients."""
    net, fit = stage.net, stage.recipe.fit
    effect = net.effect
    slopes = [effect.pooled, effect.clinical, net.trunk_linear.weight, *net.trunk.parameters()]
    # The square root is smoothed near 0, or L-BFGS would stall at its kink.
    lasso = (effect.slopes().square().sum(1) + 1e-3).sqrt().sum()
    total = (
        fit.group_lasso * lasso
        + fit.ridge * _squares(slopes)
        + 10 * fit.ridge * _squares([effect.bend, effect.by_arm])
        + fit.gene_ridge * _squares([net.embed.own])
        + fit.attention_ridge * _squares([net.pool.logit])
        + fit.message_ridge * _squares(list(net.convs.parameters()))
        + fit.smoothness * _roughness(stage)
        + _squares([net.read - 1 / net.read.shape[2]]) * net.read.shape[2]
    )
    return total / stage.train.n_patients


def _roughness(stage: _Stage) -> Float[Tensor, ""]:
    """Squared differences of the gene-specific weights at the two ends of the edges."""
    source, target = torch.as_tensor(stage.recipe.graph.edges)
    own = stage.net.embed.own
    return (own[source] - own[target]).square().sum()


def _squares(weights: Sequence[Tensor]) -> Float[Tensor, ""]:
    return torch.stack([w.square().sum() for w in weights]).sum() if weights else torch.zeros(())


def _tensor(values: Float[np.ndarray, "..."]) -> Float[Tensor, "..."]:
    return torch.from_numpy(np.asarray(values, dtype=np.float32))
