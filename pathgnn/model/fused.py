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
        learned = tuple(w.to(h.dtype) for w in learned)
        kept, scratch, between = [h], _scratch(h), _scratch(h)
        for i, (topos, weights) in enumerate(edges):
            mix, bend = learned[2 * i : 2 * i + 2]
            x = h.clone()
            for topo, weight, w in zip(topos, weights, mix, strict=True):
                _multiply(h, w, scratch)
                add_product(topo.matrix(weight), scratch.flatten(1), x.flatten(1))
            kept.append(x)
            torch.ops.aten.gelu.out(x, out=scratch)
            h = torch.empty_like(x) if i + 1 == len(edges) else between
            _multiply(scratch, bend.T, h, x)
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
            for_bend = _for_weights(grad, gelu)
            _multiply(grad, bends[i], passed)
            for_x = torch.ops.aten.gelu_backward.grad_input(
                passed, xs[i], grad_input=_scratch(first)
            )
            for_x += grad
            h = first
            if i:
                h = again
                torch.ops.aten.gelu.out(xs[i - 1], out=gelu)
                _multiply(gelu, bends[i - 1].T, h, xs[i - 1])
            grad, for_mix = _back_along(ctx.edges[i], mixes[i], (h, for_x), passed)
            learned += [for_bend, for_mix]
        return grad, None, *reversed(learned)


def _back_along(
    edges: tuple[tuple[Topology, ...], tuple[Tensor, ...]],
    mix: Float[Tensor, "relation channel channel"],
    given: tuple[Tensor, Tensor],
    passed: Float[Tensor, "gene patient channel"],
) -> tuple[Tensor, Tensor]:
    """From h and the gradient of x, those of h and of every W; `passed` is scratch."""
    h, for_x = given
    # Where one relation is all, nothing reads x's gradient after its product: it becomes h's.
    for_h = for_x if len(mix) == 1 else for_x.clone()
    for_mix = torch.empty_like(mix)
    for w, for_w, topo, weight in zip(mix, for_mix, *edges, strict=True):
        add_product(topo.transpose(weight), for_x.flatten(1), passed.zero_().flatten(1))
        for_w.copy_(_for_weights(h, passed))
        _multiply(passed, w.T, for_h, for_h)
    return for_h, for_mix


def _multiply(
    h: Float[Tensor, "gene patient channel"],
    w: Float[Tensor, "channel channel"],
    out: Float[Tensor, "gene patient channel"],
    base: Float[Tensor, "gene patient channel"] | None = None,
) -> None:
    """out = base + h w, written to `out`, which may be `base`."""
    onto, beta = (out, 0) if base is None else (base, 1)
    for rows, to, added in zip(_rows(h), _rows(out), _rows(onto), strict=True):
        n = rows.shape[1] // len(w)
        wide = torch.kron(torch.eye(n, dtype=w.dtype, device=w.device), w.contiguous())
        torch.addmm(added, rows, wide, beta=beta, out=to)


def _for_weights(
    h: Float[Tensor, "gene patient channel"], grad: Float[Tensor, "gene patient channel"]
) -> Float[Tensor, "channel channel"]:
    """h^T grad over all genes and patients."""
    c = h.shape[2]
    out = h.new_zeros(c, c)
    for rows, of_rows in zip(_rows(h), _rows(grad), strict=True):
        n = rows.shape[1] // c
        out += (rows.T @ of_rows).view(n, c, n, c).diagonal(dim1=0, dim2=2).sum(-1)
    return out


def _rows(h: Float[Tensor, "gene patient channel"]) -> list[Float[Tensor, "_ _"]]:
    """Features as a matrix, on a CPU several patients in a row, and those that are left over."""
    c, numbers = h.shape[2], h.view(-1)
    width = c if h.is_cuda else c * max(1, WIDTH // c)
    end = len(numbers) // width * width
    parts = [numbers[:end].view(-1, width), numbers[end:].view(-1, c)]
    return [part for part in parts if len(part)]


def _scratch(h: Float[Tensor, "gene patient channel"]) -> Float[Tensor, "gene patient channel"]:
    """Memory for a tensor like h that a later tensor can take over."""
    return h.new_empty(h.numel() + SPARE)[: h.numel()].view(h.shape)
