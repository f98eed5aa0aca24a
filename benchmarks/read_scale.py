"""How long does it take, and how much memory, to read, check and project a large cohort?"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from record import arguments, bar, record

from pathgnn.graph.assemble import Sets, assemble
from pathgnn.graph.graph import Provenance
from pathgnn.graph.keep import save_graph

OMICS = ("expression", "protein", "mutation", "copy_number", "methylation")
LARGEST = (10_000, 20_000)
# Seconds and bytes that were asked for at the largest size.
MOST_SECONDS, MOST_BYTES = 240.0, 8 * 2**30
STUDY = """
name = "scale"
[cohort]
name = "scale"
{omics}
[cohort.clinical]
columns = ["age"]
[cohort.outcome]
file = "clinical.csv"
kind = "continuous"
value = "y"
[cohort.treatment]
column = "arm"
reference = "0"
randomised = true
[graph]
file = "graph.pathgraph"
"""


def main() -> None:
    """Write cohorts of several sizes, read each in a process of its own, fit the slopes."""
    if sys.argv[1:2] == ["--child"]:
        print(json.dumps(_measure(Path(sys.argv[2]))))
        return
    args = arguments(__doc__ or "")
    sizes = list(product((500, 1000), (500, 1000))) if args.quick else _sizes()
    rows = []
    for patients, genes in sizes:
        with tempfile.TemporaryDirectory() as name:
            _write(Path(name), patients, genes)
            rows.append({"patients": patients, "genes": genes} | _child(Path(name)))
        print(pd.DataFrame(rows[-1:]).to_string(index=False, header=len(rows) == 1), flush=True)
    bars = _slopes(pd.DataFrame(rows))
    if not args.quick:
        largest = rows[-1]
        seconds, peak = float(largest["seconds"]), float(largest["peak_bytes"])
        goal = "10,000 patients x 20,000 genes x 5 omics"
        bars += [
            bar(f"seconds, {goal}", seconds, "below 240", seconds < MOST_SECONDS),
            bar(f"peak GB, {goal}", peak / 2**30, "below 8", peak < MOST_BYTES),
        ]
    for one in bars:
        print(f"{one['name']}: {one['value']:.3g} (goal: {one['goal']})")
    if not args.quick:
        record("read_scale", __doc__ or "", {}, rows, bars)


def _sizes() -> list[tuple[int, int]]:
    return [*product((1_000, 3_000), (5_000, 20_000)), (10_000, 5_000), LARGEST]


def _write(folder: Path, patients: int, genes: int) -> None:
    """Five omics of random values as parquet, in which a tenth of the cells was not measured."""
    rng = np.random.default_rng(0)
    ids = [f"P{i:06d}" for i in range(patients)]
    names = [f"G{i:05d}" for i in range(genes)]
    for omic in OMICS:
        _write_omic(folder / f"{omic}.parquet", omic, ids, names, rng)
    clinical = pd.DataFrame({"age": rng.normal(60, 9, patients), "y": rng.normal(size=patients)})
    clinical["arm"] = np.arange(patients) % 2
    clinical.set_axis(pd.Index(ids, name="patient"), axis=0).to_csv(folder / "clinical.csv")
    ends = rng.integers(0, genes, (2, 5 * genes))
    edges = pd.DataFrame({"source": ends[0], "target": ends[1], "sign": 1})
    edges = edges[ends[0] != ends[1]].drop_duplicates(["source", "target"])
    edges[["source", "target"]] = edges[["source", "target"]].map(lambda i: names[i])
    sets = {f"S{i}": list(rng.choice(names, 50, replace=False)) for i in range(genes // 50)}
    save_graph(assemble(edges, Provenance("random"), Sets(sets)), folder / "graph.pathgraph")
    tables = "\n".join(f'[cohort.omics.{o}]\nfile = "{o}.parquet"\nkind = "{o}"\n' for o in OMICS)
    (folder / "study.toml").write_text(STUDY.format(omics=tables))


def _write_omic(path: Path, omic: str, ids: list[str], names: list[str], rng: Any) -> None:
    columns: dict[str, Any] = {"patient": ids}
    for name in names:
        values = rng.standard_normal(len(ids), dtype=np.float32)
        if omic == "mutation":
            values = (values > 1.8).astype(np.float32)
        values[rng.random(len(ids), dtype=np.float32) < 0.1] = np.nan
        columns[name] = values
    pq.write_table(pa.table(columns), path)


def _child(folder: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, __file__, "--child", str(folder)],
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _measure(folder: Path) -> dict[str, Any]:
    """Seconds of each step, and the peak memory of this process."""
    from pathgnn.cohort.read_tables import read_cohort
    from pathgnn.graph.load import load_graph
    from pathgnn.graph.project import project
    from pathgnn.study import read_study
    from pathgnn.train.look import look

    start = time.perf_counter()
    study = read_study(folder / "study.toml")
    cohort, graph = read_cohort(study.cohort, folder), load_graph(study.graph, folder)
    read = time.perf_counter()
    nodes = project(cohort, graph)
    projected = time.perf_counter()
    look(cohort, nodes, graph, 5, 0)
    end = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {
        "read": round(read - start, 1),
        "project": round(projected - read, 1),
        "check": round(end - projected, 1),
        "seconds": round(end - start, 1),
        "peak_bytes": peak,
        "bytes_per_patient": round(peak / nodes.n_patients),
    }


def _slopes(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Time and memory as powers of patients and genes, fitted on a logarithmic scale."""
    logs = np.log(rows[["patients", "genes"]].to_numpy(dtype=float))
    design = np.column_stack([np.ones(len(rows)), logs])
    out = []
    for name in ("seconds", "peak_bytes"):
        fitted = np.linalg.lstsq(design, np.log(rows[name].clip(lower=0.1)), rcond=None)[0]
        for axis, slope in zip(("patients", "genes"), fitted[1:], strict=True):
            title = f"{name} grows as {axis} to the power of"
            out.append(bar(title, float(slope), "at most 1.1", float(slope) <= 1.1))
    return out


if __name__ == "__main__":
    main()
