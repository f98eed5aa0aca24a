"""One round of signed messages in one step, forward and back, with as little memory as it needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from pathgnn.model.sparse import Topology, add_product

# Floats that scratch is longer than features. glibc before 2.38 never gives a freed aligned block
# to a request of the same size: without this, each passing tensor would cost memory for good.
SPARE = 64


def signed_round(
    h: Float[Tensor, "gene patient channel"],
    mix: Float[Tensor, "relation channel channel"],
    bend: Float[Tensor, "channel channel"],
    topos: Sequence[Topology],
    weights: Sequence[Tensor],
) -> Float[Tensor, "gene patient channel"]:
    """x = h + sum_r A_r h W_r, then x + gelu(x) U^T; gradients for h, W and U, not for edges.

    Two tensors of the size of h are kept for the way back: h itself and x.
    """
    out: Tensor = _SignedRound.apply(h.contiguous(), mix, bend, tuple(topos), tuple(weights))  # type: ignore[no-untyped-call]
    return out


class _SignedRound(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, h: Tensor, mix: Tensor, bend: Tensor, topos: tuple[Topology, ...], weights: Any
    ) -> Tensor:
        """The round, keeping h and x."""
        mix, bend = mix.to(h.dtype), bend.to(h.dtype)
        scratch, x = _scratch(h), h.clone()
        for topo, weight, w in zip(topos, weights, mix, strict=True):
            torch.mm(_rows(h), w, out=_rows(scratch))
            add_product(topo.matrix(weight), scratch.flatten(1), x.flatten(1))
        torch.ops.aten.gelu.out(x, out=scratch)
        out = torch.empty_like(h)
        torch.addmm(_rows(x), _rows(scratch), bend.T, out=_rows(out))
        ctx.topos, ctx.weights = topos, weights
        ctx.save_for_backward(h, x, mix, bend)
        return out

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients for h, W and U."""
        h, x, mix, bend = ctx.saved_tensors
        grad = grads[0].contiguous()
        passed, for_x = _scratch(h), _scratch(h)
        torch.ops.aten.gelu.out(x, out=passed)
        for_bend = _rows(grad).T @ _rows(passed)
        torch.mm(_rows(grad), bend, out=_rows(passed))
        torch.ops.aten.gelu_backward.grad_input(passed, x, grad_input=for_x)
        for_x += grad
        # Where one relation is all, nothing reads x's gradient after its product: it becomes h's.
        for_h = for_x if len(mix) == 1 else for_x.clone()
        for_mix = torch.empty_like(mix)
        for r, (topo, weight) in enumerate(zip(ctx.topos, ctx.weights, strict=True)):
            add_product(topo.transpose(weight), for_x.flatten(1), passed.zero_().flatten(1))
            torch.mm(_rows(h).T, _rows(passed), out=for_mix[r])
            _rows(for_h).addmm_(_rows(passed), mix[r].T)
        return for_h, for_mix, for_bend, None, None


def _rows(h: Float[Tensor, "gene patient channel"]) -> Float[Tensor, "row channel"]:
    return h.view(-1, h.shape[2])


def _scratch(h: Float[Tensor, "gene patient channel"]) -> Float[Tensor, "gene patient channel"]:
    """Memory for a tensor like h that a later tensor can take over."""
    return h.new_empty(h.numel() + SPARE)[: h.numel()].view(h.shape)
