"""Rounds of signed messages in one step, forward and back, with as little memory as they need."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from pathgnn.model.sparse import Topology, add_product

# Floats that scratch is longer than features. glibc before 2.38 never gives a freed aligned block
# to a request of the same size: without this, each passing tensor would cost memory for good.
SPARE = 64
# Products with the small weights of few channels are several times faster on a CPU when so many
# numbers stand in a row: the rows of several patients side by side.
WIDTH = 16


class Round(NamedTuple):
    """What one round learns, W of each relation and U, and the fixed weights of its edges."""

    mix: Float[Tensor, "relation channel channel"]
    bend: Float[Tensor, "channel channel"]
    topos: tuple[Topology, ...]
    weights: tuple[Tensor, ...]


def signed_rounds(
    h: Float[Tensor, "gene patient channel"], rounds: Sequence[Round]
) -> Float[Tensor, "gene patient channel"]:
    """x = h + sum_r A_r h W_r, then x + gelu(x) U^T, round after round.

    Gradients for h, W and U, not for edges. One tensor of the size of h is kept per round, x, and
    the first h: the h of a later round is made again from the x before it.
    """
    edges = tuple((r.topos, r.weights) for r in rounds)
    learned = [w for r in rounds for w in (r.mix, r.bend)]
    out: Tensor = _SignedRounds.apply(h.contiguous(), edges, *learned)  # type: ignore[no-untyped-call]
    return out


class _SignedRounds(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, h: Tensor, edges: Any, *learned: Tensor) -> Tensor:
        """The rounds, keeping h and the x of each."""
        learned = tuple(_beside(w.to(h.dtype), _n_beside(h)) for w in learned)
        kept, scratch, between = [h], _scratch(h), _scratch(h)
        for i, (topos, weights) in enumerate(edges):
            mix, bend = learned[2 * i : 2 * i + 2]
            x = h.clone()
            for topo, weight, w in zip(topos, weights, mix, strict=True):
                torch.mm(_rows(h, w), w, out=_rows(scratch, w))
                add_product(topo.matrix(weight), scratch.flatten(1), x.flatten(1))
            kept.append(x)
            torch.ops.aten.gelu.out(x, out=scratch)
            h = _bent(x, scratch, bend, torch.empty_like(x) if i + 1 == len(edges) else between)
        ctx.edges = edges
        ctx.save_for_backward(*kept, *learned)
        return h

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients for h and every W and U, from the last round to the first."""
        first, *rest = ctx.saved_tensors
        n = len(ctx.edges)
        xs, mixes, bends = rest[:n], rest[n::2], rest[n + 1 :: 2]
        grad, learned = grads[0].contiguous(), []
        gelu, passed, again = (_scratch(first) for _ in range(3))
        torch.ops.aten.gelu.out(xs[-1], out=gelu)
        for i in reversed(range(n)):
            bend = bends[i]
            for_bend = _of_one(_rows(grad, bend).T @ _rows(gelu, bend), first)
            torch.mm(_rows(grad, bend), bend, out=_rows(passed, bend))
            for_x = torch.ops.aten.gelu_backward.grad_input(
                passed, xs[i], grad_input=_scratch(first)
            )
            for_x += grad
            h = first
            if i:
                torch.ops.aten.gelu.out(xs[i - 1], out=gelu)
                h = _bent(xs[i - 1], gelu, bends[i - 1], again)
            grad, for_mix = _back_along(ctx.edges[i], mixes[i], (h, for_x), passed)
            learned += [for_bend, for_mix]
        return grad, None, *reversed(learned)


def _back_along(
    edges: tuple[tuple[Topology, ...], tuple[Tensor, ...]],
    mix: Float[Tensor, "relation wide wide"],
    given: tuple[Tensor, Tensor],
    passed: Float[Tensor, "gene patient channel"],
) -> tuple[Tensor, Tensor]:
    """From h and the gradient of x, those of h and of every W; `passed` is scratch."""
    h, for_x = given
    # Where one relation is all, nothing reads x's gradient after its product: it becomes h's.
    for_h = for_x if len(mix) == 1 else for_x.clone()
    for_mix = h.new_empty(len(mix), h.shape[2], h.shape[2])
    for w, of_w, topo, weight in zip(mix, for_mix, *edges, strict=True):
        add_product(topo.transpose(weight), for_x.flatten(1), passed.zero_().flatten(1))
        of_w.copy_(_of_one(_rows(h, w).T @ _rows(passed, w), h))
        _rows(for_h, w).addmm_(_rows(passed, w), w.T)
    return for_h, for_mix


def _bent(x: Tensor, gelu: Tensor, bend: Tensor, out: Tensor) -> Tensor:
    """x + gelu(x) U^T, written to `out`."""
    torch.addmm(_rows(x, bend), _rows(gelu, bend), bend.T, out=_rows(out, bend))
    return out


def _n_beside(h: Float[Tensor, "gene patient channel"]) -> int:
    """How many rows of features go side by side."""
    n_rows, channels = h.shape[0] * h.shape[1], h.shape[2]
    n = 1
    while not h.is_cuda and 2 * n * channels <= WIDTH and n_rows % (2 * n) == 0:
        n *= 2
    return n


def _beside(w: Float[Tensor, "... channel channel"], n: int) -> Float[Tensor, "... wide wide"]:
    """Weights for n rows side by side: n times the same along the diagonal."""
    return torch.kron(torch.eye(n, dtype=w.dtype, device=w.device), w) if n > 1 else w


def _of_one(
    wide: Float[Tensor, "wide wide"], h: Float[Tensor, "gene patient channel"]
) -> Float[Tensor, "channel channel"]:
    """The gradient of weights from that of n times the same along a diagonal."""
    c = h.shape[2]
    n = len(wide) // c
    return wide.view(n, c, n, c).diagonal(dim1=0, dim2=2).sum(-1)


def _rows(
    h: Float[Tensor, "gene patient channel"], w: Float[Tensor, "wide wide"]
) -> Float[Tensor, "row wide"]:
    """Features as a matrix that is multiplied by w."""
    return h.view(-1, len(w))


def _scratch(h: Float[Tensor, "gene patient channel"]) -> Float[Tensor, "gene patient channel"]:
    """Memory for a tensor like h that a later tensor can take over."""
    return h.new_empty(h.numel() + SPARE)[: h.numel()].view(h.shape)
