"""One process at a time in a run folder: a lock file that says who is at work."""

from __future__ import annotations

import errno
import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from pathgnn.errors import ConfigError
from pathgnn.files import writing

LOCK = "run.lock"
MOST_BYTES = 1000


class Owner(NamedTuple):
    """The process at work in a folder; `job` is that of a cluster, empty where there is none."""

    pid: int
    host: str
    since: str
    job: str = ""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder for this process; the lock of a dead one is taken over.

    The operating system frees the lock of a process that is killed. Where the file system cannot
    lock, and for another machine's process, what the file says decides. On Windows nothing locks.

    Raises:
        ConfigError: another process is at work in the folder; it is named.
        StorageError: the folder cannot be written.
    """
    if sys.platform == "win32":
        yield
        return
    path = folder / LOCK
    with writing(path):
        folder.mkdir(parents=True, exist_ok=True)
        handle = _open(path)
    try:
        with writing(path):
            _write(handle, Owner(os.getpid(), socket.gethostname(), _now(), _job()))
        yield
    finally:
        # Before the lock is free, or the file could be another's by now.
        path.unlink(missing_ok=True)
        os.close(handle)


def _open(path: Path) -> int:
    """The locked file; one that its last owner deleted meanwhile is opened anew."""
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
        try:
            _refuse_if_taken(path, handle)
            if _is_there(path, handle):
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _refuse_if_taken(path: Path, handle: int) -> None:
    is_free = _flock(handle)
    owner = _read(handle)
    if is_free is None and owner is not None:
        is_free = owner.host == socket.gethostname() and not _is_alive(owner.pid)
    if is_free is False or (owner is not None and _is_elsewhere(owner)):
        who = "another process" if owner is None else f"process {owner.pid} on {owner.host}"
        since = "" if owner is None else f", since {owner.since}"
        raise ConfigError(
            f"{who} is at work in {path.parent}{since}; wait for it, or give another run folder "
            f"with --out (if it is long dead, delete {path})"
        )


def _is_elsewhere(owner: Owner) -> bool:
    """Is it another machine's? A job of a cluster is at work once, whichever node it is put on."""
    is_own_job = bool(owner.job) and owner.job == _job()
    return owner.host != socket.gethostname() and not is_own_job


def _job() -> str:
    return os.environ.get("SLURM_JOB_ID", "")


def _flock(handle: int) -> bool | None:
    """True: locked now; False: another process holds it; None: the file system cannot lock."""
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return False if error.errno in (errno.EAGAIN, errno.EACCES) else None
    return True


def _is_there(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _read(handle: int) -> Owner | None:
    """Who wrote the file; None where it is empty or was cut off."""
    try:
        words = json.loads(os.pread(handle, MOST_BYTES, 0))
        job = str(words.get("job", ""))
        return Owner(int(words["pid"]), str(words["host"]), str(words["since"]), job)
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _write(handle: int, owner: Owner) -> None:
    os.ftruncate(handle, 0)
    os.pwrite(handle, json.dumps(owner._asdict()).encode(), 0)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
