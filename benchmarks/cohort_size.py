"""How many patients does it take to show that benefit differs, and by which pathway?"""

from __future__ import annotations

import time
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from record import arguments, bar, record

import pathgnn as pg
from pathgnn.cohort.mechanism import Mechanism

SIZES, SPREADS, SEEDS = (100, 200, 400), (1.0, 2.0), 3
PATHWAYS = ("RTK_RAS_MAPK", "HER2")
EXPLAIN = pg.ExplainConfig(permutations=999, cascades=0)


def main() -> None:
    """Simulate trials of each size and spread of benefit, print the table, write the JSON."""
    args = arguments(__doc__ or "")
    graph = pg.load_graph(pg.GraphSource(only=PATHWAYS))
    todo = [(100, 2.0, 0)] if args.quick else product(SIZES, SPREADS, range(SEEDS))
    rows: list[dict[str, Any]] = []
    for n, spread, seed in todo:
        rows.append(one(graph, n, spread, seed))
        print(rows[-1], flush=True)
    each = summary(rows)
    print(each.round(2).to_string(index=False))
    if not args.quick:
        record("cohort_size", __doc__ or "", {"simulated": "curated graph"}, rows, bars_of(each))


def one(graph: pg.PathwayGraph, n: int, spread: float, seed: int) -> dict[str, Any]:
    """One randomised trial: the test, its smallest AUTOC, r with the truth, the pathway's q."""
    start = time.perf_counter()
    mechanism = Mechanism(pathway=PATHWAYS[0], prognostic_pathway=PATHWAYS[1], sd_benefit=spread)
    cohort, truth = pg.simulate(graph, pg.Simulation(n_patients=n, seed=seed, mechanism=mechanism))
    nodes = pg.project(cohort, graph)
    recipe = pg.Recipe(graph, pg.mean_gained(), pg.NetConfig(), pg.FitConfig(members=1))
    fitted = pg.fit(nodes, recipe, seed)
    benefit = pg.estimate(fitted, nodes)
    explained = pg.explain(fitted, nodes, EXPLAIN)
    return {
        "patients": n,
        "sd_benefit": spread,
        "seed": seed,
        "test_p": benefit.test.p,
        "shown": benefit.differs,
        "smallest_autoc": 2.8 * benefit.autoc.se,
        "r": pg.score_benefit(truth, benefit.score).r,
        "pathway_q": float(explained.pathway.q[graph.pathways.index(PATHWAYS[0])]),
        "seconds": round(time.perf_counter() - start, 1),
    }


def summary(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Per size and spread: share of trials in which it was shown, and means of the rest."""
    table = pd.DataFrame(rows).assign(pathway_found=lambda t: t["pathway_q"] < 0.05)
    columns = ["shown", "smallest_autoc", "r", "pathway_found", "seconds"]
    return table.groupby(["sd_benefit", "patients"])[columns].mean().reset_index()


def bars_of(each: pd.DataFrame) -> list[dict[str, Any]]:
    """The goal is a power of 80 %, as trials are planned; so few trials hardly measure it."""
    out = []
    for row in each.itertuples(index=False):
        what = f"{row.patients} patients, sd of benefit {row.sd_benefit:g} x noise"
        share = float(np.asarray(row.shown))
        out.append(
            bar(f"{what}: share of {SEEDS} trials that show it", share, ">= 0.8", share >= 0.8)
        )
    return out


if __name__ == "__main__":
    main()
