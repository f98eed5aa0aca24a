"""Train one network: first on the observed outcomes, then on the benefit scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.parameter import Parameter

from pathgnn.benefit.estimand import Estimand
from pathgnn.errors import ConfigError
from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.nodes import Nodes
from pathgnn.model.compute import Computer, computer_of
from pathgnn.model.config import FitConfig, NetConfig
from pathgnn.model.encoder import Encoder
from pathgnn.model.head import observed
from pathgnn.model.memory import plan, sizes_of
from pathgnn.model.network import PathwayNet, Scores, layout_of
from pathgnn.model.scales import Standardised
from pathgnn.seeds import torch_seed
from pathgnn.train.losses import Penalty, benefit_loss, outcome_loss, targets_of
from pathgnn.train.nuisance import Nuisances
from pathgnn.train.rounds import Batch, Stage, in_batches, rounds


class Recipe(NamedTuple):
    """Everything but data and seed that decides how a network is trained.

    `start` is a pretrained encoder; the network starts there and is drawn there by its penalties.
    """

    graph: PathwayGraph
    estimand: Estimand
    net: NetConfig
    fit: FitConfig
    start: Encoder | None = None


class History(NamedTuple):
    """Loss at the end of each round of the two stages."""

    outcome: tuple[float, ...]
    benefit: tuple[float, ...]


class Trained(NamedTuple):
    """A network, its history, and what it said of the watched patients after each round.

    `watched` is their benefit; the first entry is that of the outcome stage alone.
    """

    net: PathwayNet
    history: History
    watched: Float[np.ndarray, "round patient contrast"]


def fit_network(
    train: Nodes,
    scores: Nuisances,
    recipe: Recipe,
    seed: int,
    watch: Nodes | None = None,
) -> Trained:
    """A trained network; the same seed gives the same network on the same machine.

    Full-batch L-BFGS on a penalised likelihood, unless the settings ask for mini-batches. Adam
    moves every weight equally fast, informative or not, and overfitted cohorts of some hundreds.

    Args:
        train: Training patients.
        scores: Their benefit scores, from nuisances fitted on other patients.
        recipe: Graph, estimand and settings.
        seed: Decides the first weights and which omics are hidden in which round.
        watch: Patients that are predicted after every round of the benefit stage.
    """
    watched: list[Float[np.ndarray, "patient contrast"]] = []
    with torch_seed(seed):
        net, stage = begin(train, recipe)
        outcome = tuple(rounds(stage, free_weights(net), recipe.fit.outcome_rounds))
        held = [*net.prognostic_weights(), *net.head.parameters()]
        stage = stage._replace(
            batch=stage.batch._replace(targets=targets_of(scores).to(_device_of(stage))),
            loss=lambda b, s: recipe.fit.score_weight * _benefit_loss(net, b, s, recipe.estimand),
        )
        losses = rounds(stage, free_weights(net, held), recipe.fit.benefit_rounds)
        _watch(net, watch, recipe.estimand, watched)
        benefit = []
        for loss in losses:
            benefit.append(loss)
            _watch(net, watch, recipe.estimand, watched)
    finish(stage)
    none = np.zeros((recipe.fit.benefit_rounds + 1, 0, len(train.arms) - 1))
    history = History(outcome, tuple(benefit))
    return Trained(net, history, np.stack(watched) if watched else none)


def begin(train: Nodes, recipe: Recipe) -> tuple[PathwayNet, Stage]:
    """A new network and its first stage: the observed outcomes."""
    net = PathwayNet(recipe.graph, layout_of(train, recipe.fit.center_sites), recipe.net)
    net.scales.learn(train, recipe.fit.variance_filter)
    net.head.prepare(observed(train), train.horizon)
    if net.head.needs_everyone and in_batches(recipe.fit, train.n_patients):
        raise ConfigError(
            "a Cox likelihood of a mini-batch is not the cohort's: set `fit.batch = 0`, or leave "
            '`net.hazards` at "discrete"'
        )
    known = {} if recipe.start is None else recipe.start.put_into(net, train.genes)
    batch = Batch(train, net.scales(train))
    sizes = sizes_of(recipe.graph, len(train.kinds), train.n_patients, recipe.net, recipe.fit.batch)
    computer = computer_of(recipe.fit, sizes)
    net.compute_on(computer)
    if not in_batches(recipe.fit, train.n_patients):
        batch = batch.to(computer.device)
    edges = torch.as_tensor(recipe.graph.edges).to(computer.device)
    known = {name: value.to(computer.device) for name, value in known.items()}
    penalty = Penalty(net, recipe.fit, edges, known, int(train.seen.any(1).sum()))

    def loss(b: Batch, scores: Scores) -> Tensor:
        return outcome_loss(net, b.train, scores)

    return net, Stage(net, batch, penalty, recipe.fit, loss, sizes)


def finish(stage: Stage) -> None:
    """Back to the CPU, scales of the activities learned on all training patients, frozen."""
    net = stage.net
    net.compute_on(Computer(torch.device("cpu"), plan=plan(stage.sizes, stage.fit.memory_gb)))
    with torch.no_grad():
        inputs = Standardised(*(part.cpu() for part in stage.batch.inputs))
        net.learn_activity_scales(net.raw_activity(inputs.z))
        # The baseline of a Cox model is that of the last scores its loss has seen.
        if net.head.needs_everyone:
            outcome_loss(net, stage.batch.train.to(torch.device("cpu")), net(inputs))
    for parameter in net.parameters():
        parameter.requires_grad_(False)
    net.eval()


def free_weights(net: PathwayNet, held: Sequence[Parameter] = ()) -> list[Parameter]:
    """The weights that may move: all but the held ones and those switched off."""
    fixed = {id(p) for p in held}
    return [p for p in net.parameters() if p.requires_grad and id(p) not in fixed]


def _benefit_loss(net: PathwayNet, batch: Batch, scores: Scores, estimand: Estimand) -> Tensor:
    if batch.targets is None:
        raise RuntimeError("the benefit stage has no scores to learn from")
    return benefit_loss(net, batch.train, scores, batch.targets, estimand)


def _watch(
    net: PathwayNet,
    patients: Nodes | None,
    estimand: Estimand,
    seen: list[Float[np.ndarray, "patient contrast"]],
) -> None:
    if patients is not None:
        device = next(net.parameters()).device
        seen.append(estimand(net.predict(patients.to(device))).double().cpu().numpy())


def _device_of(stage: Stage) -> torch.device:
    return stage.batch.inputs.z.device
