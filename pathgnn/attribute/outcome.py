"""Attribution of an outcome predicted whatever the treatment: response, or survival in one arm."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from pathgnn.attribute.account import METHODS, dealt_out
from pathgnn.attribute.along_trees import along_trees
from pathgnn.attribute.method import Function, Points
from pathgnn.errors import ConfigError
from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.nodes import Nodes
from pathgnn.model.network import PathwayNet
from pathgnn.model.scales import Standardised
from pathgnn.train.linear_outcome import LinearOutcome
from pathgnn.train.outcome import OutcomeModel
from pathgnn.train.outcome_learners import OutcomeLearner
from pathgnn.train.stack import NETWORK


@dataclass(frozen=True)
class OutcomeAttribution:
    """Where each patient's predicted outcome comes from, relative to the training mean.

    `score` over genes and omics, plus `clinical`, plus `gap`, is the outlook of
    `OutcomeModel.predict` minus that of a patient whose values are all the training mean (wild
    type for mutations); higher is better. Unseen values get 0. `pathway` deals each gene's part
    out in equal shares to its pathways; `network` is the part of `score` that is the networks', the
    rest is that of the models stacked with them.
    """

    score: Float[Tensor, "patient gene modality"]
    clinical: Float[Tensor, "patient covariate"]
    gap: Float[Tensor, " patient"]
    pathway: Float[Tensor, "patient pathway"]
    network: Float[Tensor, "patient gene modality"]
    genes: tuple[str, ...]
    modalities: tuple[str, ...]
    pathways: tuple[str, ...]

    @property
    def by_gene(self) -> Float[Tensor, "patient gene"]:
        """Attribution of every patient to genes, all omics together."""
        return self.score.sum(2)


class Explaining(NamedTuple):
    """How an outcome is attributed: a key of `METHODS`, and the nodes of its integral."""

    method: str = "integrated gradients"
    steps: int = 8


def attribute_outcome(
    model: OutcomeModel, nodes: Nodes, graph: PathwayGraph, how: Explaining | None = None
) -> OutcomeAttribution:
    """Attribution of the outcome of some patients, best of those that the model never saw.

    Args:
        model: What `fit_outcome` gave.
        nodes: The patients; omics and covariates that the training patients lacked are left out.
        graph: The graph that the model was trained on.
        how: Method and accuracy.

    Raises:
        ConfigError: no such method, or patients on other genes than the graph's.
        GraphError: patients on other genes than the model's, or without one omic in common.
    """
    how = how or Explaining()
    if how.method not in METHODS:
        raise ConfigError(f"no method {how.method!r}; there are {', '.join(METHODS)}")
    if nodes.genes != graph.genes:
        raise ConfigError("the patients lie on other genes than the graph; project them on it")
    nodes = model.layout.of(nodes)
    weight, inputs = model.weight, model.scales(nodes)
    own, clinical = _networks(model, nodes, how)
    network = weight[NETWORK] * own
    score, by_covariate = network.clone(), weight[NETWORK] * clinical
    for name, learner in model.beside.items():
        part = _part(learner, inputs)
        score += weight[name] * part.z
        by_covariate += weight[name] * part.clinical
    start = nodes_at_start(nodes)
    difference = torch.from_numpy(model.predict(nodes) - model.predict(start)).float()
    return OutcomeAttribution(
        score=score.permute(1, 0, 2),
        clinical=by_covariate,
        gap=difference - score.sum((0, 2)) - by_covariate.sum(1),
        pathway=dealt_out(score.sum(2), graph),
        network=network.permute(1, 0, 2),
        genes=nodes.genes,
        modalities=nodes.modalities,
        pathways=graph.pathways,
    )


def nodes_at_start(nodes: Nodes) -> Nodes:
    """The same patients with nothing seen: all at the training mean, wild type."""
    return replace(
        nodes,
        seen=torch.zeros_like(nodes.seen),
        clinical_seen=torch.zeros_like(nodes.clinical_seen),
    )


def _part(learner: OutcomeLearner, inputs: Standardised) -> Standardised:
    """What each input adds to the outlook beyond that of the training mean."""
    if isinstance(learner, LinearOutcome):
        z, clinical = inputs.z * learner.gene[:, None], inputs.clinical * learner.clinical
        return Standardised(z, clinical)
    return along_trees(learner.trees, _mean(inputs), inputs, 0)


def _mean(inputs: Standardised) -> Standardised:
    return Standardised(*(torch.zeros_like(x) for x in inputs))


def _networks(
    model: OutcomeModel, nodes: Nodes, how: Explaining
) -> tuple[Float[Tensor, "gene patient modality"], Float[Tensor, "patient covariate"]]:
    """Mean over the networks of the parts of their outlook."""
    parts = []
    for i, net in enumerate(model.nets):
        inputs = net.scales(nodes)
        start, points = [_mean(inputs)], Points(how.steps, i)
        (found,) = METHODS[how.method](_outlook_of(net), inputs, start, points)
        parts.append(found)
    z, clinical = (torch.stack(x).mean(0) for x in zip(*parts, strict=True))
    return z, clinical


def _outlook_of(net: PathwayNet) -> Function:
    return lambda inputs: (net(inputs).m,)
