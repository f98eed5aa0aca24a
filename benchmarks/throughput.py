"""How fast and how large is one training step, beside the same network in PyTorch Geometric?"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import throughput_models
import torch
from matplotlib import rc_context
from matplotlib.figure import Figure
from record import RESULTS, bar, record
from throughput_models import MOST_BYTES, ROUNDS, Case

from pathgnn.export.to_figures import STYLE

Row = dict[str, Any]
NAMES = {
    "ours": "pathgnn",
    "ours_again": "pathgnn, features computed again",
    "batch": "PyG batch, GCNConv",
    "static": "PyG static graph, GCNConv",
    "gat": "PyG batch, GATConv",
    "ours_bf16": "pathgnn, bfloat16",
}
SAME = ("ours_again", "batch", "static")  # the same numbers as ours
# Okabe and Ito's colours, told apart by every eye; markers differ, too.
LOOKS = {
    "ours": ("#0072b2", "o"),
    "ours_again": ("#56b4e9", "P"),
    "batch": ("#d55e00", "s"),
    "static": ("#e69f00", "^"),
    "gat": ("#009e73", "D"),
    "ours_bf16": ("#cc79a7", "v"),
}
# The slowest are left out where there are many patients.
FEW_ONLY, MANY = ("static", "gat"), 256
GENES, DEGREES, PATIENTS = (1_000, 5_000, 20_000), (10, 40), (32, 256)
# Peak of a step in tensors as large as all features: for each edge of a gene, and beside them.
# As measured at 5,000 genes, degrees 10 and 40.
NEED = {
    "ours": (0, 20),
    "ours_again": (0, 20),
    "ours_bf16": (0, 20),
    "batch": (2.1, 20),
    "static": (2.0, 20),
    "gat": (5.4, 23),
}
LARGE = Case("ours", 20_000, 40, 256, chunks=391)  # 100,000 patients


def main() -> None:
    """Every network at every size in a process of its own; then growth, bars, table, plot."""
    args = _arguments()
    genes, degrees, patients = (
        ((1_000,), (10,), (8, 16)) if args.quick else (GENES, DEGREES, PATIENTS)
    )
    limits = roofline(args.device)
    print({name: f"{value:.3g}" for name, value in limits.items()})
    models = [m for m in NAMES if m != "ours_bf16" or args.device == "cuda"]
    rows = []
    for n_genes, degree, n_patients in itertools.product(genes, degrees, patients):
        sizes = Case("", n_genes, degree, n_patients, device=args.device)
        asked = [m for m in models if n_patients < MANY or m not in FEW_ONLY]
        rows += beside([sizes._replace(model=model) for model in asked])
    rows = [_with_shares(row, limits) for row in rows]
    print(_table(rows).to_string(index=False))
    if args.quick:
        return
    bars = size_bars(rows, args.device)
    growths = growth(args.device)
    bars += growth_bars(growths)
    large = [LARGE._replace(model=m, device="cuda") for m in ("ours", "ours_bf16")]
    growths += [fresh(case) for case in large if args.device == "cuda"]
    for line in (*growths, *bars):
        print(line)
    name = "throughput" if args.device == "cpu" else f"throughput_{args.device}"
    limit_row = {"roofline": limits}
    record(name, __doc__ or "", {"graphs": "random"}, [limit_row, *rows, *growths], bars)
    plot(rows, RESULTS / f"{name}.svg")


def beside(cases: list[Case]) -> list[Row]:
    """Networks of one size, with what each costs next to ours and how far its numbers are off."""
    with tempfile.TemporaryDirectory() as folder:
        keep = {case.model: f"{folder}/{case.model}.pt" for case in cases}
        rows = [fresh(case._replace(keep=keep[case.model])) for case in cases]
        (ours,) = (row for row in rows if row["model"] == "ours")
        for row in rows:
            if "skipped" in row or "skipped" in ours:
                continue
            for key in ("cpu_seconds", "seconds", "peak_bytes"):
                row[f"{key}_over_ours"] = row[key] / ours[key]
            if row["model"] in SAME:
                row["difference"] = _difference(keep[row["model"]], keep["ours"])
    return rows


def fresh(case: Case) -> Row:
    """A case measured in a new process, or why it was not."""
    size = {key: value for key, value in case._asdict().items() if key != "keep"}
    room = MOST_BYTES
    if case.device == "cuda":
        room = 0.9 * torch.cuda.get_device_properties(0).total_memory
    need = _need(case)
    if need > room:
        return {**size, "skipped": f"needs about {need / 1e9:.0f} GB"}
    shown = f"{case.genes} genes, degree {case.degree}, {case.patients} patients"
    print(f"{NAMES[case.model]}: {shown}", file=sys.stderr, flush=True)
    words = [sys.executable, throughput_models.__file__, json.dumps(case)]
    # Threads that wait would otherwise spin, and count as work: PyG's sums keep others waiting.
    environment = {**os.environ, "OMP_WAIT_POLICY": "passive"}
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
    if done.returncode < 0:
        return {**size, "skipped": f"killed by signal {-done.returncode}"}
    if done.returncode:
        return {**size, "skipped": (done.stderr.strip().splitlines() or ["unknown"])[-1][:200]}
    row: Row = json.loads(done.stdout.splitlines()[-1])
    return row


def roofline(device: str) -> dict[str, float]:
    """The machine's limits: bytes per second of a copy or a triad, float32 operations of a GEMM."""
    n = 2**26
    a, b, c = (torch.ones(n, device=device) for _ in range(3))
    x, y = (torch.ones(2048, 2048, device=device) for _ in range(2))
    copy = 8 * n / _best(lambda: a.copy_(b), device)
    triad = 12 * n / _best(lambda: torch.add(b, c, alpha=2.0, out=a), device)
    gemm = 2 * 2048**3 / _best(lambda: x @ y, device)
    return {"copy": copy, "triad": triad, "bandwidth": max(copy, triad), "float32": gemm}


