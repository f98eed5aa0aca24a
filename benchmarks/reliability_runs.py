"""Runs of a small study in processes of their own: killed, starved, disturbed, and resumed."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from threading import RLock
from typing import IO, Any, NamedTuple

import numpy as np
from tqdm.auto import tqdm

from pathgnn.files import sha256
from pathgnn.lock import LOCK

# What two runs of a study must agree on bit by bit.
COMPARED = ("tables/*", "*.csv", "metrics.json", "graph.graphml")
SECONDS = 600


class Ended(NamedTuple):
    """How a command ended and what it said."""

    status: int
    said: str
    seconds: float


def pathgnn(*arguments: object, limit: int | None = None) -> Ended:
    """The command line in a process of its own; `limit` bounds the bytes of any file it writes."""
    with TemporaryFile() as said:
        begun = time.perf_counter()
        ended = start(*arguments, said=said, limit=limit).wait(SECONDS)
        said.seek(0)
        text = said.read().decode(errors="replace")
    return Ended(ended, text, time.perf_counter() - begun)


class Process(NamedTuple):
    """A process of the command line."""

    pid: int

    def poll(self) -> int | None:
        """Its exit status; None while it runs. A killed one has the negative of its signal."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        return os.waitstatus_to_exitcode(status) if pid else None

    def wait(self, seconds: float) -> int:
        """Its exit status, once it has ended.

        Raises:
            TimeoutError: it works longer.
        """
        end = time.perf_counter() + seconds
        while (status := self.poll()) is None:
            if time.perf_counter() > end:
                raise TimeoutError(f"process {self.pid} works longer than {seconds:g} seconds")
            time.sleep(0.01)
        return status

    def kill(self) -> None:
        """kill -9, and wait until it is dead."""
        os.kill(self.pid, signal.SIGKILL)
        self.wait(SECONDS)


def start(*arguments: object, said: IO[bytes] | None = None, limit: int | None = None) -> Process:
    """The command line, at work in a fork of this process: the libraries are loaded already.

    So a random moment falls into the work, not into the seconds that loading them takes.
    """
    import pathgnn.run  # noqa: F401
    from pathgnn.cli import main

    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return Process(pid)
    try:
        # The lock of bars is shared by all forks: one that is killed while it draws keeps it. The
        # class of the bars has its own, beside that of tqdm.
        tqdm.set_lock(RLock())
        quiet = os.open(os.devnull, os.O_RDWR) if said is None else said.fileno()
        for stream in (1, 2):
            os.dup2(quiet, stream)
        sys.stdout, sys.stderr = (os.fdopen(n, "w", closefd=False) for n in (1, 2))
        sys.argv = ["pathgnn", *map(str, arguments)]
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        main()
    except SystemExit as end:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(end.code if isinstance(end.code, int) else 1)
    finally:
        os._exit(99)


def fingerprint(out: Path) -> dict[str, str]:
    """Hash of every table of a run folder."""
    files = {p for pattern in COMPARED for p in out.glob(pattern) if p.is_file()}
    return {str(p.relative_to(out)): sha256(p) for p in sorted(files)}


def kills(study: Path, work: Path, moments: int, seed: int) -> list[dict[str, Any]]:
    """Kill a run at random moments, resume it, and compare every table with an undisturbed run."""
    whole = pathgnn("run", study, "--out", work / "whole")
    if whole.status:
        raise RuntimeError(whole.said[-2000:])
    expected, rng = fingerprint(work / "whole"), np.random.default_rng(seed)
    rows = [{"kind": "undisturbed run", "seconds": round(whole.seconds, 1), "seed": seed}]
    while len(rows) <= moments:
        row = _kill(study, work / "killed", float(rng.uniform(0, whole.seconds)), expected)
        if row is not None:
            rows.append(row)
            print(row, flush=True)
    return rows


