"""The layers: value-gated gene embedding, SignedConv, PathwayPool, EffectHead."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from pathgnn.graph.graph import PathwayGraph
from pathgnn.model.sparse import Topology, sparse_product, topology

# What one standard deviation more of each omic says, at first, about a gene's activity.
FIRST_WEIGHT: Mapping[str, float] = MappingProxyType(
    {
        "expression": 1.0,
        "protein": 1.0,
        "phospho_protein": 1.0,
        "metabolite": 1.0,
        # A microRNA reaches its targets with weight -1, so more repression is less activity.
        "mirna": 1.0,
        "signature": 1.0,
        "copy_number": 0.5,
        "mutation": 0.25,
        "methylation": -0.5,
    }
)


class GeneEmbedding(nn.Module):
    """Measured values gated by weights per modality, shared by all genes, plus the gene's own."""

    def __init__(self, n_genes: int, kinds: tuple[str, ...], channels: int) -> None:
        super().__init__()
        first = torch.tensor([[FIRST_WEIGHT[kind]] for kind in kinds])
        self.shared = nn.Parameter(first + 0.1 * torch.randn(len(kinds), channels))
        self.own = nn.Parameter(torch.zeros(n_genes, len(kinds), channels))

    def forward(
        self, z: Float[Tensor, "gene patient modality"]
    ) -> Float[Tensor, "gene patient channel"]:
        """Gene features; an unseen value is 0 in `z` and adds nothing."""
        return torch.bmm(z, self.shared + self.own)


class Messages(NamedTuple):
    """Who tells whom: a directed edge is one message, an undirected one a message each way."""

    ends: Int[Tensor, "2 message"]
    sign: Int[Tensor, " message"]
    edge: Int[Tensor, " message"]


def messages_of(graph: PathwayGraph) -> Messages:
    """The messages along the edges of a graph, `edge` being the place of each one's edge."""
    back = np.flatnonzero(~graph.directed)
    edge = np.concatenate([np.arange(len(graph.sign)), back])
    ends = np.concatenate([graph.edges, graph.edges[::-1, back]], 1)
    return Messages(torch.as_tensor(ends), torch.as_tensor(graph.sign[edge]), torch.as_tensor(edge))


class SignedConv(nn.Module):
    """One round of messages along edges, each sign with weights of its own.

    h + sum_r A_r h W_r, then h + U gelu(h) with U = 0 at first: linear until the data ask for
    more. A_r is divided by sqrt(out-degree x in-degree).
    """

    def __init__(self, messages: Messages, n_genes: int, channels: int) -> None:
        super().__init__()
        self.relations: list[Topology] = []
        self.places: list[Tensor] = []
        self.edge_weights: list[Tensor] = []
        for value in (1, -1, 0):
            at = torch.nonzero(messages.sign == value)[:, 0]
            if len(at):
                self._add_relation(messages.ends[:, at], messages.edge[at], n_genes)
        n = len(self.relations)
        self.mix = nn.Parameter(0.1 * torch.randn(n, channels, channels) / channels**0.5)
        self.bend = nn.Linear(channels, channels, bias=False)
        nn.init.zeros_(self.bend.weight)

    def _add_relation(
        self, ends: Int[Tensor, "2 message"], edge: Int[Tensor, " message"], n_genes: int
    ) -> None:
        source, target = ends
        topo, order = topology(target, source, n_genes, n_genes)
        n_in = torch.bincount(target, minlength=n_genes).clamp(min=1)
        n_out = torch.bincount(source, minlength=n_genes).clamp(min=1)
        weight = (n_in[target] * n_out[source]).float().rsqrt()
        self.relations.append(topo)
        self.places.append(edge[order])
        self.edge_weights.append(weight[order])

    def forward(
        self, h: Float[Tensor, "gene patient channel"], scale: Float[Tensor, " edge"] | None = None
    ) -> Float[Tensor, "gene patient channel"]:
        """Gene features after one round; `scale` multiplies every edge (for edge attribution)."""
        out = h
        for topo, place, weight, mix in zip(
            self.relations, self.places, self.edge_weights, self.mix, strict=True
        ):
            value = weight if scale is None else weight * scale[place]
            out = out + sparse_product(topo, value, (h @ mix).flatten(1)).view_as(h)
        bent: Tensor = out + self.bend(nn.functional.gelu(out))
        return bent


class PathwayPool(nn.Module):
    """Attention-weighted mean of each pathway's genes; weights are learned per member."""

    def __init__(self, members: Int[Tensor, "2 member"], n_pathways: int, n_genes: int) -> None:
        super().__init__()
        self.topo, order = topology(members[0], members[1], n_pathways, n_genes)
        self.pathway = members[0][order]
        self.n_pathways = n_pathways
        self.logit = nn.Parameter(torch.zeros(members.shape[1]))

    def attention(self) -> Float[Tensor, " member"]:
        """Weights of the members, summing to 1 in each pathway, sorted by pathway and gene."""
        weight = (self.logit - self.logit.max().detach()).exp()
        total = weight.new_zeros(self.n_pathways).index_add(0, self.pathway, weight)
        return weight / total[self.pathway]

    def forward(
        self, h: Float[Tensor, "gene patient channel"]
    ) -> Float[Tensor, "pathway patient channel"]:
        """Pathway features."""
        pooled = sparse_product(self.topo, self.attention(), h.flatten(1))
        return pooled.view(self.n_pathways, *h.shape[1:])


class EffectHead(nn.Module):
    """delta_k = t_k + sum_p beta_kp s_p(A_p) + gamma_k c, additive over pathways.

    beta_kp = b_p + v_kp (partial pooling over arms); s_p is the identity plus a bend that starts
    at 0. With both at their start the head is a linear pathway-interaction model.
    """

    def __init__(self, n_pathways: int, n_covariates: int, n_contrasts: int) -> None:
        super().__init__()
        self.mean = nn.Parameter(torch.zeros(n_contrasts))
        self.pooled = nn.Parameter(torch.zeros(n_pathways))
        self.by_arm = nn.Parameter(torch.zeros(n_pathways, n_contrasts))
        self.bend = nn.Parameter(torch.zeros(n_pathways))
        self.clinical = nn.Parameter(torch.zeros(n_covariates, n_contrasts))

    def slopes(self) -> Float[Tensor, "pathway contrast"]:
        """beta: effect modification per standard deviation of pathway activity."""
        if self.by_arm.shape[1] == 1:
            return self.pooled[:, None]
        return self.pooled[:, None] + self.by_arm

    def terms(
        self, activity: Float[Tensor, "patient pathway"]
    ) -> Float[Tensor, "patient pathway contrast"]:
        """What each pathway adds to delta."""
        bent = activity + self.bend * nn.functional.gelu(activity)
        return bent[:, :, None] * self.slopes()

    def shrink(self, amount: float) -> None:
        """One proximal step of the group lasso: whole pathways move towards 0, some reach it."""
        with torch.no_grad():
            size = self.slopes().norm(dim=1)
            keep = (1 - amount / size.clamp(min=1e-12)).clamp(min=0)
            self.pooled.mul_(keep)
            self.by_arm.mul_(keep[:, None])
