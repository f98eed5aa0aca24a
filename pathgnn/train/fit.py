"""Train one network: first on the observed outcomes, then on the benefit scores."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.parameter import Parameter

from pathgnn.benefit.estimand import Estimand
from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.project import Nodes
from pathgnn.model.config import FitConfig, NetConfig
from pathgnn.model.network import PathwayNet, Scores
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
    """Loss per round of the two stages."""

    outcome: tuple[float, ...]
    benefit: tuple[float, ...]


def fit_network(
    train: Nodes, scores: Nuisances, recipe: Recipe, seed: int
) -> tuple[PathwayNet, History]:
    """A trained network; the same seed gives the same network on the same machine.

    Args:
        train: Training patients.
        scores: Their benefit scores, from nuisances fitted on other patients.
        recipe: Graph, estimand and settings.
        seed: Decides the first weights and what is dropped out.
    """
    with torch_seed(seed):
        net = PathwayNet(recipe.graph, train, recipe.net)
        net.scales.learn(train)
        net.head.prepare(train.value, train.event, train.horizon)
        inputs = net.scales(train)
        first = _learn_outcome(net, train, inputs, recipe)
        second = _learn_benefit(net, train, inputs, scores, recipe)
    net.learn_activity_scales(net.raw_activity(inputs.z).detach())
    for parameter in net.parameters():
        parameter.requires_grad_(False)
    return net.eval(), History(tuple(first), tuple(second))


def _learn_outcome(
    net: PathwayNet, train: Nodes, inputs: Standardised, recipe: Recipe
) -> list[float]:
    """Negative log-likelihood of the observed outcomes, with group lasso and smoothness."""
    fit = recipe.fit
    optimiser = torch.optim.AdamW(_groups(net, fit, fit.lr), lr=fit.lr)
    edges = torch.as_tensor(recipe.graph.edges)
    losses = []
    for _ in range(fit.epochs):
        optimiser.zero_grad()
        scores = _scores(net, inputs, fit.modality_dropout)
        m, delta = scores.m[train.patient_of], scores.delta[train.patient_of, train.arm]
        loss = net.head.loss(m, delta, train.value, train.event)
        (loss + fit.smoothness * _roughness(net, edges)).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        net.effect.shrink(fit.lr * fit.group_lasso)
        losses.append(float(loss.detach()))
    return losses


def _learn_benefit(
    net: PathwayNet, train: Nodes, inputs: Standardised, targets: Nuisances, recipe: Recipe
) -> list[float]:
    """Orthogonal stage: weighted squares in a trial, residual-on-residual otherwise.

    Source: Kennedy, arXiv 2004.14497 (DR); Nie & Wager, Biometrika 2021, 108:299 (R).
    """
    fit = recipe.fit
    if fit.refine_epochs == 0:
        return []
    unit = max(float(targets.value.std()), 1e-6)
    frozen = [*net.trunk.parameters(), *net.trunk_linear.parameters(), *net.head.parameters()]
    for parameter in frozen:
        parameter.requires_grad_(False)
    optimiser = torch.optim.AdamW(_groups(net, fit, fit.lr * fit.encoder_lr), lr=fit.lr)
    losses = []
    for _ in range(fit.refine_epochs):
        optimiser.zero_grad()
        scores = _scores(net, inputs, fit.modality_dropout)
        tau = recipe.estimand(net.head.predict(scores.m.detach(), scores.delta))
        loss = (_dr_loss if train.randomised else _r_loss)(tau, train, targets) / unit**2
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        net.effect.shrink(fit.lr * fit.group_lasso)
        losses.append(float(loss.detach()))
    return losses


def _scores(net: PathwayNet, inputs: Standardised, dropout: float) -> Scores:
    kept = torch.rand(1, inputs.z.shape[1], inputs.z.shape[2]) >= dropout
    raw = net.raw_activity(inputs.z * kept)
    net.learn_activity_scales(raw.detach())
    return net.scores(raw, inputs.clinical)


def _dr_loss(
    tau: Float[Tensor, "patient contrast"], train: Nodes, targets: Nuisances
) -> Float[Tensor, ""]:
    gain = _tensor(targets.gain)
    weight = _tensor(targets.weight)[:, None] * torch.from_numpy(targets.informs)
    return (weight * (gain - tau).square()).sum() / weight.sum()


def _r_loss(
    tau: Float[Tensor, "patient contrast"], train: Nodes, targets: Nuisances
) -> Float[Tensor, ""]:
    e, mu = _tensor(targets.propensity), _tensor(targets.mu)[train.patient_of]
    expected = (e * mu).sum(1)
    treated = torch.nn.functional.one_hot(train.arm, len(train.arms)).float()
    moved = ((treated - e)[:, 1:] * tau[train.patient_of]).sum(1)
    return (_tensor(targets.value) - expected - moved).square().mean()


def _groups(net: PathwayNet, fit: FitConfig, encoder_lr: float) -> list[dict[str, object]]:
    """Parameter groups: gene-specific and arm-specific weights are pulled to 0 the hardest."""
    own = [net.embed.own]
    pulled = [net.effect.by_arm, net.effect.bend, *net.trunk[0].parameters()]
    encoder = [net.embed.shared, net.read, net.pool.logit, *net.convs.parameters()]
    rest: list[Parameter] = [
        net.effect.pooled,
        net.effect.mean,
        net.effect.clinical,
        *net.trunk_linear.parameters(),
        *net.trunk[2].parameters(),
        *net.head.parameters(),
    ]
    return [
        {"params": own, "lr": encoder_lr, "weight_decay": fit.gene_decay},
        {"params": encoder, "lr": encoder_lr, "weight_decay": 0.0},
        {"params": pulled, "weight_decay": 10 * fit.decay},
        {"params": rest, "weight_decay": fit.decay},
    ]


def _roughness(net: PathwayNet, edges: Tensor) -> Float[Tensor, ""]:
    """Mean squared difference of the gene-specific weights at the two ends of an edge."""
    if edges.shape[1] == 0:
        return net.embed.own.new_zeros(())
    return (net.embed.own[edges[0]] - net.embed.own[edges[1]]).square().sum((1, 2)).mean()


def _tensor(values: Float[np.ndarray, "..."]) -> Float[Tensor, "..."]:
    return torch.from_numpy(np.asarray(values, dtype=np.float32))

