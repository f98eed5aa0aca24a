"""What does pretraining on unlabelled patients change, with 100, 300 and 1,000 labelled ones?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from accuracy_tasks import harrell_c
from graph_union import build
from record import arguments, bar, record

from pathgnn.benefit.estimand import mean_gained
from pathgnn.cohort.cohort import Cohort, Outcome
from pathgnn.cohort.transform import transform
from pathgnn.files import sha256
from pathgnn.graph.from_curated import from_curated
from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.nodes import Nodes
from pathgnn.graph.project import project
from pathgnn.model.config import FitConfig, NetConfig, PretrainConfig
from pathgnn.seeds import rng_for
from pathgnn.train.fit import Recipe
from pathgnn.train.outcome import one_arm, outcome_networks, outlook
from pathgnn.train.pretrain import pretrain

LABELLED, DRAWS, N_TEST = (100, 300, 1000), 4, 500
FILES = {"expression": "rna_norm", "mutation": "mut", "copy_number": "cna_highlevel"}
FIT = FitConfig(members=1)


def main() -> None:
    """METABRIC's overall survival; test patients are left out of pretraining, too."""
    args = arguments(__doc__ or "")
    folder = args.shared / "data" / "cohorts" / "metabric"
    union = from_curated() if args.quick else build(args.shared / "data" / "graph")
    graph, nodes = metabric(folder, union)
    sizes, draws = (LABELLED[:1], 1) if args.quick else (LABELLED, DRAWS)
    rows = [row for draw in range(draws) for row in one(graph, nodes, draw, sizes)]
    bars = []
    for n in sizes:
        gain = [r["pretrained"] - r["plain"] for r in rows if r["labelled"] == n]
        mean, se = (
            float(np.mean(gain)),
            float(np.std(gain, ddof=1) / len(gain) ** 0.5) if len(gain) > 1 else 0.0,
        )
        low, high = mean - 1.96 * se, mean + 1.96 * se
        bars.append(
            bar(f"C gained by pretraining, n = {n}", mean, "> 0", low > 0, low=low, high=high)
        )
        print(bars[-1])
    if not args.quick:
        names = [*(f"{f}.parquet" for f in FILES.values()), "clinical.parquet"]
        record("pretraining", __doc__ or "", {n: sha256(folder / n) for n in names}, rows, bars)


def one(
    graph: PathwayGraph, nodes: Nodes, draw: int, sizes: tuple[int, ...]
) -> list[dict[str, Any]]:
    """One draw of test patients: C of networks that start afresh and at an encoder."""
    order = torch.from_numpy(rng_for(draw, 5).permutation(nodes.n_patients))
    # Rows keep their order, so patients must keep theirs.
    test, pool = nodes.take(order[:N_TEST].sort().values), order[N_TEST:]
    done = pretrain([nodes.take(pool)], graph, NetConfig(), PretrainConfig(), draw)
    out = []
    for n in sizes:
        train = nodes.take(pool[:n])
        row: dict[str, Any] = {"draw": draw, "labelled": n, "unlabelled": len(pool)}
        row["told"] = round(max(done.told), 4)
        for name, start in {"plain": None, "pretrained": done.encoder}.items():
            recipe = Recipe(graph, mean_gained(), NetConfig(), FIT, start)
            score = outlook(outcome_networks(train, recipe, draw), test)
            row[name] = round(harrell_c(score, test.value.numpy(), test.event.numpy()), 4)
        print(row, flush=True)
        out.append(row)
    return out


def metabric(folder: Path, union: PathwayGraph) -> tuple[PathwayGraph, Nodes]:
    """Patients with survival, as one arm; age is the clinical block."""
    clinical = pd.read_parquet(folder / "clinical.parquet")
    clinical = clinical[clinical["os_months"].gt(0) & clinical["has_rna_norm"]]
    omics = {
        kind: transform(kind, pd.read_parquet(folder / f"{name}.parquet"), "auto")[0]
        for kind, name in FILES.items()
    }
    patients = tuple(map(str, clinical.index))
    event = clinical["os_event"].to_numpy(float) == 1
    months = clinical["os_months"].to_numpy(float)
    outcome = Outcome(
        kind="survival",
        patient=patients,
        arm=np.arange(len(patients)) % 2,
        arms=("heads", "tails"),
        value=months,
        event=event,
        stratum=np.zeros(len(patients), dtype=int),
        randomised=True,
        horizon=float(np.quantile(months[event], 0.95)),
    )
    tables = {k: t[t.index.isin(patients)] for k, t in omics.items()}
    graph = union.restrict(set().union(*(t.columns for t in tables.values())))
    block = clinical[["age"]].astype(float)
    cohort = Cohort("metabric", patients, tables, {k: k for k in tables}, block, outcome)
    return graph, one_arm(project(cohort, graph))


if __name__ == "__main__":
    main()
