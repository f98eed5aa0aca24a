"""Numbered draws in several processes, each kept in a file of its own; what is lacking is done."""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

from pathgnn.errors import ConfigError
from pathgnn.files import write_json

Progress = Callable[[str], None]
# From what was packed and the number of a draw to what is kept of it, as JSON.
Work = Callable[[bytes, int], dict[str, Any]]


class Kept(NamedTuple):
    """Where draws are kept, and the stamp of data, settings and versions that they belong to."""

    folder: Path
    stamp: str

    def path(self, number: int) -> Path:
        """The file of one draw."""
        return self.folder / f"{number:04d}.json"


class Pool(NamedTuple):
    """How many processes work, and what is told after each draw."""

    processes: int = 1
    progress: Progress = lambda _: None


def run_draws(
    work: Work, packed: bytes, kept: Kept, numbers: range, pool: Pool
) -> list[dict[str, Any]]:
    """The content of all draws; those that an earlier call finished are read back.

    Each process writes a draw as soon as it is finished; a killed one loses only the draw it was
    at, which is done again as long as there is progress.

    Args:
        work: A function of a module, not of a notebook; a process of its own calls it.
        packed: What `work` needs, as bytes, so that no patient's data touch the disk.
        kept: Where, and under which stamp.
        numbers: The draws that are wanted.
        pool: Processes and progress.

    Raises:
        ConfigError: draws of other data, settings or versions; or processes die without progress.
    """
    if pool.processes < 1:
        raise ConfigError(f"{pool.processes} processes cannot work; give 1 or more")
    lacking = _lacking(kept, numbers)
    for number in sorted(set(numbers) - set(lacking)):
        pool.progress(f"draw {number}: kept")
    while lacking:
        for number in _finished((work, packed, kept), lacking, pool.processes):
            pool.progress(f"draw {number}")
        before, lacking = len(lacking), _lacking(kept, lacking)
        if len(lacking) == before:
            raise ConfigError(
                f"the worker processes end before draw {lacking[0]} is finished; is there memory "
                f"for {pool.processes} at once? Lower `processes`. A script that starts them must "
                'do so under `if __name__ == "__main__":`'
            )
    return [content for number in numbers if (content := read_draw(kept, number)) is not None]


def read_draw(kept: Kept, number: int) -> dict[str, Any] | None:
    """What was kept of a draw; None where there is nothing, or a file that was cut off.

    Raises:
        ConfigError: the draw belongs to other data, settings or versions.
    """
    path = kept.path(number)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(content, dict) or "stamp" not in content:
        return None
    if content["stamp"] != kept.stamp:
        raise ConfigError(
            f"{path} is a draw of other data, settings or versions than this run's; delete "
            f"{kept.folder}, or give another run folder with --out"
        )
    return content


def _lacking(kept: Kept, numbers: range | list[int]) -> list[int]:
    return [number for number in numbers if read_draw(kept, number) is None]


def _finished(job: tuple[Work, bytes, Kept], lacking: list[int], n: int) -> Iterator[int]:
    """Draws as they are finished; a process that dies leaves its draw undone and is not replaced.

    Each process is a pool of its own, or one that dies would take the others along. No draw waits
    inside a pool, so that an interrupt ends soon.
    """
    # spawn: a forked process inherits the locks of the threads of torch and BLAS, and may hang.
    context = multiprocessing.get_context("spawn")
    waiting = iter(lacking)
    running: dict[Future[int], ProcessPoolExecutor] = {}
    with ExitStack() as stack:
        for number in islice(waiting, n):
            pool = stack.enter_context(ProcessPoolExecutor(1, context, begin_worker))
            running[pool.submit(_one, job, number)] = pool
        while running:
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                pool = running.pop(future)
                try:
                    done = future.result()
                except BrokenProcessPool:
                    continue
                yield done
                running |= {pool.submit(_one, job, number): pool for number in islice(waiting, 1)}


def _one(job: tuple[Work, bytes, Kept], number: int) -> int:
    """Do one draw in this process and keep it."""
    from threadpoolctl import threadpool_limits

    work, packed, kept = job
    # Here and not in `begin_worker`: only by now has `work` loaded its libraries.
    with threadpool_limits(1):
        content = work(packed, number)
    write_json(kept.path(number), {"stamp": kept.stamp, **content})
    return number


def begin_worker() -> None:
    """One thread per process, and none outlives the process that started it."""
    import torch

    torch.set_num_threads(1)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
