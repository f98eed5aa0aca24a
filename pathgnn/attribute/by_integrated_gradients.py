"""Signed integrated gradients of the benefit, with completeness gap, pathways and edges."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from pathgnn.attribute.attribution import Attribution
from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.nodes import Nodes
from pathgnn.model.layers import FIRST_WEIGHT
from pathgnn.model.network import PathwayNet, Scores
from pathgnn.model.scales import Standardised
from pathgnn.train.fitted import Fitted
from pathgnn.train.part import Member
from pathgnn.train.stack import Stack

REFERENCE = "training mean, wild type; prognosis held at the patient's own"


class _One(NamedTuple):
    """One network's account of its held-out patients."""

    score: Float[Tensor, "gene patient modality"]
    clinical: Float[Tensor, "patient covariate"]
    explained: Float[Tensor, " patient"]
    prognostic: Float[Tensor, "gene patient modality"]
    pathway: Float[Tensor, "patient pathway"]
    prognostic_pathway: Float[Tensor, "patient pathway"]
    edge: Float[Tensor, " edge"]
    slope: Float[Tensor, " gene"]


def integrated_gradients(fitted: Fitted, nodes: Nodes, contrast: int, steps: int) -> Attribution:
    """Attribution of one contrast's benefit to genes, modalities, pathways and edges.

    Args:
        fitted: Cross-fitted networks.
        nodes: The cohort they were fitted on.
        contrast: Place of the arm among the contrasts.
        steps: Gauss-Legendre nodes of the path integral.

    Source: Sundararajan, Taly & Yan, ICML 2017.
    """
    out = _empty(fitted, nodes)
    sign = _high_minus_low(fitted.benefit[:, contrast])
    members = []
    for member in fitted.members:
        at = torch.from_numpy(np.flatnonzero(fitted.fold == member.fold))
        one = _explain(fitted, member, nodes.take(at), contrast, (steps, sign[at]))
        if fitted.stacks:
            stack = fitted.stacks[member.fold]
            one = _stacked(one, stack, member.net.scales(nodes.take(at)), contrast, fitted)
        n_members = sum(m.fold == member.fold for m in fitted.members)
        for name, value in one._asdict().items():
            if name in ("edge", "slope"):
                out[name] += value / n_members
            elif name in ("score", "prognostic"):
                out[name][at] += value.permute(1, 0, 2) / n_members
            else:
                out[name][at] += value / n_members
        members.append(one.score.sum(2).abs().mean(1))
    total = out["score"].sum((1, 2)) + out["clinical"].sum(1)
    return Attribution(
        contrast=contrast,
        arm=nodes.arms[contrast + 1],
        reference_arm=nodes.arms[0],
        unit=fitted.recipe.estimand.unit,
        reference=REFERENCE,
        gap=out["explained"] - total,
        member=torch.stack(members),
        genes=nodes.genes,
        modalities=nodes.modalities,
        pathways=fitted.recipe.graph.pathways,
        n_seen=nodes.seen.sum(1),
        **out,
    )


def _stacked(one: _One, stack: Stack, inputs: Standardised, contrast: int, fitted: Fitted) -> _One:
    """The network's share of its account, and the linear models' part, which is exact.

    A gene's linear part is dealt out equally to its pathways.
    """
    share = stack.network_share
    gene = inputs.z * stack.linear.gene[:, None, :, contrast]
    clinical = inputs.clinical * stack.linear.clinical[:, contrast]
    explained = gene.sum((0, 2)) + clinical.sum(1)
    kinds = fitted.members[0].net.scales.kinds
    return _One(
        score=share * one.score + gene,
        clinical=share * one.clinical + clinical,
        explained=share * one.explained + explained,
        prognostic=one.prognostic,
        pathway=share * one.pathway + _dealt_out(gene.sum(2), fitted.recipe.graph),
        prognostic_pathway=one.prognostic_pathway,
        edge=share * one.edge,
        slope=share * one.slope + _slope(gene, inputs.z, kinds),
    )


