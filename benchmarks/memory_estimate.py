"""Is the memory that `pathgnn check` predicts for training what training then takes?"""

from __future__ import annotations

import ctypes
import gc
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from record import arguments, bar, record

from pathgnn.benefit.estimand import mean_gained
from pathgnn.cohort.cohort import Cohort, Outcome
from pathgnn.graph.graph import PathwayGraph, Provenance
from pathgnn.graph.nodes import Nodes
from pathgnn.graph.project import project
from pathgnn.model.config import FitConfig, NetConfig
from pathgnn.model.memory import plan, sizes_of, training_bytes
from pathgnn.seeds import rng_for, torch_seed
from pathgnn.train.fit import Recipe, begin, finish, free_weights
from pathgnn.train.rounds import rounds

# Genes, degree, patients, omics, channels, rounds, gigabytes allowed, other settings.
PLAIN: dict[str, Any] = {}
CASES = (
    (2000, 5, 400, 3, 4, 2, 8.0, PLAIN),
    (2000, 5, 2000, 3, 4, 2, 8.0, PLAIN),
    (5000, 10, 500, 2, 16, 2, 8.0, PLAIN),
    (5000, 10, 500, 2, 16, 2, 0.6, PLAIN),
    (5000, 40, 256, 1, 32, 2, 8.0, PLAIN),
    (20000, 10, 300, 3, 8, 2, 8.0, PLAIN),
    (20000, 10, 300, 3, 8, 2, 1.0, PLAIN),
    (20000, 20, 1000, 2, 4, 1, 8.0, PLAIN),
    (5000, 10, 400, 2, 8, 2, 8.0, {"layer_norm": True}),
    (5000, 10, 400, 2, 8, 2, 1.0, {"layer_norm": True, "against": True}),
    (5000, 10, 400, 2, 8, 2, 8.0, {"messages": "attention"}),
    (5000, 10, 400, 2, 8, 1, 8.0, {"messages": "attention", "against": True}),
    (5000, 10, 400, 2, 8, 2, 8.0, {"messages": "pyg:GCNConv"}),
    (5000, 10, 400, 2, 8, 2, 8.0, {"messages": "pyg:GraphConv"}),
    (5000, 10, 400, 2, 8, 2, 8.0, {"messages": "pyg:SAGEConv"}),
)
PATHWAY_SIZE = 40
Case = tuple[int, int, int, int, int, int, float, dict[str, Any]]


def main() -> None:
    """Train once per case in a fresh process; predicted and measured side by side."""
    args = arguments(__doc__ or "")
    rows = []
    for case in CASES[:1] if args.quick else CASES:
        words = [sys.executable, __file__, "--one", json.dumps(case)]
        rows.append(json.loads(subprocess.check_output(words).splitlines()[-1]))
        print(rows[-1], flush=True)
    bars = [_worst("the default layer", [row for row in rows if not row["settings"]])]
    if not args.quick:
        bars.append(_worst("other layers", [row for row in rows if row["settings"]]))
    print(bars)
    if not args.quick:
        record("memory_estimate", __doc__ or "", {}, rows, bars)


def _worst(what: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    worst = float(max((row["predicted"] / row["measured"] - 1 for row in rows), key=abs))
    name = f"largest error of the estimate, {what}"
    return bar(name, worst, "within 25 %", abs(worst) <= 0.25)


def one(case: Case) -> dict[str, Any]:
    """Peak of a training above what was there before it, and what was predicted."""
    genes, degree, n, omics, channels, depth, gigabytes, other = case
    graph = random_graph(genes, degree)
    nodes = random_nodes(graph, n, omics)
    config = NetConfig(channels=channels, depth=depth, **other)
    fit = FitConfig(memory_gb=gigabytes, steps=12, outcome_rounds=1, device="cpu")
    sizes = sizes_of(graph, omics, n, config)
    predicted = training_bytes(sizes, plan(sizes, gigabytes))
    before = _memory()
    with torch_seed(0):
        train = nodes.take(torch.arange(n))
        net, stage = begin(train, Recipe(graph, mean_gained(), config, fit))
        list(rounds(stage, free_weights(net), 1))
    finish(stage)
    return {
        "genes": genes,
        "edges": graph.edges.shape[1],
        "patients": n,
        "omics": omics,
        "channels": channels,
        "depth": depth,
        "settings": other,
        "allowed_gb": gigabytes,
        "plan": list(net.plan),
        "predicted": predicted,
        "measured": _peak() - before,
    }


def random_graph(n_genes: int, degree: int) -> PathwayGraph:
    """Random signed edges and random pathways of 40 genes."""
    rng = rng_for(0, n_genes, degree)
    pairs = rng.choice(n_genes * n_genes, n_genes * degree, replace=False)
    edges = np.stack([pairs // n_genes, pairs % n_genes])
    edges = edges[:, edges[0] != edges[1]]
    n_edges, n_pathways = edges.shape[1], n_genes // 20
    members = np.stack(
        [
            np.repeat(np.arange(n_pathways), PATHWAY_SIZE),
            np.concatenate(
                [rng.choice(n_genes, PATHWAY_SIZE, replace=False) for _ in range(n_pathways)]
            ),
        ]
    )
    names = tuple(f"P{i}" for i in range(n_pathways))
    return PathwayGraph(
        genes=tuple(f"G{i}" for i in range(n_genes)),
        kind=("unknown",) * n_genes,
        compartment=("",) * n_genes,
        drugs=("",) * n_genes,
        edges=edges,
        sign=rng.choice([-1, 1], n_edges),
        directed=np.ones(n_edges, dtype=bool),
        mechanism=("binding",) * n_edges,
        sources=("",) * n_edges,
        confidence=np.full(n_edges, np.nan),
        pathways=names,
        pathway_ids=names,
        members=members,
        hierarchy=np.zeros((2, 0), dtype=np.int64),
        provenance=Provenance("random"),
    )


def random_nodes(graph: PathwayGraph, n: int, omics: int) -> Nodes:
    """A randomised trial of noise, every gene measured in every omic."""
    import pandas as pd

    rng = rng_for(1, n)
    patients = tuple(f"P{i}" for i in range(n))
    value = rng.standard_normal(n)
    outcome = Outcome(
        kind="continuous",
        patient=patients,
        arm=np.arange(n) % 2,
        arms=("control", "treated"),
        value=value,
        event=np.ones(n, dtype=bool),
        stratum=np.zeros(n, dtype=int),
        randomised=True,
    )
    tables = {
        f"omic{m}": pd.DataFrame(
            rng.standard_normal((n, len(graph.genes)), dtype=np.float32),
            index=list(patients),
            columns=list(graph.genes),
        )
        for m in range(omics)
    }
    kinds = {name: "expression" for name in tables}
    empty = pd.DataFrame(index=list(patients))
    return project(Cohort("noise", patients, tables, kinds, empty, outcome), graph)


def _memory() -> int:
    """Bytes in use; the peak counts anew from here on. Linux only."""
    gc.collect()
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    return _peak()


def _peak() -> int:
    found = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    return 1024 * int(found[1]) if found else 0


if __name__ == "__main__":
    if "--one" in sys.argv:
        torch.set_num_threads(1)
        print(json.dumps(one(tuple(json.loads(sys.argv[2])))))
    else:
        main()
