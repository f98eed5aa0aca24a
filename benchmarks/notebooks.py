"""How long does each notebook take?

On a free core the clock shows the processor's seconds; on a machine that is busy with other work,
as `load` says, it shows more.
"""

from __future__ import annotations

import os
import resource
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from record import arguments, bar, record

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
RUNS, MOST = 1, 120.0


def main() -> None:
    """Run every notebook, print the table, write the JSON."""
    args = arguments("How long does each notebook take?")
    # One thread, as in the tests: networks this small gain nothing from more.
    os.environ["OMP_NUM_THREADS"] = "1"
    paths = sorted(NOTEBOOKS.glob("*.ipynb"))
    rows = []
    for path in paths[:1] if args.quick else paths:
        for _ in range(1 if args.quick else RUNS):
            rows.append({"notebook": path.stem, **once(path)})
            print(rows[-1], flush=True)
    if not args.quick:
        record("notebooks", "How long does each notebook take?", {}, rows, bars_of(rows))


def once(path: Path) -> dict[str, float]:
    """Seconds on the clock and of the processor, and the load of the machine before."""
    load = os.getloadavg()[0]
    notebook = nbformat.read(path, as_version=4)
    started, before = time.perf_counter(), _processor()
    with tempfile.TemporaryDirectory() as folder:
        where = {"metadata": {"path": folder}}
        NotebookClient(notebook, timeout=1200, resources=where).execute()
    clock = time.perf_counter() - started
    return {
        "clock": round(clock, 1),
        "processor": round(_processor() - before, 1),
        "load": round(load, 1),
    }


def bars_of(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Median processor seconds of each notebook."""
    out = []
    for name in sorted({row["notebook"] for row in rows}):
        each = [row["processor"] for row in rows if row["notebook"] == name]
        middle = statistics.median(each)
        what = f"{name}: processor seconds, median of {len(each)}"
        limits = {"low": min(each), "high": max(each)}
        out.append(bar(what, middle, f"< {MOST:g}", middle < MOST, **limits))
    return out


def _processor() -> float:
    """Seconds that finished child processes have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
