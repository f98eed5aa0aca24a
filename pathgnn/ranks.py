"""One of several processes that share a job: what is its part, and when have all done theirs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import NamedTuple

# A process may have to wait for another's whole training.
PATIENCE = timedelta(days=7)


class Ranks(NamedTuple):
    """This process's place among `size` processes; alone by default. The first one writes."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Is this the process that writes and speaks?"""
        return self.rank == 0

    def mine(self, cost: Sequence[float]) -> list[int]:
        """This process's items: the costly ones are dealt out first, each to who has least."""
        load = [0.0] * self.size
        owner = {}
        for item in sorted(range(len(cost)), key=lambda i: (-cost[i], i)):
            owner[item] = load.index(min(load))
            load[owner[item]] += cost[item]
        return [item for item in range(len(cost)) if owner[item] == self.rank]

    def wait(self) -> None:
        """Go on when all processes have come here."""
        if self.size > 1:
            import torch.distributed as dist

            dist.barrier()


ALONE = Ranks()


@contextmanager
def joined() -> Iterator[Ranks]:
    """The processes that `torchrun` or a cluster started together; else this one alone.

    They talk by gloo on CPUs and by nccl on GPUs, one GPU each.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) < 2 or "RANK" not in os.environ:
        yield ALONE
        return
    import torch
    import torch.distributed as dist
    from torch.distributed.distributed_c10d import PrefixStore
    from torch.distributed.rendezvous import rendezvous

    backend = "gloo"
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
        backend = "cpu:gloo,cuda:nccl"
    # Started again after one died, processes would find the dead one's address under the same name.
    attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    store, rank, size = next(rendezvous("env://", timeout=PATIENCE))
    store = PrefixStore(f"attempt {attempt}", store)
    dist.init_process_group(backend, timeout=PATIENCE, world_size=size, rank=rank, store=store)
    try:
        yield Ranks(rank, size)
    finally:
        dist.destroy_process_group()
