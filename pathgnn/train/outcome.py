"""Outlook of a patient, whatever the treatment: networks stacked with simpler models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from scipy.optimize import Bounds, minimize

from pathgnn.errors import CohortError, GraphError
from pathgnn.graph.nodes import Nodes, match_layout
from pathgnn.model.network import PathwayNet
from pathgnn.model.scales import InputScales, learned_scales
from pathgnn.seeds import rng_for, seed_for, torch_seed
from pathgnn.train.fit import Recipe, begin, finish, free_weights
from pathgnn.train.folds import folds
from pathgnn.train.linear_outcome import OutcomeTask
from pathgnn.train.outcome_learners import OutcomeLearner, other_outcomes, stacked_outcomes
from pathgnn.train.part import INNER_FOLDS, places
from pathgnn.train.ridge_cox import log_likelihood
from pathgnn.train.rounds import rounds
from pathgnn.train.stack import NETWORK

# Folds inside folds have four patients each.
FEWEST_PATIENTS = 18
PER_ROW = ("patient_of", "value", "event", "competing", "propensity", "stratum")
# Draws the shares together, as strongly as so many events that find them equal. With two learners
# 40 did as well; with more of them, 100 and 200 were as good on cell lines and better for survival.
PRIOR_EVENTS = 100
# No share is less, per standard deviation of the learner: where inner folds favour neither, their
# mean still ranks patients. With 0, 1 of 16 models of METABRIC's survival ranked nobody (C .50,
# .58 with this).
LEAST_SHARE = 0.02
# Training ends before its last round only where that gains so many units of log-likelihood.
CLEAR_GAIN = 2.0
# All shares together, where their search begins.
START = 0.6


class Layout(NamedTuple):
    """What inputs mean by their place."""

    genes: tuple[str, ...]
    modalities: tuple[str, ...]
    covariates: tuple[str, ...]
    sites: tuple[str, ...]

    def of(self, nodes: Nodes) -> Nodes:
        """The patients in this layout: what they lack is unseen, what is surplus left out.

        Raises:
            GraphError: other genes, or no omic in common.
        """
        if nodes.genes != self.genes:
            raise GraphError("the patients lie on other genes than the model; project them on its")
        return match_layout(nodes, self.modalities, self.covariates, self.sites)


@dataclass(frozen=True)
class OutcomeModel:
    """Networks, the learners beside them, and how much each counts; the networks' share is last.

    Scores are in units of `spread`, that of a learner on inner folds; `others` are shown beside
    the stack and do not count; `rounds` is how long the networks were trained. `layout` has the
    training cohort's genes, omics, covariates and sites.
    """

    nets: tuple[PathwayNet, ...]
    beside: Mapping[str, OutcomeLearner]
    others: Mapping[str, OutcomeLearner]
    scales: InputScales
    share: Float[np.ndarray, " learner"]
    spread: Float[np.ndarray, " learner"]
    rounds: int
    layout: Layout

    @property
    def network_share(self) -> float:
        """The network's share of the outlook, of 1."""
        whole = float(self.share.sum())
        return float(self.share[-1]) / whole if whole > 0 else 0.0

    @property
    def weight(self) -> dict[str, float]:
        """By how much each learner's outlook is multiplied before they are summed."""
        names = (*self.beside, NETWORK)
        return dict(zip(names, (self.share / self.spread).tolist(), strict=True))

    def predict(self, nodes: Nodes) -> Float[np.ndarray, " patient"]:
        """Outlook of every patient, higher is better: only its order has a meaning.

        Raises:
            GraphError: patients on other genes, or without one omic in common.
        """
        each = self.predict_each(nodes)
        return np.asarray(sum(weight * each[name] for name, weight in self.weight.items()))

    def predict_each(self, nodes: Nodes) -> dict[str, Float[np.ndarray, " patient"]]:
        """Outlook by the network and by each model beside it, counted or not."""
        nodes = self.layout.of(nodes)
        inputs, models = self.scales(nodes), {**self.beside, **self.others}
        each = {name: model(inputs).double().numpy() for name, model in models.items()}
        return each | {NETWORK: outlook(self.nets, nodes)}


