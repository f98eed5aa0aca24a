"""Work for draws in other processes; no test module, so that those can import it."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from pathgnn.errors import CohortError


def square(packed: bytes, number: int) -> dict[str, int]:
    """The square of the number, and how long what was packed is."""
    return {"square": number**2, "size": len(packed)}


def dies_once_at_two(packed: bytes, number: int) -> dict[str, int]:
    """As `square`, but draw 2 kills its process the first time; the folder is packed."""
    here = Path(packed.decode()) / "died"
    if number == 2 and not here.exists():
        here.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return square(packed, number)


def always_dies(packed: bytes, number: int) -> dict[str, int]:
    """Kills its process at once."""
    os.kill(os.getpid(), signal.SIGKILL)
    return {}


def refuses(packed: bytes, number: int) -> dict[str, int]:
    """Fails with an error of ours."""
    raise CohortError(f"draw {number} cannot be done")


def threads(packed: bytes, number: int) -> dict[str, list[int]]:
    """How many threads torch and the linear algebra libraries would take here."""
    import torch
    from threadpoolctl import threadpool_info

    return {"threads": [torch.get_num_threads(), *(i["num_threads"] for i in threadpool_info())]}
