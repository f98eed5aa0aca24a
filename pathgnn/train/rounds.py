"""Rounds of training: L-BFGS on all patients, or Adam on mini-batches of a large cohort."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.parameter import Parameter

from pathgnn.graph.nodes import Nodes
from pathgnn.model.config import FitConfig
from pathgnn.model.memory import Sizes
from pathgnn.model.network import PathwayNet, Scores
from pathgnn.model.scales import Standardised
from pathgnn.train import together
from pathgnn.train.losses import Penalty, Targets


class Batch(NamedTuple):
    """Training patients in training units, with their benefit scores where these are learned."""

    train: Nodes
    inputs: Standardised
    targets: Targets | None = None

    def take(self, at: Int[Tensor, " chosen"]) -> Batch:
        """Some of the patients, with their rows."""
        train = self.train.take(at)
        inputs = Standardised(self.inputs.z[:, at], self.inputs.clinical[at])
        if self.targets is None:
            return Batch(train, inputs)
        rows = torch.isin(self.train.patient_of, at).nonzero()[:, 0]
        return Batch(train, inputs, self.targets.take(at, rows))

    def to(self, device: torch.device) -> Batch:
        """The same on another device."""
        inputs = Standardised(*(part.to(device) for part in self.inputs))
        targets = None if self.targets is None else self.targets.to(device)
        return Batch(self.train.to(device), inputs, targets)


Loss = Callable[[Batch, Scores], Tensor]


class Stage(NamedTuple):
    """One network, the patients it learns from, and what it is to make small."""

    net: PathwayNet
    batch: Batch
    penalty: Penalty
    fit: FitConfig
    loss: Loss
    sizes: Sizes

    @property
    def n_patients(self) -> int:
        """How many patients there are to learn from."""
        return self.batch.train.n_patients


def in_batches(fit: FitConfig, n_patients: int) -> bool:
    """Is a training set of this size trained on in mini-batches?"""
    return 0 < fit.batch < n_patients


def rounds(stage: Stage, free: list[Parameter], n_rounds: int) -> Iterator[float]:
    """Train round by round, each with other omics hidden; the loss at the end of each."""
    if in_batches(stage.fit, stage.n_patients):
        yield from _on_mini_batches(stage, free, n_rounds)
        return
    for _ in range(n_rounds):
        kept = _kept(stage.batch, stage.fit.modality_dropout)
        optimiser = torch.optim.LBFGS(
            free, max_iter=stage.fit.steps, history_size=10, line_search_fn="strong_wolfe"
        )

        def closure(
            kept: Bool[Tensor, "1 patient modality"] | None = kept,
            optimiser: torch.optim.LBFGS = optimiser,
        ) -> Tensor:
            optimiser.zero_grad()
            loss = stage.loss(stage.batch, _scores(stage, kept)) + stage.penalty(stage.n_patients)
            loss.backward()  # type: ignore[no-untyped-call]
            return _together(stage, free, loss)

        optimiser.step(closure)  # type: ignore[no-untyped-call]
        with torch.no_grad():
            yield float(stage.loss(stage.batch, _scores(stage, kept)))


def _on_mini_batches(stage: Stage, free: list[Parameter], n_rounds: int) -> Iterator[float]:
    """Adam; a round is `steps` passes over the patients, scales of activities learned before it."""
    net, fit = stage.net, stage.fit
    device = next(net.parameters()).device
    optimiser = torch.optim.Adam(free, lr=fit.learning_rate)
    for _ in range(n_rounds):
        total = 0.0
        for _ in range(fit.steps):
            _learn_activity_scales(stage, device)
            total = 0.0
            for at in _batches(stage.n_patients, fit.batch):
                part = stage.batch.take(at.sort().values).to(device)
                raw = _raw(stage, part.inputs.z, _kept(part, fit.modality_dropout))
                loss = stage.loss(part, net.scores(raw, part.inputs.clinical))
                optimiser.zero_grad()
                (loss + stage.penalty(stage.n_patients)).backward()  # type: ignore[no-untyped-call]
                _together(stage, free, loss)
                optimiser.step()
                total += float(loss.detach()) * len(at) / stage.n_patients
        _learn_activity_scales(stage, device)
        yield total


def _batches(n: int, size: int) -> list[Int[Tensor, " chosen"]]:
    """All patients in random order, in about equal parts of at most `size`."""
    return list(torch.tensor_split(torch.randperm(n), -(-n // size)))


def _learn_activity_scales(stage: Stage, device: torch.device) -> None:
    with torch.no_grad():
        parts = [
            _raw(stage, z.to(device))
            for z in torch.split(stage.batch.inputs.z, stage.fit.batch, dim=1)
        ]
        stage.net.learn_activity_scales(torch.cat(parts, 1))


def _kept(batch: Batch, share: float) -> Bool[Tensor, "1 patient modality"] | None:
    """Which omics of which patient stay, drawn on the CPU so that devices agree."""
    z = batch.inputs.z
    return (torch.rand(1, *z.shape[1:]) >= share).to(z.device) if share > 0 else None


def _scores(stage: Stage, kept: Bool[Tensor, "1 patient modality"] | None) -> Scores:
    inputs: Standardised = stage.batch.inputs
    return stage.net.training_scores(_raw(stage, inputs.z, kept), inputs.clinical)


def _raw(
    stage: Stage,
    z: Float[Tensor, "gene patient modality"],
    kept: Bool[Tensor, "1 patient modality"] | None = None,
) -> Float[Tensor, "2 patient pathway"]:
    """Pathway activities; where several processes train together, each computes its patients'."""
    n = z.shape[1]
    if not together.shared(stage.fit, n):
        return stage.net.raw_activity(z, kept=kept)
    own = together.own_part(n)
    part = stage.net.raw_activity(z[:, own], kept=None if kept is None else kept[:, own])
    return together.gathered(part, n)


def _together(stage: Stage, free: list[Parameter], loss: Tensor) -> Tensor:
    """The loss that all processes agree on, after their gradients became those of one."""
    if not together.shared(stage.fit, stage.n_patients):
        return loss
    together.average_gradients(free)
    return together.agreed(loss)