def fit_outcome(nodes: Nodes, recipe: Recipe, seed: int) -> OutcomeModel:
    """A model of the outcome without regard to treatment.

    How long the networks are trained, and how much they count beside ridge, lasso and forest, is
    learned on inner folds.

    Args:
        nodes: Training patients with one outcome each; all count as one arm.
        recipe: Graph and settings; the estimand plays no part.
        seed: Decides inner folds, first weights and hidden omics.

    Raises:
        CohortError: several outcomes of a patient, or too few patients or events.
    """
    train = _to_be_split(one_arm(nodes))
    inner = folds(train, INNER_FOLDS, rng_for(seed, 2))
    beside, network = _out_of_fold(train, inner, recipe, seed)
    known = _Known(train.value.double().numpy(), train.event.numpy(), train.outcome == "survival")
    shares = [_shares(np.concatenate([beside, one[None]]), known) for one in network]
    gain = (shares[-1].loss - np.array([s.loss for s in shares])) * known.event.sum()
    best = int(gain.argmax()) if gain.max() > CLEAR_GAIN else len(shares) - 1
    fit = recipe.fit.model_copy(update={"outlook_rounds": best + 1})
    scales = learned_scales(train, fit.scaling)
    nets = outcome_networks(train, recipe._replace(fit=fit), seed)
    task = OutcomeTask(train, inner, recipe.graph, scales)
    share, spread, _ = shares[best]
    models = stacked_outcomes(task), other_outcomes(task)
    layout = Layout(train.genes, train.modalities, train.covariates, train.sites)
    return OutcomeModel(nets, *models, scales, share, spread, best + 1, layout)


def _to_be_split(train: Nodes) -> Nodes:
    """The patients, their groups left whole in inner folds where there are groups enough.

    Raises:
        CohortError: too few patients, or events before the horizon, for folds inside folds.
    """
    if train.n_patients < FEWEST_PATIENTS:
        raise CohortError(
            f"{train.n_patients} patients are too few for a model of the outcome; give "
            f"{FEWEST_PATIENTS} or more"
        )
    early = int((train.event & (train.value < train.horizon) & (train.value > 0)).sum())
    if train.outcome == "survival" and early < INNER_FOLDS:
        raise CohortError(
            f"{early} events before {train.horizon:g} months are too few for a model of the "
            f"outcome; {INNER_FOLDS} are the least: is there a later horizon?"
        )
    if len(train.group.unique()) >= INNER_FOLDS**2:  # type: ignore[no-untyped-call]
        return train
    # Of a few large ones, such as sites, the answer is about these very groups.
    return replace(train, group=torch.arange(train.n_patients))


def outcome_networks(nodes: Nodes, recipe: Recipe, seed: int) -> tuple[PathwayNet, ...]:
    """An ensemble of networks of the outcome, trained for all of their rounds, nothing stacked."""
    train = one_arm(nodes)
    seeds = [seed_for(seed, 3, m) for m in range(recipe.fit.members)]
    return tuple(_train(train, recipe, s).net for s in seeds)


def outlook(nets: Sequence[PathwayNet], nodes: Nodes) -> Float[np.ndarray, " patient"]:
    """Mean prognosis by some networks, higher is better."""
    return np.asarray(np.mean([_outlook(net, nodes) for net in nets], axis=0))


def one_arm(nodes: Nodes) -> Nodes:
    """The same patients as one arm, their outcomes in the patients' order.

    Raises:
        CohortError: several outcomes of a patient.
    """
    if len(torch.unique(nodes.patient_of)) < len(nodes.patient_of):
        raise CohortError(
            "an outcome model needs one outcome per patient, and some have several; keep the rows "
            "of one arm"
        )
    order = torch.argsort(nodes.patient_of)
    return replace(
        nodes,
        arm=torch.zeros_like(nodes.arm),
        arms=("all",),
        crossover=False,
        **{name: getattr(nodes, name)[order] for name in PER_ROW},
    )


