"""What do two processes gain, are their numbers the same, and what do a million patients take?"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from memory_estimate import _memory, _peak, random_graph, random_nodes
from record import arguments, bar, record

from pathgnn.benefit.estimand import mean_gained
from pathgnn.model.config import FitConfig, NetConfig
from pathgnn.ranks import joined
from pathgnn.train.fit import Recipe
from pathgnn.train.outcome import outcome_networks, outlook

REPEATS, PATIENTS = 3, 300
GENES, DEGREE, OMICS, BATCH = 2000, 10, 3, 256
SIZES = (1000, 2000, 4000)
MILLION, FOLDS, MEMBERS, PASSES = 1_000_000, 5, 2, 50
TOLERANCE = 1e-4
ENV = {**os.environ, "OMP_NUM_THREADS": "1"}


def main() -> None:
    """Runs and joint training with one and two processes, growth with patients, the plan."""
    args = arguments(__doc__ or "")
    with tempfile.TemporaryDirectory() as home:
        rows = runs(Path(home), args.quick)
        rows += joint(Path(home), 500 if args.quick else SIZES[1])
    rows += [grown(n) for n in (SIZES[:1] if args.quick else SIZES)]
    for row in rows:
        print(row, flush=True)
    if args.quick:
        return
    plan = planned([row for row in rows if row["kind"] == "growth"])
    bars = _bars(rows)
    for line in (plan, *bars):
        print(line)
    record("scale_out", __doc__ or "", {}, [*rows, plan], bars)


def runs(home: Path, quick: bool) -> list[dict[str, Any]]:
    """`pathgnn run` of a simulated study, by one process and by two; are the tables the same?"""
    study = home / "trial"
    words = ["simulate", str(study), "--patients", str(120 if quick else PATIENTS)]
    _call([sys.executable, "-m", "pathgnn", *words, "--only", "HER2", "--only", "RTK_RAS_MAPK"])
    rows = []
    for repeat in range(1 if quick else REPEATS):
        for size in (1, 2):
            out = home / f"run-{size}-{repeat}"
            words = ["-m", "pathgnn", "run", str(study / "study.toml"), "--out", str(out)]
            wall, cpu = _call(_with_processes(size, words))
            rows.append({"kind": "run", "processes": size, "seconds": wall, "cpu_seconds": cpu})
        rows[-1] |= _compared(home / f"run-1-{repeat}", home / f"run-2-{repeat}")
    return rows


def _compared(one: Path, two: Path) -> dict[str, Any]:
    """Tables that are the same byte by byte, and the largest difference of the others."""
    files = sorted(path.name for path in (one / "tables").glob("*.csv"))
    same = [f for f in files if _bytes(one, f) == _bytes(two, f)]
    worst = 0.0
    for name in set(files) - set(same):
        a, b = (pd.read_csv(run / "tables" / name, comment="#") for run in (one, two))
        numbers = a.select_dtypes("number").columns
        size = a[numbers].abs().max().clip(lower=1e-12)
        worst = max(worst, float(((a[numbers] - b[numbers]).abs().max() / size).max()))
    return {"tables": len(files), "same_bytes": len(same), "largest_difference": worst}


def _bytes(run: Path, name: str) -> bytes:
    return (run / "tables" / name).read_bytes()


def joint(home: Path, n: int) -> list[dict[str, Any]]:
    """One network in mini-batches, by one process and by two together."""
    rows, found = [], {}
    for size in (1, 2):
        out = home / f"joint-{size}.json"
        words = [__file__, "--joint", json.dumps([n, str(out)])]
        _call(_with_processes(size, words))
        made = json.loads(out.read_text())
        found[size] = np.array(made.pop("outlook"))
        rows.append({"kind": "joint", "processes": size, "patients": n, **made})
    rows[-1]["largest_difference"] = float(np.abs(found[2] - found[1]).max() / found[1].std())
    return rows


def _joint(n: int, out: str) -> None:
    torch.set_num_threads(1)
    with joined() as ranks:
        _, nodes, recipe = _case(n, together=True)
        start = time.perf_counter()
        nets = outcome_networks(nodes, recipe, 0)
        seconds = time.perf_counter() - start
        if ranks.leads:
            made = {"seconds": seconds, "outlook": outlook(nets, nodes).tolist()}
            Path(out).write_text(json.dumps(made))


def _case(n: int, together: bool = False) -> tuple[Any, Any, Recipe]:
    graph = random_graph(GENES, DEGREE)
    fit = FitConfig(members=1, outcome_rounds=1, outlook_rounds=1, steps=2, batch=BATCH)
    fit = fit.model_copy(update={"together": together})
    return graph, random_nodes(graph, n, OMICS), Recipe(graph, mean_gained(), NetConfig(), fit)


def grown(n: int) -> dict[str, Any]:
    """CPU-seconds of a pass over n patients, and memory, in a fresh process."""
    words = [sys.executable, "-W", "ignore", __file__, "--grown", str(n)]
    row: dict[str, Any] = json.loads(subprocess.check_output(words, env=ENV).splitlines()[-1])
    return row


def _grown(n: int) -> dict[str, Any]:
    torch.set_num_threads(1)
    before = _memory()
    _, nodes, recipe = _case(n)
    cohort = _peak() - before
    before, start = _memory(), time.process_time()
    outcome_networks(nodes, recipe, 0)
    # Two passes, and as many without gradients that learn the activities' scales.
    seconds = (time.process_time() - start) / recipe.fit.steps
    sizes = {"genes": GENES, "edges": GENES * DEGREE, "omics": OMICS}
    memory = {"cohort_bytes": cohort, "training_bytes": _peak() - before}
    return {"kind": "growth", "patients": n, **sizes, "cpu_seconds_per_pass": seconds, **memory}


def planned(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """A million patients of this size by straight lines through what was measured."""
    n = np.array([row["patients"] for row in rows], float)
    line = {
        key: np.polyfit(n, [row[key] for row in rows], 1)[0]
        for key in ("cpu_seconds_per_pass", "cohort_bytes", "training_bytes")
    }
    # Cross-fitted networks on the true and the rewired graph, and those of the sequential test.
    networks = MEMBERS * (2 * FOLDS + (FOLDS - 2) / 2)
    hours = line["cpu_seconds_per_pass"] * MILLION * PASSES * networks / 3600
    return {
        "kind": "plan",
        "patients": MILLION,
        "networks": networks,
        "passes": PASSES,
        "cpu_seconds_per_pass_and_1000": float(1000 * line["cpu_seconds_per_pass"]),
        "core_hours": float(hours),
        "cohort_gb": float(line["cohort_bytes"] * MILLION / 1e9),
        "training_gb": float(line["training_bytes"] * MILLION / 1e9),
    }


def _bars(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    of = {
        size: [r["seconds"] for r in rows if r["kind"] == "run" and r["processes"] == size]
        for size in (1, 2)
    }
    ratio = np.array(of[1]) / np.array(of[2])
    tables = max(r["largest_difference"] for r in rows if "tables" in r)
    together = max(
        r["largest_difference"] for r in rows if r["kind"] == "joint" and "largest_difference" in r
    )
    growth = [r for r in rows if r["kind"] == "growth"]
    n, seconds = (np.log([r[k] for r in growth]) for k in ("patients", "cpu_seconds_per_pass"))
    exponent = float(np.polyfit(n, seconds, 1)[0])
    return [
        bar(
            "run, one process over two, seconds, median",
            float(np.median(ratio)),
            ">= 1.4",
            bool(np.median(ratio) >= 1.4),
            low=float(ratio.min()),
            high=float(ratio.max()),
        ),
        bar("run, largest relative difference of a table", tables, "<= 1e-4", tables <= TOLERANCE),
        bar("joint training, largest difference, SD", together, "<= 1e-4", together <= TOLERANCE),
        bar("exponent of patients", exponent, "0.9 to 1.1", 0.9 <= exponent <= 1.1),
    ]


def _with_processes(size: int, words: list[str]) -> list[str]:
    if size == 1:
        return [sys.executable, *words]
    start = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(size)]
    return [sys.executable, *start, *words]


def _call(words: list[str]) -> tuple[float, float]:
    """Seconds, and CPU-seconds of it and its children."""
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(words, env=ENV, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - start, cpu


if __name__ == "__main__":
    if "--joint" in sys.argv:
        _joint(*json.loads(sys.argv[-1]))
    elif "--grown" in sys.argv:
        print(json.dumps(_grown(int(sys.argv[-1]))))
    else:
        main()
