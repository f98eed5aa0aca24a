"""Messages along edges with weights of each relation: linear until the data ask for more."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pathgnn.model.conv import Conv, Relation, Relations
from pathgnn.model.fused import Round, signed_rounds
from pathgnn.model.messages import Messages


class SignedConv(Conv):
    """h + sum_r A_r h W_r, then h + U gelu(h) with U = 0 at first.

    A_r is divided by sqrt(out-degree x in-degree). With `norm`, messages are of features whose
    channels are layer-normalised; what was not seen stays 0.
    """

    def __init__(self, messages: Messages, n_nodes: int, channels: int, norm: bool = False) -> None:
        super().__init__()
        self.relations = Relations(messages, n_nodes)
        n = len(self.relations)
        self.mix = nn.Parameter(0.1 * torch.randn(n, channels, channels) / channels**0.5)
        self.bend = nn.Linear(channels, channels, bias=False)
        nn.init.zeros_(self.bend.weight)
        self.norm = nn.LayerNorm(channels, elementwise_affine=False) if norm else nn.Identity()

    def forward(
        self, h: Float[Tensor, "gene patient channel"], scale: Float[Tensor, " edge"] | None = None
    ) -> Float[Tensor, "gene patient channel"]:
        """Gene features after one round."""
        told = self.norm(h)
        out = h.flatten(1)
        for relation, mix in zip(self.relations, self.mix, strict=True):
            out = tell(relation, relation.scaled(relation.weight, scale), told @ mix, out)
        return bent(self.bend, out.view_as(h))

    def round(self) -> Round:
        """The round as what goes in one step with others."""
        topos = tuple(relation.topo for relation in self.relations)
        weights = tuple(relation.weight for relation in self.relations)
        return Round(self.mix, self.bend.weight, topos, weights)


def all_rounds(
    convs: Iterable[nn.Module],
    h: Float[Tensor, "gene patient channel"],
    scale: Float[Tensor, " edge"] | None = None,
) -> Float[Tensor, "gene patient channel"]:
    """Gene features after all rounds; in one step where convolutions, norm and edges allow."""
    convs = list(convs)
    plain = [c for c in convs if isinstance(c, SignedConv) and isinstance(c.norm, nn.Identity)]
    if convs and scale is None and len(plain) == len(convs):
        return signed_rounds(h, [conv.round() for conv in plain])
    for conv in convs:
        h = conv(h, scale)
    return h


def tell(
    relation: Relation,
    weight: Float[Tensor, " message"],
    h: Float[Tensor, "gene patient channel"],
    base: Float[Tensor, "gene feature"],
) -> Float[Tensor, "gene feature"]:
    """base + the messages of one relation, all patients in one product."""
    out: Tensor = relation.topo(weight, h.flatten(1), base)
    return out


def bent(
    bend: nn.Linear, h: Float[Tensor, "gene patient channel"]
) -> Float[Tensor, "gene patient channel"]:
    """h + U gelu(h)."""
    out: Tensor = h + bend(nn.functional.gelu(h))
    return out