class _Known(NamedTuple):
    value: Float[np.ndarray, " patient"]
    event: Bool[np.ndarray, " patient"]
    is_survival: bool


class _Shares(NamedTuple):
    share: Float[np.ndarray, " learner"]
    spread: Float[np.ndarray, " learner"]
    loss: float


class _Trained(NamedTuple):
    net: PathwayNet
    watched: Float[np.ndarray, "round patient"]


def _out_of_fold(
    train: Nodes, inner: Int[np.ndarray, " patient"], recipe: Recipe, seed: int
) -> tuple[Float[np.ndarray, "beside patient"], Float[np.ndarray, "round patient"]]:
    """Outlook of the training patients by models of the other inner folds, and by networks."""
    beside: dict[str, np.ndarray] = {}
    network = np.empty((recipe.fit.outlook_rounds, train.n_patients))
    for j in range(INNER_FOLDS):
        part, held = train.take(places(inner != j)), train.take(places(inner == j))
        scales = learned_scales(part, recipe.fit.scaling)
        again = folds(part, INNER_FOLDS, rng_for(seed, 2, j))
        for name, model in stacked_outcomes(OutcomeTask(part, again, recipe.graph, scales)).items():
            out = beside.setdefault(name, np.empty(train.n_patients))
            out[inner == j] = model(scales(held)).numpy()
        network[:, inner == j] = _train(part, recipe, seed_for(seed, 6, j), held).watched
    return np.stack(list(beside.values())), network


def _train(train: Nodes, recipe: Recipe, seed: int, watch: Nodes | None = None) -> _Trained:
    """A network of the outcome, and its outlook for the watched patients after every round."""
    seen = []
    with torch_seed(seed):
        net, stage = begin(train, recipe)
        for _ in rounds(stage, free_weights(net), recipe.fit.outlook_rounds):
            if watch is not None:
                seen.append(_outlook(net, watch))
    finish(stage)
    return _Trained(net, np.stack(seen) if seen else np.empty((0, 0)))


def _outlook(net: PathwayNet, nodes: Nodes) -> Float[np.ndarray, " patient"]:
    nodes = nodes.to(net.read.device)
    with torch.no_grad():
        return np.asarray(net(net.scales(nodes)).m.double().cpu().numpy())


def _shares(score: Float[np.ndarray, "learner patient"], known: _Known) -> _Shares:
    """Weights of the learners, none below the least, that make the outcomes most likely.

    Source: Breiman, Machine Learning 1996, 24:49, with the Cox likelihood for survival.
    """
    says = score.std(1) > 1e-9
    spread = np.where(says, score.std(1), np.inf)
    order = np.argsort(known.value, kind="stable")
    x = ((score - score.mean(1, keepdims=True)) / spread[:, None]).T[order]
    value, event = known.value[order], known.event[order]
    n_events = max(int(event.sum()), 1)
    y = (value - value.mean()) / max(value.std(), 1e-9)
    pull = PRIOR_EVENTS / n_events

    def fit(a: Float[np.ndarray, " learner"]) -> float:
        if known.is_survival:
            return -log_likelihood(-(x @ a), value, event) / n_events
        return float(0.5 * ((y - x @ a) ** 2).mean())

    def pulled(a: Float[np.ndarray, " learner"]) -> float:
        return fit(a) + pull * float(((a - a.mean()) ** 2).sum())

    start, bounds = np.full(len(score), START / len(score)), Bounds(LEAST_SHARE, np.inf)
    found = minimize(pulled, start, method="L-BFGS-B", bounds=bounds)
    share = np.where(says, found.x, 0.0)  # A learner that says nothing counts nothing.
    return _Shares(share, spread, fit(share))
