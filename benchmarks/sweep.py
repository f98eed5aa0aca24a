"""Does a sweep choose settings that rank benefit better than one's own, and does the guard help?

Each simulated trial is swept from the defaults; others, of a strong benefit, from settings that
shrink it to nothing, where there is something to gain. The own settings, the trial of least risk
and what the guard chooses are compared by r with the true benefit of reserved patients. Takes
15 minutes of one core; `--keep` goes on where it stopped.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from record import bar, keep_row, kept_rows, record

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
PATIENTS, TRIALS, QUICK_PATIENTS, QUICK_TRIALS = 300, 12, 90, 3
# Three quarters are seen by the sweep, the rest tells who ranks better.
RESERVED = 0.25
# The network alone: a stack hides most of what its settings do, and costs five times as much.
FIT = FitConfig(folds=3, members=1, stack=False)
# What the user had: the defaults, or pathways shrunken until all patients benefit alike.
OWN = {"defaults": FIT, "mute": FIT.model_copy(update={"group_lasso": 1000.0})}


class Case(NamedTuple):
    """A simulated trial and the settings that its sweep starts from."""

    own: str
    shape: str
    sd_benefit: float
    seed: int


CASES = [
    *(Case("defaults", shape, 1.0, k) for k in range(1, 6) for shape in ("linear", "and_gate")),
    *(Case("mute", "linear", 2.5, k) for k in range(1, 5)),
]
QUICK = [Case("defaults", "linear", 1.0, 1), Case("mute", "linear", 2.5, 1)]


def main() -> None:
    """Sweep simulated trials, compare on reserved patients, time processes, write the JSON."""
    args = _arguments()
    rows = []
    for row in _rows(args):
        rows.append(row)
        print(row, flush=True)
    bars = _bars(rows)
    for one in bars:
        print("met   " if one["met"] else "MISSED", one["name"], f"{one['value']:.3g}", one["goal"])
    if not args.quick:
        question = (__doc__ or "").partition("\n")[0]
        record("sweep", question, {"load": str(os.getloadavg()[0])}, rows, bars)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two small sweeps of three trials")
    parser.add_argument("--keep", type=Path, help="file that keeps finished sweeps")
    parser.add_argument("--shared", type=Path, help="not needed: everything is simulated")
    return parser.parse_args()


def _rows(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """A row per sweep, then one per number of processes; the kept ones are not done again."""
    size = (QUICK_PATIENTS, QUICK_TRIALS) if args.quick else (PATIENTS, TRIALS)
    kept = kept_rows(args.keep)
    known = {Case(*(r[f] for f in Case._fields)): r for r in kept if "own" in r}
    for case in QUICK if args.quick else CASES:
        if case not in known:
            known[case] = case._asdict() | _choice(case, *size)
            keep_row(args.keep, known[case])
        yield known[case]
    timed = {r["processes"]: r for r in kept if "processes" in r}
    for n in (1, 2):
        if n not in timed:
            timed[n] = {"processes": n, **(_timed(n, 2, 60) if args.quick else _timed(n, 8, 150))}
            keep_row(args.keep, timed[n])
        yield timed[n]


def _choice(case: Case, n_patients: int, n_trials: int) -> dict[str, Any]:
    """One sweep: what it ends with, and r with the true benefit of three settings."""
    start = time.process_time()
    graph = only_pathways(from_curated(), PATHWAYS)
    mechanism = {"shape": case.shape, "sd_benefit": case.sd_benefit}
    made = simulate(graph, Simulation(n_patients=n_patients, seed=case.seed, mechanism=mechanism))
    nodes = project(made.cohort, graph)
    own = Recipe(graph, mean_gained(), NetConfig(), OWN[case.own])
    config = SweepConfig(trials=n_trials, reserved=RESERVED)
    found = tune(nodes, own, config, case.seed)
    true = np.asarray(made.truth.benefit).reshape(n_patients, -1)[found.reserved, 0]
    there, r = places(found.reserved), {}
    for place, recipe in (
        (0, own),
        (found.guard.least.place, found.least),
        (found.guard.chosen.place, found.recipe),
    ):
        if place not in r:
            learned = learn(nodes, ~found.reserved, recipe, (seed_for(case.seed, 1), 0))
            tau = predict_part(learned, nodes.take(there), recipe).default[:, 0]
            r[place] = float(np.corrcoef(tau, true)[0, 1])
    guard = found.guard
    return {
        "patients": n_patients,
        "trials": n_trials,
        "given_up": sum(t.state == "given up" for t in found.trials),
        "r_own": r[0],
        "r_least": r[guard.least.place],
        "r_guarded": r[guard.chosen.place],
        "kept_own": guard.chosen.place == 0,
        "risk_own": found.own_risk,
        "risk_average": found.average_risk,
        "excess_least": guard.least.excess,
        "p_least": guard.p.get(guard.least.number, 1.0),
        "cpu_seconds": time.process_time() - start,
    }


def _timed(processes: int, trials: int, patients: int) -> dict[str, Any]:
    """The same small sweep of the demo's trial by so many processes."""
    given = demo_input(patients, 1)
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


def _bars(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What was asked; two processes on one core have no speed to show."""
    sweeps, times = ([r for r in rows if key in r] for key in ("own", "processes"))
    bars = [
        _gain(sweeps, "defaults", "r_guarded", ">= 0"),
        _gain(sweeps, "defaults", "r_least", ">= 0"),
        _gain(sweeps, "mute", "r_guarded", "> 0.1"),
    ]
    one, two = times
    same, faster = one["risks"] == two["risks"], one["seconds"] / two["seconds"]
    bars.append(bar("two processes find the risks of one", float(same), "1", same))
    if len(os.sched_getaffinity(0)) > 1:
        bars.append(bar("speed of two processes over one", faster, ">= 1.5", bool(faster >= 1.5)))
    return bars


def _gain(sweeps: list[dict[str, Any]], own: str, whose: str, goal: str) -> dict[str, Any]:
    """By how much a choice is above the own settings in r, mean and extremes over trials."""
    gained = np.array([r[whose] - r["r_own"] for r in sweeps if r["own"] == own])
    mean = float(gained.mean())
    met = mean > 0.1 if own == "mute" else mean >= 0
    name = {"r_guarded": "guarded choice", "r_least": "trial of least risk"}[whose]
    limits = {"low": float(gained.min()), "high": float(gained.max())}
    return bar(f"r with the true benefit, {name} minus own ({own})", mean, goal, met, **limits)


if __name__ == "__main__":
    main()
