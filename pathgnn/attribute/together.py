"""Attribution of a large cohort by several processes, in shards that are kept and merged."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from pathgnn.attribute.attribute import GENES, PATIENTS, Shard, finished, shard
from pathgnn.attribute.attribution import Attribution
from pathgnn.attribute.reference import Compared
from pathgnn.ranks import Ranks
from pathgnn.train.checkpoints import Checkpoints

# Shards for each process: a killed job loses a part of its work, not all.
SHARDS_EACH = 4
SUMS = ("patients", "edge", "slope", "member", "counted")


def attribute_together(who: Compared, kept: Checkpoints, ranks: Ranks) -> Attribution:
    """The attribution that `attribute` gives, to rounding, the same on every process.

    Args:
        who: The same on all processes.
        kept: A folder that all of them see; shards that lie there are taken up.
        ranks: Which of them this one is.
    """
    blocks = torch.tensor_split(torch.arange(who.nodes.n_patients), ranks.size * SHARDS_EACH)

    def taken(i: int) -> Shard:
        name = f"shard-{i + 1}-of-{len(blocks)}"
        return _shard(kept.arrays(name, lambda: _numbers(who, blocks[i])))

    for i in ranks.mine([float(len(block)) for block in blocks]):
        taken(i)
    ranks.wait()
    shards = [taken(i) for i in range(len(blocks))]
    # All have read them: they may be cleared.
    ranks.wait()
    return finished(who, shards)


def _numbers(who: Compared, patients: Int[Tensor, " patient"]) -> dict[str, np.ndarray]:
    made = shard(who, patients)
    numbers = {name: getattr(made, name).numpy() for name in SUMS}
    return numbers | {name: made.parts[name].numpy() for name in (*GENES, *PATIENTS)}


def _shard(numbers: Mapping[str, np.ndarray]) -> Shard:
    tensors = {name: torch.from_numpy(value) for name, value in numbers.items()}
    parts = {name: tensors.pop(name) for name in (*GENES, *PATIENTS)}
    return Shard(parts=parts, **tensors)
