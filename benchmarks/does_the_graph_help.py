"""Is the verdict of `pathgnn controls` right, where the mechanism needs the graph and where not?"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
from record import bar, keep_row, kept_rows, record

from pathgnn.benefit.estimand import mean_gained
from pathgnn.cohort.simulate import Plan, simulate_local, simulate_relay
from pathgnn.controls import Plan as Controls
from pathgnn.controls import run_controls
from pathgnn.graph.from_curated import from_curated
from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.project import project
from pathgnn.graph.select import only_pathways
from pathgnn.model.config import ExplainConfig, FitConfig, NetConfig
from pathgnn.seeds import rng_for
from pathgnn.train.controls import NO_EDGES, REWIRED, TRUE
from pathgnn.train.crossfit import fit
from pathgnn.train.fit import Recipe
from pathgnn.train.stack import NETWORK

COHORTS, PATIENTS = 20, 300
# Of each kind, to be recorded.
FEWEST = 10
KINDS = {"needed": True, "not needed": False}
PATHWAYS = ("RTK_RAS_MAPK", "PI3K_AKT", "WNT", "NOTCH", "TGF_BETA", "P53")
FIT = FitConfig(folds=3, members=1)
N_PROGNOSTIC = 8


def main() -> None:
    """The trials that are asked for, the controls on each; the JSON once there are ten of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one trial of each kind")
    parser.add_argument("--cohorts", type=int, default=COHORTS, help="of each kind; 0: those kept")
    parser.add_argument("--kind", choices=KINDS, action="append", help="of this kind only")
    parser.add_argument("--keep", type=Path, help="file that keeps finished trials")
    args = parser.parse_args()
    n = 1 if args.quick else args.cohorts
    kept = {(row["needs"], row["seed"]): row for row in kept_rows(args.keep)}
    for kind in args.kind or KINDS:
        for seed in range(n):
            key = (KINDS[kind], seed)
            if key not in kept:
                kept[key] = one(*key)
                keep_row(args.keep, kept[key])
            print(kept[key], flush=True)
    rows = [kept[key] for key in sorted(kept, key=lambda key: (not key[0], key[1]))]
    right = {
        kind: [row["says_helps"] == needs for row in rows if row["needs"] == needs]
        for kind, needs in KINDS.items()
    }
    if min(map(len, right.values())) < (1 if args.quick else FEWEST):
        return
    share = {kind: float(np.mean(r)) for kind, r in right.items()}
    bars = [
        bar(f"verdict right where the graph is {kind}", value, ">= .9", value >= 0.9)
        for kind, value in share.items()
    ]
    print(bars)
    if not args.quick:
        record("does_the_graph_help", __doc__ or "", {}, rows, bars)


def one(needs: bool, seed: int) -> dict[str, Any]:
    """One simulated trial and the verdict on it."""
    start = time.perf_counter()
    graph = only_pathways(from_curated(), PATHWAYS)
    rng = rng_for(seed, 77, int(needs))
    plan = _plan(graph, seed)
    cohort, truth = (simulate_relay if needs else simulate_local)(plan, PATIENTS, rng)
    nodes = project(cohort, graph)
    fitted = fit(nodes, Recipe(graph, mean_gained(), NetConfig(), FIT), seed)
    kinds = (TRUE, REWIRED, NO_EDGES)
    outcome = run_controls(fitted, nodes, Controls(kinds=kinds, explain=ExplainConfig(cascades=0)))
    difference = {c.name: [round(v, 3) for v in c.difference] for c in outcome.controls}
    r = np.corrcoef(fitted.ladder[NETWORK][:, 0], truth.benefit)[0, 1]
    others = {k: np.corrcoef(t[:, 0], truth.benefit)[0, 1] for k, t in fitted.ladder.items()}
    return {
        "needs": needs,
        "seed": seed,
        "r": round(float(r), 2),
        "r_pathway_ridge": round(float(others["ridge on scores, pathways"]), 2),
        "rewired_minus_true": difference[REWIRED],
        "none_minus_true": difference[NO_EDGES],
        "says_helps": outcome.findings[0].severity == "ok",
        "seconds": round(time.perf_counter() - start, 1),
    }


def _plan(graph: PathwayGraph, seed: int) -> Plan:
    """The benefit runs through all genes of one pathway: hidden, or measured and on their own."""
    pathway = PATHWAYS[seed % len(PATHWAYS)]
    other = PATHWAYS[(seed + 3) % len(PATHWAYS)]
    genes = graph.members_of(pathway)
    prognostic = [g for g in graph.members_of(other) if g not in genes]
    return Plan(
        genes=graph.genes,
        edges=graph.edges,
        sign=graph.sign,
        cascade=genes,
        direction=(1,) * len(genes),
        prognostic=tuple(prognostic[:N_PROGNOSTIC]),
        sd_benefit=2.0,
    )


if __name__ == "__main__":
    main()