def _dealt_out(
    gene: Float[Tensor, "gene patient"], graph: PathwayGraph
) -> Float[Tensor, "patient pathway"]:
    """Each gene's part in equal shares to the pathways it is in."""
    pathway, member = (torch.as_tensor(ends) for ends in graph.members)
    n_in = torch.bincount(member, minlength=len(gene)).clamp(min=1)
    out = gene.new_zeros(len(graph.pathways), gene.shape[1])
    return out.index_add(0, pathway, gene[member] / n_in[member, None]).T


def _empty(fitted: Fitted, nodes: Nodes) -> dict[str, Tensor]:
    n, graph = nodes.n_patients, fitted.recipe.graph
    shape = (n, len(nodes.genes), len(nodes.modalities))
    return {
        "score": torch.zeros(shape),
        "clinical": torch.zeros(n, len(nodes.covariates)),
        "explained": torch.zeros(n),
        "prognostic": torch.zeros(shape),
        "pathway": torch.zeros(n, len(graph.pathways)),
        "prognostic_pathway": torch.zeros(n, len(graph.pathways)),
        "edge": torch.zeros(graph.edges.shape[1]),
        "slope": torch.zeros(len(nodes.genes)),
    }


def _high_minus_low(benefit: Float[np.ndarray, " patient"]) -> Float[Tensor, " patient"]:
    """Weights whose sum over patients is the mean of the top third minus that of the bottom."""
    order = np.argsort(benefit, kind="stable")
    third = max(1, len(order) // 3)
    weight = np.zeros(len(order), dtype=np.float32)
    weight[order[:third]], weight[order[-third:]] = -1 / third, 1 / third
    return torch.from_numpy(weight)


def _explain(
    fitted: Fitted,
    member: Member,
    held_out: Nodes,
    contrast: int,
    how: tuple[int, Float[Tensor, " patient"]],
) -> _One:
    net, (steps, sign) = member.net, how
    inputs = net.scales(held_out)
    with torch.no_grad():
        own, at_zero = net(inputs), net(Standardised(*(torch.zeros_like(x) for x in inputs)))
    estimand = fitted.recipe.estimand

    def benefit(delta: Float[Tensor, "patient arm"]) -> Float[Tensor, " patient"]:
        return estimand(net.head.predict(own.m, delta))[:, contrast]

    def gain_of(x: Standardised) -> Float[Tensor, " patient"]:
        return benefit(net(x).delta)

    def untreated(x: Standardised) -> Float[Tensor, " patient"]:
        return _without_treatment(net, net(x).m, own.delta)

    score, clinical = _integrate(gain_of, inputs, steps)
    prognostic, _ = _integrate(untreated, inputs, steps)
    explained = benefit(own.delta) - benefit(at_zero.delta)
    # The benefit is a function of the sum of the pathway terms, so along the straight path each
    # term's share of the difference is its share of the change of the sum.
    moved = own.delta[:, contrast + 1] - at_zero.delta[:, contrast + 1]
    rate = explained / torch.where(moved.abs() < 1e-6, torch.ones_like(moved), moved)
    terms = (own.terms - at_zero.terms)[:, :, contrast] * rate[:, None]
    return _One(
        score=score,
        clinical=clinical,
        explained=explained,
        prognostic=prognostic,
        pathway=terms,
        prognostic_pathway=_trunk_pathways(net, own, at_zero, inputs, (steps, fitted.recipe.graph)),
        edge=_edges(net, inputs, benefit, sign, (steps, fitted.recipe.graph.edges.shape[1])),
        slope=_slope(score, inputs.z, held_out.kinds),
    )


def _slope(
    score: Float[Tensor, "gene patient modality"],
    z: Float[Tensor, "gene patient modality"],
    kinds: tuple[str, ...],
) -> Float[Tensor, " gene"]:
    """Mean over patients of attribution x activity: positive where more activity helps."""
    activity = z * torch.tensor([np.sign(FIRST_WEIGHT[kind]) for kind in kinds])
    return (score * activity).sum(2).mean(1)


def _integrate(
    function: Callable[[Standardised], Tensor], inputs: Standardised, steps: int
) -> tuple[Tensor, Tensor]:
    """Integral of the gradient along the straight path from 0, times the inputs."""
    z_total, c_total = torch.zeros_like(inputs.z), torch.zeros_like(inputs.clinical)
    for node, weight in _gauss(steps):
        z = (node * inputs.z).requires_grad_(True)
        c = (node * inputs.clinical).requires_grad_(True)
        total = function(Standardised(z, c)).sum()
        grad_z, grad_c = torch.autograd.grad(total, (z, c), allow_unused=True)
        z_total += weight * grad_z
        if grad_c is not None:
            c_total += weight * grad_c
    return z_total * inputs.z, c_total * inputs.clinical


def _without_treatment(
    net: PathwayNet, m: Float[Tensor, " patient"], delta: Float[Tensor, "patient arm"]
) -> Float[Tensor, " patient"]:
    mean: Tensor = net.head.predict(m, torch.zeros_like(delta)).mean
    return mean[:, 0]


def _trunk_pathways(
    net: PathwayNet,
    own: Scores,
    at_zero: Scores,
    inputs: Standardised,
    how: tuple[int, PathwayGraph],
) -> Float[Tensor, "patient pathway"]:
    """Integrated gradients of the outcome without treatment over the trunk's pathway activities.

    What single values tell the prognosis is dealt out equally to their genes' pathways.
    """
    steps, graph = how
    start, end = at_zero.trunk_activity, own.trunk_activity
    gene = (inputs.z * net.wide[:, None]).sum(2)
    by_activity, by_gene = torch.zeros_like(end), torch.zeros_like(own.m)
    for node, weight in _gauss(steps):
        activity = (start + node * (end - start)).requires_grad_(True)
        alone = (node * gene.sum(0)).requires_grad_(True)
        m = net.prognosis(activity, node * inputs.clinical) + alone
        outcome = _without_treatment(net, m, own.delta)
        for_activity, for_gene = torch.autograd.grad(outcome.sum(), (activity, alone))
        by_activity += weight * for_activity
        by_gene += weight * for_gene
    trunk = (by_activity * (end - start))[:, : net.n_pathways]
    return trunk + _dealt_out(gene * by_gene, graph)


def _edges(
    net: PathwayNet,
    inputs: Standardised,
    benefit: Callable[[Tensor], Tensor],
    sign: Float[Tensor, " patient"],
    size: tuple[int, int],
) -> Float[Tensor, " edge"]:
    """What every edge adds to the benefit of the top third minus that of the bottom third.

    All edge weights grow from 0 together; the gradients are sampled products, never N x N.
    """
    steps, n_edges = size
    total = torch.zeros(n_edges)
    if not len(net.convs):
        return total
    for node, weight in _gauss(steps):
        scale = torch.full((n_edges,), float(node), requires_grad=True)
        tau = benefit(net(inputs, scale).delta)
        total += weight * _gradient((tau * sign).sum(), scale)
    return total


def _gradient(total: Float[Tensor, ""], scale: Float[Tensor, " edge"]) -> Float[Tensor, " edge"]:
    """0 for messages that know no edge weights."""
    (grad,) = torch.autograd.grad(total, scale, allow_unused=True)
    return torch.zeros_like(scale) if grad is None else grad


def _gauss(steps: int) -> list[tuple[float, float]]:
    """Nodes and weights of Gauss-Legendre quadrature on [0, 1]."""
    node, weight = np.polynomial.legendre.leggauss(steps)
    return [(float((x + 1) / 2), float(w / 2)) for x, w in zip(node, weight, strict=True)]