def _kill(study: Path, out: Path, moment: float, expected: dict[str, str]) -> dict[str, Any] | None:
    """One kill and what the resumed run wrote; None where the run was over before."""
    shutil.rmtree(out, ignore_errors=True)
    process = start("run", study, "--out", out)
    try:
        process.wait(moment)
        return None
    except TimeoutError:
        process.kill()
    stages = (out / "stages.json").read_text() if (out / "stages.json").is_file() else ""
    left = {
        "moment": round(moment, 1),
        "stages_done": stages.count(":"),
        "parts_kept": len(list(out.glob("fit-parts/[a-z]*.safetensors"))),
        "stale_lock": (out / LOCK).is_file(),
    }
    again = pathgnn("run", study, "--out", out)
    found = fingerprint(out)
    different = sorted(k for k in {*found, *expected} if found.get(k) != expected.get(k))
    rest = [p.name for p in out.rglob(".*")] + [p.name for p in out.glob(LOCK)]
    return {
        "kind": "kill -9",
        **left,
        "status": again.status,
        "tables": len(expected),
        "different": different,
        "left_over": rest,
        "survived": again.status == 0 and not different and not rest,
    }


class Fault(NamedTuple):
    """Something that goes wrong once: how, and a word its sentence must hold."""

    name: str
    break_it: Callable[[Path, Path], Ended]
    said: str


def faults(study: Path, work: Path) -> list[dict[str, Any]]:
    """Break one run again and again, each in another way; in the end its tables must be whole."""
    out, rows = work / "faulty", []
    for fault in FAULTS:
        ended = fault.break_it(study, out)
        rows.append(
            {
                "kind": "fault",
                "name": fault.name,
                "status": ended.status,
                "sentence": _sentence(ended.said, study, work),
                "in_order": ended.status == 2
                and fault.said in ended.said
                and "Traceback" not in ended.said
                and not list(out.rglob(".part-*")),
            }
        )
        print(rows[-1], flush=True)
    done = pathgnn("run", study, "--out", out)
    same = fingerprint(out) == fingerprint(work / "whole")
    ok = done.status == 0 and same
    return [
        *rows,
        {"kind": "fault", "name": "after all of them", "in_order": ok, "status": done.status},
    ]


def _sentence(said: str, study: Path, work: Path) -> str:
    """The last line that was printed, without this machine's folders."""
    line = (said.strip().splitlines() or [""])[-1]
    return line.replace(f"{work}/", "").replace(f"{study.parent}/", "")[:200]


def _small_files(study: Path, out: Path) -> Ended:
    return pathgnn("run", study, "--out", out, limit=300_000)


def _tiny_files(study: Path, out: Path) -> Ended:
    """Small tables fit, the weights of the model do not."""
    return pathgnn("fit", study, "--out", out, limit=12_000)


def _full_disk(study: Path, out: Path) -> Ended:
    """A file system of one megabyte where the run folder is to be."""
    place = out.parent / "full"
    with mounted(place, "size=1m"):
        return pathgnn("run", study, "--out", place / "run")


def _read_only(study: Path, out: Path) -> Ended:
    place = out.parent / "sealed"
    with mounted(place, "size=1m,ro"):
        return pathgnn("run", study, "--out", place / "run")


def _removed_input(study: Path, out: Path) -> Ended:
    table = study.parent / "expression.csv"
    table.rename(table.with_suffix(".away"))
    try:
        return pathgnn("run", study, "--out", out)
    finally:
        table.with_suffix(".away").rename(table)


def _second_process(study: Path, out: Path) -> Ended:
    first = start("run", study, "--out", out)
    while not (out / LOCK).is_file() and first.poll() is None:
        time.sleep(0.05)
    try:
        second = pathgnn("run", study, "--out", out)
        named = f"process {first.pid} " in second.said
        return second if named else second._replace(said=f"it names no process: {second.said}")
    finally:
        first.wait(SECONDS)


@contextmanager
def mounted(place: Path, options: str) -> Iterator[None]:
    """A file system in memory at a folder; only root may do that."""
    place.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True)


FAULTS = (
    Fault("files above 12 kB refused, as by a quota", _tiny_files, "cannot write"),
    Fault("files above 300 kB refused", _small_files, "cannot write"),
    Fault("a disk of one megabyte", _full_disk, "No space left"),
    Fault("a read-only disk", _read_only, "Read-only"),
    Fault("an input removed before the rerun", _removed_input, "no file at"),
    Fault("a second process in the same folder", _second_process, "is at work in"),
)
