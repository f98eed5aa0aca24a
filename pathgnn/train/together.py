"""One network trained by several processes at once, each on a part of the patients."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
import torch.distributed as dist
from jaxtyping import Float
from torch import Tensor
from torch.nn.parameter import Parameter

from pathgnn.model.config import FitConfig


def shared(fit: FitConfig, n_patients: int) -> bool:
    """Do several processes train together, with a patient for each?"""
    if not (fit.together and dist.is_available() and dist.is_initialized()):
        return False
    return 1 < dist.get_world_size() <= n_patients


def own_part(n_patients: int) -> slice:
    """This process's patients: consecutive, in parts as equal as can be."""
    rank, size = dist.get_rank(), dist.get_world_size()
    return slice(n_patients * rank // size, n_patients * (rank + 1) // size)


def gathered(
    part: Float[Tensor, "2 own pathway"], n_patients: int
) -> Float[Tensor, "2 patient pathway"]:
    """The activities of all patients; gradients flow to this process's own.

    All that follows is computed by every process alike: it is little beside the genes. So any loss
    can be used, a Cox likelihood too.
    """
    out: Tensor = _Gathered.apply(part, n_patients)  # type: ignore[no-untyped-call]
    return out


def average_gradients(parameters: Iterable[Parameter]) -> None:
    """Replace each gradient by its mean over the processes.

    Together with `gathered`, which multiplies by their number, gradients are those of one process:
    what all compute alike stays, what each computes of its own patients is summed.
    """
    grads = [p.grad for p in parameters if p.grad is not None]
    flat = torch.cat([g.flatten() for g in grads])
    dist.all_reduce(flat)
    flat /= dist.get_world_size()
    parts = torch.split(flat, [g.numel() for g in grads])
    for grad, mean in zip(grads, parts, strict=True):
        grad.copy_(mean.view_as(grad))


def agreed(loss: Tensor) -> Tensor:
    """The first process's loss, so that all take the same step on different machines, too."""
    loss = loss.detach().clone()
    dist.broadcast(loss, 0)
    return loss


class _Gathered(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, part: Tensor, n_patients: int) -> Tensor:
        """All patients' activities: a sum of parts that are 0 elsewhere."""
        ctx.own = own_part(n_patients)
        whole = part.new_zeros(part.shape[0], n_patients, part.shape[2])
        whole[:, ctx.own] = part
        dist.all_reduce(whole)
        return whole

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """The own patients' gradients, times the number of processes."""
        return grads[0][:, ctx.own] * dist.get_world_size(), None
