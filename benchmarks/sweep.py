"""Does a sweep choose settings that rank benefit better than the defaults; what do two gain?"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from record import arguments, bar, record

from pathgnn.benefit.estimand import mean_gained
from pathgnn.cohort.simulation import Simulation
from pathgnn.demo import demo_input
from pathgnn.graph.from_curated import from_curated
from pathgnn.graph.project import project
from pathgnn.graph.select import only_pathways
from pathgnn.model.config import FitConfig, NetConfig
from pathgnn.seeds import seed_for
from pathgnn.simulated import simulate
from pathgnn.sweep import Sweeping, run_sweep
from pathgnn.train.fit import Recipe
from pathgnn.train.part import learn, places, predict_part
from pathgnn.train.sweep_config import SweepConfig
from pathgnn.train.tune import tune

PATHWAYS = ("RTK_RAS_MAPK", "P53")
SHAPES = ("linear", "and_gate")
SEEDS, PATIENTS, TRIALS = (1, 2), 300, 12
# Three quarters are seen by the sweep, the rest tells who ranks better.
RESERVED = 0.25
# The network alone: a stack hides most of what its settings do, and costs five times as much.
FIT = FitConfig(folds=3, members=1, stack=False)


def main() -> None:
    """Sweep simulated trials, compare on reserved patients, time processes, write the JSON."""
    args = arguments(__doc__ or "")
    seeds, shapes = ((1,), SHAPES[:1]) if args.quick else (SEEDS, SHAPES)
    trials = 3 if args.quick else TRIALS
    rows = []
    for shape in shapes:
        for seed in seeds:
            rows.append(_choice(shape, seed, trials))
            print(rows[-1], flush=True)
    times = {n: _timed(n, 4 if args.quick else 8) for n in (1, 2)}
    same = times[1]["risks"] == times[2]["risks"]
    rows += [{"processes": n, **found} for n, found in times.items()]
    print(rows[-2], rows[-1], sep="\n")
    gained = np.array([row["r_winner"] - row["r_own"] for row in rows if "r_own" in row])
    faster = times[1]["seconds"] / times[2]["seconds"]
    bars = [
        bar(
            "r with the true benefit, winner minus defaults, mean",
            float(gained.mean()),
            "> 0",
            bool(gained.mean() > 0),
            low=float(gained.min()),
            high=float(gained.max()),
        ),
        bar("two processes find the risks of one", float(same), "1", same),
        bar("speed of two processes over one", faster, ">= 1.5", bool(faster >= 1.5)),
    ]
    for one in bars:
        print(one)
    if not args.quick:
        record("sweep", __doc__ or "", {"load": str(os.getloadavg()[0])}, rows, bars)


def _choice(shape: str, seed: int, trials: int) -> dict[str, Any]:
    """One simulated trial: what the sweep chose, and both settings' r with the true benefit."""
    start = time.process_time()
    graph = only_pathways(from_curated(), PATHWAYS)
    settings = Simulation(n_patients=PATIENTS, seed=seed, mechanism={"shape": shape})
    made = simulate(graph, settings)
    nodes, own = project(made.cohort, graph), Recipe(graph, mean_gained(), NetConfig(), FIT)
    found = tune(nodes, own, SweepConfig(trials=trials, reserved=RESERVED), seed)
    there = places(found.reserved)
    true = np.asarray(made.truth.benefit).reshape(PATIENTS, -1)[found.reserved, 0]
    r = {}
    for name, recipe in (("own", own), ("winner", found.recipe)):
        path = (seed_for(seed, 1), 0)
        learned = learn(nodes, ~found.reserved, recipe, path)
        tau = predict_part(learned, nodes.take(there), recipe).default[:, 0]
        r[name] = float(np.corrcoef(tau, true)[0, 1])
    return {
        "shape": shape,
        "seed": seed,
        "trials": trials,
        "given_up": sum(t.state == "given up" for t in found.trials),
        "risk_own": found.own_risk,
        "risk_winner": found.risk,
        "risk_average": found.average_risk,
        "r_own": r["own"],
        "r_winner": r["winner"],
        "winner_is_own": found.settings == found.trials[0].settings,
        "cpu_seconds": time.process_time() - start,
    }


def _timed(processes: int, trials: int) -> dict[str, Any]:
    """The same small sweep of the demo's trial by so many processes."""
    given = demo_input(150, 1)
    sweep = SweepConfig(trials=trials, pruner="none", reserved=0.0)
    fit = FitConfig(folds=3, members=1, stack=False, steps=4)
    study = given.study.model_copy(update={"fit": fit, "sweep": sweep})
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        found = run_sweep(
            given._replace(study=study), Path(folder), Path(folder), Sweeping(processes)
        )
        seconds = time.perf_counter() - start
    risks = [t.values[0] for t in sorted(found.trials, key=lambda t: t.place)]
    return {"seconds": seconds, "trials": trials, "risks": risks}


if __name__ == "__main__":
    main()
