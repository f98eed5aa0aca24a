"""Messages along edges with weights of each relation: linear until the data ask for more."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pathgnn.model.conv import Conv, Relation, Relations
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
    out: Tensor = _Bent.apply(h.flatten(0, 1), bend.weight)  # type: ignore[no-untyped-call]
    return out.view_as(h)


class _Bent(torch.autograd.Function):
    """One fused product; gelu(h) is computed again on the way back instead of kept."""

    @staticmethod
    def forward(ctx: Any, h: Tensor, weight: Tensor) -> Tensor:
        """h + gelu(h) U^T."""
        ctx.save_for_backward(h, weight)
        return torch.addmm(h, nn.functional.gelu(h), weight.T.to(h.dtype))

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor | None]:
        """Gradients for h and U."""
        (grad,) = grads
        h, weight = (saved.to(grad.dtype) for saved in ctx.saved_tensors)
        bent_grad = torch.ops.aten.gelu_backward(grad @ weight, h)
        for_weight = grad.T @ nn.functional.gelu(h) if ctx.needs_input_grad[1] else None
        return bent_grad.add_(grad), for_weight
