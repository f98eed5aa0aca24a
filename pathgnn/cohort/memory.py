"""Refuse what the machine's memory cannot hold, before it is read."""

from __future__ import annotations

import os
from pathlib import Path

from pathgnn.errors import CohortError

SHARE_OF_MEMORY = 0.8


def refuse_size(path: Path, n_bytes: float) -> None:
    """Refuse a file that takes more than most of the memory.

    Raises:
        CohortError: saying how much it takes, and what to do.
    """
    if not hasattr(os, "sysconf"):
        return
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if n_bytes > SHARE_OF_MEMORY * there:
        raise CohortError(
            f"{path.name} would need about {n_bytes / 2**30:.0f} GB of memory, this machine has "
            f"{there / 2**30:.0f}; write it as parquet with patients as rows, which is read in "
            "parts, or keep fewer features"
        )
