"""A first look at an HDF5 file in a process of its own: a damaged one can hang the library."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from pathgnn.errors import CohortError

SECONDS = 60
# Opens everything, reads attributes and what is small, and says how many bytes all of it holds.
LOOK = """
import sys, h5py
total = 0
def see(name, item):
    global total
    try:
        list(item.attrs.values())
        if isinstance(item, h5py.Dataset):
            size = item.size * max(item.dtype.itemsize, 1)
            total += size
            size > 2**20 or item[()]
    except Exception:
        pass
try:
    with h5py.File(sys.argv[1], "r") as file:
        see("", file)
        file.visititems(see)
except Exception:
    pass
print(total)
"""


def bytes_inside(path: Path) -> int:
    """How many bytes the datasets of a file hold, unpacked; 0 where it is no HDF5 file.

    Raises:
        CohortError: the library hangs or crashes on the file.
    """
    command = [sys.executable, "-c", LOOK, str(path)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise CohortError(
            f"{path.name} is damaged: its parts cannot be listed within {SECONDS} seconds; fetch "
            "it again"
        ) from error
    if done.returncode < 0:
        raise CohortError(f"{path.name} is damaged: the HDF5 library crashes on it; fetch it again")
    text = done.stdout.decode().strip()
    return int(text) if text.isdigit() else 0
