"""Message passing: the one interface of its variants, `forward(h, scale)`, genes first."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import cast

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from pathgnn.model.messages import Messages
from pathgnn.model.sparse import topology


class Conv(nn.Module, ABC):
    """One round of messages; the topology is shared by all patients and never copied."""

    @abstractmethod
    def forward(
        self, h: Float[Tensor, "gene patient channel"], scale: Float[Tensor, " edge"] | None = None
    ) -> Float[Tensor, "gene patient channel"]:
        """Gene features after one round; `scale` multiplies every edge (for edge attribution)."""


class Relation(nn.Module):
    """The messages of one relation as a sparse matrix with fixed weights.

    A message weighs 1 / sqrt(out-degree of the source x in-degree of the target).
    """

    edge: Tensor
    weight: Tensor

    def __init__(
        self, ends: Int[Tensor, "2 message"], edge: Int[Tensor, " message"], n_nodes: int
    ) -> None:
        super().__init__()
        source, target = ends
        self.topo, order = topology(target, source, n_nodes, n_nodes)
        n_in = torch.bincount(target, minlength=n_nodes).clamp(min=1)
        n_out = torch.bincount(source, minlength=n_nodes).clamp(min=1)
        weight = (n_in[target] * n_out[source]).float().rsqrt()
        self.register_buffer("edge", edge[order], persistent=False)
        self.register_buffer("weight", weight[order], persistent=False)

    def scaled(
        self, weight: Float[Tensor, " message"], scale: Float[Tensor, " edge"] | None
    ) -> Float[Tensor, " message"]:
        """Message weights times what their edges are scaled by."""
        return weight if scale is None else weight * scale[self.edge]


class Relations(nn.Module):
    """All relations in order; one without messages stays empty."""

    def __init__(self, messages: Messages, n_nodes: int) -> None:
        super().__init__()
        parts = []
        for r in range(len(messages.relations)):
            at = torch.nonzero(messages.relation == r)[:, 0]
            parts.append(Relation(messages.ends[:, at], messages.edge[at], n_nodes))
        self.parts = nn.ModuleList(parts)

    def __len__(self) -> int:
        return len(self.parts)

    def __iter__(self) -> Iterator[Relation]:
        return iter(cast("list[Relation]", list(self.parts)))
