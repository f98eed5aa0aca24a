"""Blocks of patients whose losses are kept as one sum: few numbers, and nobody's own."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int

# A trial keeps so many sums at most, each over so many patients or more.
MOST_BLOCKS, FEWEST_IN_BLOCK = 100, 5


def blocks_of(
    fold: Int[np.ndarray, " patient"], group: Int[np.ndarray, " patient"], rng: np.random.Generator
) -> Int[np.ndarray, " patient"]:
    """Block of each patient, numbered fold by fold: groups of a fold that chance put together.

    Groups stay whole, so that blocks are independent where groups are. A fold of fewer patients is
    one block.
    """
    least = max(FEWEST_IN_BLOCK, -(-len(fold) // MOST_BLOCKS))
    code = np.unique(group, return_inverse=True)[1]
    size = np.bincount(code)
    block_of, n_blocks = np.zeros(len(size), dtype=np.int64), 0
    for k in range(int(fold.max()) + 1):
        mine = rng.permutation(np.unique(code[fold == k]))
        block_of[mine] = n_blocks + _runs(size[mine], least)
        n_blocks = int(block_of[mine].max()) + 1
    return np.asarray(block_of[code])


def _runs(sizes: Int[np.ndarray, " group"], least: int) -> Int[np.ndarray, " group"]:
    """Neighbours together until they are enough; what is left over joins the last."""
    out, run, held = [], 0, 0
    for size in sizes:
        out.append(run)
        held += size
        if held >= least:
            run, held = run + 1, 0
    return np.minimum(out, max(run - 1, 0))
