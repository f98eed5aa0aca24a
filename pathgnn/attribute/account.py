"""One network's account of held-out patients: benefit and outcomes, pathways, edges."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from pathgnn.attribute.along_trees import along_trees
from pathgnn.attribute.by_expected_gradients import expected_gradients
from pathgnn.attribute.by_input_x_gradient import input_x_gradient
from pathgnn.attribute.by_integrated_gradients import gauss, integrated_gradients
from pathgnn.attribute.by_occlusion import occlusion
from pathgnn.attribute.method import AT_ONCE, Method, Points, add
from pathgnn.attribute.reference import Compared, references
from pathgnn.graph.graph import PathwayGraph
from pathgnn.model.layers import FIRST_WEIGHT
from pathgnn.model.network import PathwayNet, Scores
from pathgnn.model.scales import Standardised
from pathgnn.train.part import Member
from pathgnn.train.stack import Stack

METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "integrated gradients": integrated_gradients,
        "input x gradient": input_x_gradient,
        "expected gradients": expected_gradients,
        "occlusion": occlusion,
    }
)


class Account(NamedTuple):
    """Parts of the benefit (`score`), of the outcome without treatment and with it, and sums.

    `edge` and `slope` are sums over these patients.
    """

    score: Float[Tensor, "gene patient modality"]
    clinical: Float[Tensor, "patient covariate"]
    explained: Float[Tensor, " patient"]
    prognostic: Float[Tensor, "gene patient modality"]
    treated: Float[Tensor, "gene patient modality"]
    pathway: Float[Tensor, "patient pathway"]
    prognostic_pathway: Float[Tensor, "patient pathway"]
    edge: Float[Tensor, " edge"]
    slope: Float[Tensor, " gene"]


class _Explained(NamedTuple):
    """The network's values of a patient as functions of the inputs."""

    who: Compared
    net: PathwayNet
    own: Scores

    def benefit(self, delta: Float[Tensor, "patient arm"]) -> Float[Tensor, " patient"]:
        """Benefit at the patient's own prognosis, of the patients or of copies of them."""
        own = self.own.m.repeat(len(delta) // max(1, len(self.own.m)))
        prediction = self.net.head.predict(own, delta)
        return self.who.fitted.recipe.estimand(prediction)[:, self.who.contrast]

    def values(self, inputs: Standardised) -> tuple[Tensor, ...]:
        """Benefit, and outcome without treatment and with it, all from one pass."""
        out = self.net(inputs)
        untreated = without_treatment(self.net, out.m, out.delta)
        treated: Tensor = self.net.head.predict(out.m, out.delta).mean[:, self.who.contrast + 1]
        return self.benefit(out.delta), untreated, treated


def account(
    who: Compared,
    member: Member,
    at: Int[Tensor, " patient"],
    sign: Float[Tensor, " patient"],
) -> Account:
    """What one network, and the learners beside it, say of patients they never saw.

    Args:
        who: The cohort, and how it is explained.
        member: The network.
        at: Places of the patients in the cohort, all of the fold that the network never saw.
        sign: Weight of each in the sum over patients behind the edges.
    """
    net, steps = member.net, who.config.steps
    held = who.nodes.take(at)
    inputs, starts = net.scales(held), references(who, member, at)
    with torch.no_grad():
        own = net(inputs)
        explained, from_start = _Explained(who, net, own), [net(start) for start in starts]
        here = explained.benefit(own.delta)
        change = torch.stack([here - explained.benefit(s.delta) for s in from_start])
        trunk = torch.stack([s.trunk_activity for s in from_start]).mean(0)
    points = Points(steps, member.seed, who.config.patients_at_once or AT_ONCE)
    benefit, untreated, treated = METHODS[who.config.method](
        explained.values, inputs, starts, points
    )
    mean = mean_start(starts)
    one = Account(
        score=benefit.z,
        clinical=benefit.clinical,
        explained=change.mean(0),
        prognostic=untreated.z,
        treated=treated.z,
        pathway=_pathway_terms(own, from_start, change, who.contrast),
        prognostic_pathway=_trunk_pathways(explained, trunk, (mean, inputs), steps, who),
        edge=_edges(explained, inputs, sign, (steps, who.fitted.recipe.graph.edges.shape[1])),
        slope=_slope(benefit.z, inputs.z, held.kinds),
    )
    return _stacked(one, who, member, inputs, starts)


def mean_start(starts: list[Standardised]) -> Standardised:
    """Mean over the references."""
    z, clinical = (torch.stack(x).mean(0) for x in zip(*starts, strict=True))
    return Standardised(z, clinical)


def _pathway_terms(
    own: Scores,
    starts: list[Scores],
    change: Float[Tensor, "reference patient"],
    contrast: int,
) -> Float[Tensor, "patient pathway"]:
    """The benefit is a function of the sum of the pathway terms, so along the straight path from a
    reference each term's share of the difference is its share of the change of the sum.

    Then the mean over references: that of a curve is not the curve at their mean, so that one rate
    for all of them would have no bound where the sum is that of their mean.
    """
    total = torch.zeros_like(own.terms[:, :, contrast])
    for start, changed in zip(starts, change, strict=True):
        moved = (own.delta - start.delta)[:, contrast + 1]
        rate = changed / torch.where(moved.abs() < 1e-6, torch.ones_like(moved), moved)
        total += (own.terms - start.terms)[:, :, contrast] * rate[:, None]
    return total / len(starts)


def _stacked(
    one: Account, who: Compared, member: Member, inputs: Standardised, starts: list[Standardised]
) -> Account:
    """The network's share of its account, and the part of the other learners, which is exact.

    A gene's part in those is dealt out equally to its pathways. With treatment the outcome is
    moved by the stacked benefit instead of the network's own.
    """
    if not who.fitted.stacks:
        return one
    stack = who.fitted.stacks[member.fold]
    share, graph = stack.network_share, who.fitted.recipe.graph
    gene, clinical = _beside(stack, inputs, starts, who.contrast)
    with torch.no_grad():
        before = torch.stack([stack.beside(start) for start in starts]).mean(0)
        change = (stack.beside(inputs) - before)[:, who.contrast]
    return Account(
        score=share * one.score + gene,
        clinical=share * one.clinical + clinical,
        explained=share * one.explained + change,
        prognostic=one.prognostic,
        treated=one.prognostic + share * (one.treated - one.prognostic) + gene,
        pathway=share * one.pathway + dealt_out(gene.sum(2), graph),
        prognostic_pathway=one.prognostic_pathway,
        edge=share * one.edge,
        slope=share * one.slope + _slope(gene, inputs.z, member.net.scales.kinds),
    )


def _beside(
    stack: Stack, inputs: Standardised, starts: list[Standardised], contrast: int
) -> Standardised:
    """Parts of what linear models and trees say, whatever the method."""
    start, effect = mean_start(starts), stack.linear
    gene = (inputs.z - start.z) * effect.gene[:, None, :, contrast]
    clinical = (inputs.clinical - start.clinical) * effect.clinical[:, contrast]
    trees = mean_start([along_trees(stack.trees, one, inputs, contrast) for one in starts])
    return add(Standardised(gene, clinical), trees)


def dealt_out(
    gene: Float[Tensor, "gene patient"], graph: PathwayGraph
) -> Float[Tensor, "patient pathway"]:
    """Each gene's part in equal shares to the pathways it is in."""
    pathway, member = (torch.as_tensor(ends) for ends in graph.members)
    n_in = torch.bincount(member, minlength=len(gene)).clamp(min=1)
    out = gene.new_zeros(len(graph.pathways), gene.shape[1])
    return out.index_add(0, pathway, gene[member] / n_in[member, None]).T


def _slope(
    score: Float[Tensor, "gene patient modality"],
    z: Float[Tensor, "gene patient modality"],
    kinds: tuple[str, ...],
) -> Float[Tensor, " gene"]:
    """Sum over patients of attribution x activity: positive where more activity helps."""
    activity = z * torch.tensor([np.sign(FIRST_WEIGHT[kind]) for kind in kinds])
    return (score * activity).sum((1, 2))


def without_treatment(
    net: PathwayNet, m: Float[Tensor, " patient"], delta: Float[Tensor, "patient arm"]
) -> Float[Tensor, " patient"]:
    """Expected outcome in the reference arm."""
    mean: Tensor = net.head.predict(m, torch.zeros_like(delta)).mean
    return mean[:, 0]


def _trunk_pathways(
    explained: _Explained,
    start: Float[Tensor, "patient activity"],
    path: tuple[Standardised, Standardised],
    steps: int,
    who: Compared,
) -> Float[Tensor, "patient pathway"]:
    """Integrated gradients of the outcome without treatment over the trunk's pathway activities.

    What single values tell the prognosis is dealt out equally to their genes' pathways.
    """
    net, own = explained.net, explained.own
    end, (first, last) = own.trunk_activity, path
    gene = ((last.z - first.z) * net.wide[:, None]).sum(2).detach()
    level = (first.z * net.wide[:, None]).sum((0, 2)).detach()
    by_activity, by_gene = torch.zeros_like(end), torch.zeros_like(own.m)
    for node, weight in gauss(steps):
        activity = (start + node * (end - start)).requires_grad_(True)
        alone = (level + node * gene.sum(0)).requires_grad_(True)
        clinical = first.clinical + node * (last.clinical - first.clinical)
        outcome = without_treatment(net, net.prognosis(activity, clinical) + alone, own.delta)
        for_activity, for_gene = torch.autograd.grad(outcome.sum(), (activity, alone))
        by_activity += weight * for_activity
        by_gene += weight * for_gene
    trunk = (by_activity * (end - start))[:, : net.n_pathways]
    return trunk + dealt_out(gene * by_gene, who.fitted.recipe.graph)


def _edges(
    explained: _Explained,
    inputs: Standardised,
    sign: Float[Tensor, " patient"],
    size: tuple[int, int],
) -> Float[Tensor, " edge"]:
    """What every edge adds to the weighted sum of these patients' benefits.

    All edge weights grow from 0 together; the gradients are sampled products, never N x N.
    """
    steps, n_edges = size
    total = torch.zeros(n_edges)
    if not len(explained.net.convs):
        return total
    for node, weight in gauss(steps):
        scale = torch.full((n_edges,), float(node), requires_grad=True)
        tau = explained.benefit(explained.net(inputs, scale).delta)
        (grad,) = torch.autograd.grad((tau * sign).sum(), scale, allow_unused=True)
        # Messages that know no edge weights have no gradient.
        total += weight * (torch.zeros_like(scale) if grad is None else grad)
    return total
