"""Messages weighted by attention between genes: which neighbour matters to which gene."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pathgnn.model.conv import Conv, Relations
from pathgnn.model.conv_signed import bent, tell
from pathgnn.model.messages import Messages

WIDTH = 8


class AttentionConv(Conv):
    """h + sum_r A_r h W_r, where a row of all A_r together is a softmax over incoming messages.

    Logits are dot products of what a gene asks for, which is learned, with what its neighbour
    offers, a random vector that stays as it was drawn, plus one number per relation: were both
    learned, a penalty on both would hold them at 0. They are the same for all patients, so that a
    round stays one sparse product per relation; the first are equal, which is the mean over
    neighbours. Source: Velickovic et al., ICLR 2018, with the features' part of the logit left out.
    """

    # What is learned of attention, among the weights of a round.
    LEARNED = (".asks", ".prefers")

    def __init__(self, messages: Messages, n_nodes: int, channels: int, norm: bool = False) -> None:
        super().__init__()
        self.n_nodes = n_nodes
        self.relations = Relations(messages, n_nodes)
        n = len(self.relations)
        self.asks = nn.Parameter(torch.zeros(n_nodes, WIDTH))
        offers = torch.randn(n_nodes, WIDTH) / WIDTH**0.5
        self.offers = nn.Parameter(offers, requires_grad=False)
        self.prefers = nn.Parameter(torch.zeros(n))
        self.mix = nn.Parameter(0.1 * torch.randn(n, channels, channels) / channels**0.5)
        self.bend = nn.Linear(channels, channels, bias=False)
        nn.init.zeros_(self.bend.weight)
        self.norm = nn.LayerNorm(channels, elementwise_affine=False) if norm else nn.Identity()

    def attention(self) -> list[Float[Tensor, " message"]]:
        """Per relation, the weight of each message; those to a gene sum to 1 over all relations."""
        if not len(self.relations):
            return []
        rows = [relation.topo.row.long() for relation in self.relations]
        logits = [
            (self.asks[row] * self.offers[relation.topo.column.long()]).sum(1) + prefer
            for row, relation, prefer in zip(rows, self.relations, self.prefers, strict=True)
        ]
        row, logit = torch.cat(rows), torch.cat(logits)
        top = logit.new_zeros(self.n_nodes).scatter_reduce(
            0, row, logit.detach(), "amax", include_self=False
        )
        weight = (logit - top[row]).exp()
        total = weight.new_zeros(self.n_nodes).index_add(0, row, weight)
        return list(torch.split(weight / total[row], [len(r) for r in rows]))

    def forward(
        self, h: Float[Tensor, "gene patient channel"], scale: Float[Tensor, " edge"] | None = None
    ) -> Float[Tensor, "gene patient channel"]:
        """Gene features after one round."""
        told = self.norm(h)
        out = h.flatten(1)
        for relation, weight, mix in zip(self.relations, self.attention(), self.mix, strict=True):
            out = tell(relation, relation.scaled(weight, scale), told @ mix, out)
        return bent(self.bend, out.view_as(h))
