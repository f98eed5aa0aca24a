"""Integrated gradients of trees: each step on the way belongs to the feature that is crossed."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from pathgnn.model.scales import Standardised
from pathgnn.train.trees import LEAF, Asked, Trees, asked_of, meant_by

# Ends of the way, beyond 0 and 1, so that no crossing is on them.
BEFORE, AFTER = -1.0, 2.0
# Features that are crossed at once, to so many digits, are crossed one after the other: in one
# order and in the other, so that none is preferred for its place.
DIGITS, APART = 5, 1e-13


def along_trees(
    trees: Trees, start: Standardised, end: Standardised, contrast: int
) -> Standardised:
    """Part of every input in what the trees say at the end more than at the start.

    On the straight way from one to the other the prediction changes in steps, where a feature
    crosses a threshold; the feature gets the step. Complete and exact: no quadrature.

    Args:
        trees: The trees.
        start: The reference, one or one for each patient.
        end: The patients.
        contrast: Whose benefit is explained.

    Source: Sundararajan, Taly & Yan, ICML 2017 (straight path); Merrill et al., arXiv 1909.01869
    (functions with steps).
    """
    whole = Standardised(start.z.expand_as(end.z), start.clinical.expand_as(end.clinical))
    before, after = asked_of(trees, whole), asked_of(trees, end)
    both = [_parts(_Way(trees, before, after, apart), contrast) for apart in (APART, -APART)]
    return _placed(torch.stack(both).mean(0).float(), after.features, end)


def _parts(way: _Way, contrast: int) -> Float[Tensor, "asked patient"]:
    """Steps of all trees of a contrast, by the feature that is crossed."""
    out = torch.zeros_like(way.end.x, dtype=torch.double)
    now = way.at_roots(contrast)
    while len(now.node):
        leaf = way.end.place[now.node] == LEAF
        _step(out, now.take(leaf), way.trees)
        now = way.further(now.take(~leaf))
    return out


class _Stay(NamedTuple):
    """From when to when on the way a patient is in a node, and what is crossed then; -1 is none."""

    patient: Int[Tensor, " stay"]
    node: Int[Tensor, " stay"]
    since: Float[Tensor, " stay"]
    until: Float[Tensor, " stay"]
    entered_by: Int[Tensor, " stay"]
    left_by: Int[Tensor, " stay"]

    def take(self, at: Tensor) -> _Stay:
        """Some of them."""
        return _Stay(*(part[at] for part in self))


class _Way(NamedTuple):
    """The straight way of every patient, in the features that the trees ask of.

    Of features that are crossed at once the later in order comes `apart` later.
    """

    trees: Trees
    start: Asked
    end: Asked
    apart: float

    def at_roots(self, contrast: int) -> _Stay:
        """Every patient in the root of every tree of a contrast, all the way."""
        root = self.trees.root[self.trees.contrast == contrast].long()
        n = self.end.x.shape[1]
        patient, node = torch.arange(n).repeat_interleave(len(root)), root.repeat(n)
        ends = torch.ones(len(node), dtype=torch.double)
        none = torch.full_like(node, LEAF)
        return _Stay(patient, node, BEFORE * ends, AFTER * ends, none, none)

    def further(self, now: _Stay) -> _Stay:
        """The same stays in the children: in one, or in one and then, once crossed, the other."""
        trees, place = self.trees, self.end.place[now.node]
        first, last = (x[place, now.patient].double() for x in (self.start.x, self.end.x))
        threshold = trees.threshold[now.node].double()
        below, ends_below = first < threshold, last < threshold
        left, right = trees.left[now.node].long(), trees.right[now.node].long()
        crosses = below != ends_below
        when = (threshold - first) / torch.where(crosses, last - first, 1.0)
        when = torch.where(crosses, when.round(decimals=DIGITS) + self.apart * place, AFTER)
        before = now._replace(
            node=torch.where(below, left, right),
            until=torch.minimum(now.until, when),
            left_by=torch.where(when < now.until, place, now.left_by),
        )
        after = now._replace(
            node=torch.where(below, right, left),
            since=torch.maximum(now.since, when),
            entered_by=torch.where(when > now.since, place, now.entered_by),
        )
        both = _Stay(*(torch.cat(pair) for pair in zip(before, after, strict=True)))
        return both.take(both.since < both.until)


def _step(out: Float[Tensor, "asked patient"], done: _Stay, trees: Trees) -> None:
    """What a leaf says is added when it is entered and taken off when it is left."""
    said = trees.value[done.node].double()
    for by, sign in ((done.entered_by, 1.0), (done.left_by, -1.0)):
        on = by != LEAF
        out.index_put_((by[on], done.patient[on]), sign * said[on], accumulate=True)


def _placed(
    parts: Float[Tensor, "asked patient"], features: Int[Tensor, " asked"], like: Standardised
) -> Standardised:
    """Parts of asked features among all inputs."""
    z, clinical = torch.zeros_like(like.z), torch.zeros_like(like.clinical)
    gene, omic, covariate = meant_by(features, like)
    z[gene, :, omic], clinical[:, covariate] = parts[: len(gene)], parts[len(gene) :].T
    return Standardised(z, clinical)