def growth(device: str) -> list[Row]:
    """Ours alone, one size at a time; "grows" says which. Degree 0 is what has no edges."""
    base = Case("ours", 5_000, 20, 32, device=device)
    many = base._replace(genes=20_000)
    cases = [("patients", base._replace(patients=n)) for n in (32, 64, 128, 256)]
    cases += [("edges", many._replace(degree=n)) for n in (0, 10, 20, 40, 80)]
    cases += [("channels", base._replace(channels=n)) for n in (8, 16, 32, 64)]
    return [{"grows": name, **fresh(case)} for name, case in cases]


def growth_bars(rows: list[Row]) -> list[Row]:
    """Exponents of the CPU-seconds (seconds on a GPU).

    Dense products cost channels squared, so the exponent of channels may exceed 1.
    """
    seconds = {
        name: [(r[column], r[_clock(r)]) for r in rows if r["grows"] == name and "seconds" in r]
        for name, column in (
            ("patients", "patients"),
            ("edges", "degree"),
            ("channels", "channels"),
        )
    }
    (_, without), *with_edges = seconds["edges"]
    degree, step = np.array(with_edges).T
    bars = [
        _exponent("patients", *np.array(seconds["patients"]).T),
        _exponent("edges, of the time beyond that without edges", degree, step - without),
        _exponent("channels", *np.array(seconds["channels"]).T),
    ]
    r2 = float(np.corrcoef(degree, step)[0, 1] ** 2)
    return [*bars, bar("edges, r2 of time = a + b edges", r2, ">= 0.98", r2 >= 0.98)]


def size_bars(rows: list[Row], device: str) -> list[Row]:
    """What was asked at 5,000 and 20,000 genes: time, memory, share of the bandwidth, agreement."""
    clock = "cpu_seconds" if device == "cpu" else "seconds"
    bars = []
    for row in rows:
        size = f"{row['genes']:,} genes, degree {row['degree']}, {row['patients']} patients"
        if row["genes"] < 5_000 or "skipped" in row:
            continue
        if row["model"] in ("ours", "ours_again"):
            name, share = NAMES[row["model"]], row["must_share"]
            bars.append(bar(f"share of bandwidth, {name}: {size}", share, ">= 0.5", share >= 0.5))
            bars += _against_pyg(row, rows, (clock, size))
    worst = max((row["difference"] for row in rows if "difference" in row), default=np.inf)
    name = "largest relative difference of losses and gradients"
    return [*bars, bar(name, worst, "< 0.001", worst < 1e-3)]


