"""A PostgreSQL server of its own for a test: a socket in a temporary folder, nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

# PostgreSQL refuses to run as root.
SOMEBODY = "nobody"
PLACES = "/usr/lib/postgresql"


@contextmanager
def running() -> Iterator[str]:
    """The address of a server that is stopped at the end; a skip where PostgreSQL is not there."""
    # A socket's path has 107 letters at most, and pytest's folders are long and closed to others.
    folder = Path(tempfile.mkdtemp(prefix="pathgnn-pg-", dir="/tmp"))
    try:
        if os.getuid() == 0:
            shutil.chown(folder, SOMEBODY)
        data = folder / "data"
        _run("initdb", "-D", data, "-U", "tester", "--auth=trust", "-E", "UTF8", "--no-sync")
        options = f"-k {folder} -h '' -c fsync=off"
        log = folder / "log"
        _run("pg_ctl", "-D", data, "-w", "-t", "60", "-l", log, "-o", options, "start")
        try:
            yield f"postgresql://tester@/postgres?host={folder}"
        finally:
            _run("pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(name: str, *words: object) -> None:
    as_somebody = ["runuser", "-u", SOMEBODY, "--"] if os.getuid() == 0 else []
    command = [*as_somebody, str(_program(name)), *map(str, words)]
    # Its own output would keep a pipe open as long as the server runs.
    with tempfile.TemporaryFile() as said:
        done = subprocess.run(command, stdout=said, stderr=said, cwd="/", check=False)
        said.seek(0)
        assert done.returncode == 0, said.read().decode()


def _program(name: str) -> Path:
    found = [*Path(PLACES).glob(f"*/bin/{name}")]
    path = found[-1] if found else shutil.which(name)
    if path is None:
        pytest.skip("no PostgreSQL here: apt-get install postgresql")
    return Path(path)
