"""Who works at a trial, and whether that process is still alive."""

from __future__ import annotations

import os
import platform
import sys
import threading
from pathlib import Path

SEPARATOR = " | "


def identity() -> str:
    """This machine, process and thread, the process told from a later one of the same number."""
    pid = os.getpid()
    words = (_machine(), str(pid), _started(pid) or "", str(threading.get_ident()))
    return SEPARATOR.join(words)


def is_dead(who: str) -> bool:
    """True where a process of this machine is no more; False where it lives or nobody can tell."""
    parts = who.split(SEPARATOR)
    # On Windows `os.kill` ends a process where elsewhere it only asks.
    if sys.platform == "win32" or len(parts) != 4 or parts[0] != _machine():
        return False
    pid, started = int(parts[1]), parts[2]
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    now = _started(pid)
    return now is None or now != started


def _machine() -> str:
    """A machine since its last start; containers that do not see each other's processes differ."""
    parts = [platform.node()]
    for path in (Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")):
        try:
            parts.append(os.readlink(path) if path.is_symlink() else path.read_text().strip())
        except OSError:
            continue
    return " ".join(parts)


def _started(pid: int) -> str | None:
    """When a process started, in ticks since boot; None: it is over. Empty where nobody says."""
    if not Path("/proc/self/stat").exists():
        return ""
    try:
        # The name, in brackets, may hold anything; what follows does not.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    # A zombie has ended, and only waits for its parent to ask.
    return None if fields[0] in "ZX" else fields[19]