def _against_pyg(ours: Row, rows: list[Row], how: tuple[str, str]) -> list[Row]:
    """Time and memory beside PyG's batch of copies, where that fits."""
    clock, size = how
    at = {key: ours[key] for key in ("genes", "degree", "patients")} | {"model": "batch"}
    (pyg,) = (row for row in rows if at.items() <= row.items())
    if "skipped" in pyg:
        return []
    least, times = (10 if ours["degree"] == 40 else 6), pyg[clock] / ours[clock]
    memory, name = ours["peak_bytes"] / pyg["peak_bytes"], NAMES[ours["model"]]
    return [
        bar(f"{clock}, PyG / {name}: {size}", times, f">= {least}", times >= least),
        bar(f"memory, {name} / PyG: {size}", memory, "<= 0.2", memory <= 0.2),
    ]


def plot(rows: list[Row], path: Path) -> None:
    """CPU-seconds per patient (seconds on a GPU) by genes, at the smaller number of patients."""
    with rc_context(dict(STYLE)):
        figure = Figure(figsize=(7, 3.2), layout="constrained")
        panels = figure.subplots(1, len(DEGREES), sharey=True)
        for axes, degree in zip(panels, DEGREES, strict=True):
            for model, (colour, marker) in LOOKS.items():
                at = {"model": model, "degree": degree, "patients": PATIENTS[0], "chunks": 1}
                shown = [r for r in rows if "seconds" in r and at.items() <= r.items()]
                genes = [r["genes"] for r in shown]
                cost = [r[_clock(r)] / r["patients"] for r in shown]
                if shown:
                    axes.loglog(genes, cost, color=colour, marker=marker, label=NAMES[model])
            axes.set(title=f"{degree} edges per gene", xlabel="genes")
            axes.set_xticks(GENES, [f"{n:,}" for n in GENES])
            axes.minorticks_off()
            axes.yaxis.set_major_formatter("{x:g}")
        unit = "CPU-seconds" if rows[0]["device"] == "cpu" else "seconds"
        panels[0].set_ylabel(f"{unit} per patient and step")
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False)
        figure.savefig(path, metadata={"Date": None})


def _exponent(name: str, size: np.ndarray, seconds: np.ndarray) -> Row:
    # Noise can leave no time beyond that without edges: an exponent that is not there is not met.
    n = float(np.polyfit(np.log(size), np.log(seconds), 1)[0]) if (seconds > 0).all() else -1.0
    return bar(f"exponent of {name}", n, "0.9 to 1.1", 0.9 <= n <= 1.1)


def _with_shares(row: Row, limits: dict[str, float]) -> Row:
    """Beside the bytes that must move: their share of what memory could move in that time."""
    if "must_bytes" not in row:
        return row
    could = row["seconds"] * limits["bandwidth"]
    dense = 12 * ROUNDS * row["genes"] * row["patients"] * row["channels"] ** 2
    return {
        **row,
        "must_share": row["must_bytes"] / could,
        "gather_share": row["gather_bytes"] / could,
        "float32_share": dense / row["seconds"] / limits["float32"],
    }


def _need(case: Case) -> float:
    per_edge, beside_edges = NEED[case.model]
    features = 4.0 * case.genes * case.patients * case.channels
    return features * (per_edge * case.degree + beside_edges)


def _difference(path: str, of: str) -> float:
    """The largest relative difference of the loss and of each weight's gradient."""
    found, wanted = torch.load(path), torch.load(of)
    apart = [(found[key] - wanted[key]).norm() / wanted[key].norm() for key in wanted]
    return float(max(apart))


def _clock(row: Row) -> str:
    return "cpu_seconds" if row["device"] == "cpu" else "seconds"


def _best(run: Callable[[], object], device: str) -> float:
    seconds = []
    for _ in range(11):
        start = time.perf_counter()
        run()
        if device == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)
    return min(seconds[1:])


def _table(rows: list[Row]) -> pd.DataFrame:
    columns = ["genes", "degree", "patients", "model", "cpu_seconds", "seconds", "seconds_iqr"]
    columns += ["patients_per_second", "peak_bytes", "graph_bytes", "cpu_seconds_over_ours"]
    columns += ["peak_bytes_over_ours", "difference", "must_share", "gather_share"]
    table = pd.DataFrame(rows).reindex(columns=[*columns, "float32_share", "skipped"])
    for column in ("peak_bytes", "graph_bytes"):
        table[column] = (table[column] / 1e6).round(1)
    shown = table.rename(columns=lambda c: c.replace("bytes", "MB").replace("_over_ours", "_x"))
    return shown.round({"cpu_seconds": 3, "seconds": 3, "seconds_iqr": 3}).fillna("")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small version, under a minute")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    return parser.parse_args()


if __name__ == "__main__":
    main()
