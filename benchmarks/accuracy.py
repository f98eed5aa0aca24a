"""Does the network predict outcomes better than simpler and published models on the same folds?"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from accuracy_peers import peers_for
from accuracy_summary import BARE, FIRST, OURS, REWIRED, SHARE, bars_of, print_table
from accuracy_tasks import AccuracyTask, cell_line_tasks, harrell_c, pdxe_tasks, tcga_tasks
from graph_union import build
from record import record

from pathgnn.benefit.estimand import Estimand
from pathgnn.cohort.cohort import Cohort, Outcome
from pathgnn.files import sha256
from pathgnn.graph.from_curated import from_curated
from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.nodes import Nodes
from pathgnn.graph.project import project
from pathgnn.graph.rewire import rewire, without_edges
from pathgnn.model.config import FitConfig, NetConfig
from pathgnn.seeds import rng_for
from pathgnn.train.fit import Recipe
from pathgnn.train.outcome import OutcomeModel, fit_outcome, one_arm, outcome_networks, outlook

# One configuration for all cohorts: the package's own defaults.
NET, FIT = NetConfig(), FitConfig()
# Up to so many genes measured, the graph is the union of all databases on them; beyond, the
# signaling genes of the curated graph.
MOST_GENES = 3000
N_FOLDS, FOLDS_OF_OMICS = 5, 2
QUICK_FOLDS, QUICK_TASKS = 1, ("kirc", "Selumetinib")

Scores = dict[str, np.ndarray]


class Laid(NamedTuple):
    """A task on its graph."""

    task: AccuracyTask
    graph: PathwayGraph
    nodes: Nodes


def main() -> None:
    """Every model on every fold of every task; the table, the JSON."""
    args = _arguments()
    cohorts = args.shared / "data" / "cohorts"
    union = from_curated() if args.quick else build(args.shared / "data" / "graph")
    rows = []
    for task in _tasks(cohorts, args):
        for row in _rows(task, union, args):
            rows.append(row)
            print(
                json.dumps({k: row[k] for k in ("task", "model", "value", "seconds")}), flush=True
            )
    print_table(rows)
    bars = bars_of(rows)
    for one in bars:
        print(one)
    if not args.quick:
        files = sorted((cohorts / "tcga_porpoise").glob("*/*.parquet"))
        hashes = {f"{f.parent.name}/{f.name}": sha256(f) for f in files}
        record("accuracy", __doc__ or "", hashes, rows, bars)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two tasks, one fold, under a minute")
    parser.add_argument(
        "--shared", type=Path, default=Path(os.environ.get("PATHGNN_SHARED", "../shared"))
    )
    parser.add_argument("--task", action="append", help="only these tasks or groups of tasks")
    parser.add_argument("--flexynesis", type=Path, help="python of an environment that has it")
    parser.add_argument("--edges", type=Path, help="parquet: source, target; for its graph network")
    parser.add_argument(
        "--no-controls",
        dest="controls",
        action="store_false",
        help="leave rewired and empty graphs and single omics to an earlier call's rows",
    )
    parser.add_argument("--keep", type=Path, help="file that keeps finished rows for a next call")
    return parser.parse_args()


def _tasks(cohorts: Path, args: argparse.Namespace) -> Iterator[AccuracyTask]:
    for task in (*tcga_tasks(cohorts), *cell_line_tasks(cohorts), *pdxe_tasks(cohorts)):
        wanted = task.name in QUICK_TASKS if args.quick else True
        if wanted and (not args.task or {task.group, task.name} & set(args.task)):
            folds = task.folds[:QUICK_FOLDS] if args.quick else task.folds
            yield task._replace(folds=folds[:N_FOLDS])


def _rows(
    task: AccuracyTask, union: PathwayGraph, args: argparse.Namespace
) -> Iterator[dict[str, Any]]:
    """One row per model; those that an earlier call kept are taken from there."""
    kept = _kept(args.keep, task.name)
    yield from kept.values()
    models: dict[str, Callable[[], list[Scores]]] = {}
    if OURS not in kept:
        laid = lay(task, union)
        said = controls if args.controls else lambda *_: {}
        models["ours"] = lambda: [ours(laid, fold, said) for fold in range(len(task.folds))]
    flexynesis = args.flexynesis if task.group != "pdxe benefit" else None
    for name, peer in peers_for(task, flexynesis, args.edges).items():
        if name not in kept:
            models[name] = lambda name=name, peer=peer: [
                {name: peer(task, *fold, k)} for k, fold in enumerate(task.folds)
            ]
    for run in models.values():
        start = time.process_time()
        by_fold = run()
        seconds = (time.process_time() - start) / len(task.folds)
        for name in by_fold[0]:
            listed = [scores[name] for scores in by_fold if name in scores]
            row = _row(task, name, listed) | {"seconds": round(seconds, 2)}
            if args.keep:
                with args.keep.open("a") as handle:
                    handle.write(json.dumps(row) + "\n")
            yield row


def _kept(path: Path | None, task: str) -> dict[str, dict[str, Any]]:
    if path is None or not path.is_file():
        return {}
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return {row["model"]: row for row in rows if row["task"] == task}


def lay(task: AccuracyTask, union: PathwayGraph) -> Laid:
    """The task on the graph of its measured genes; a coin plays the arm, then all are one."""
    measured = set().union(*(table.columns for table in task.omics.values()))
    graph = union.restrict(measured)
    if len(graph.genes) > MOST_GENES:
        graph = from_curated().restrict(measured)
    patients = tuple(map(str, task.value.index))
    arm = np.arange(len(patients)) % 2
    event = task.event.to_numpy(bool)
    value = task.value.to_numpy(float)
    outcome = Outcome(
        kind=task.kind,
        patient=patients,
        arm=arm,
        arms=("heads", "tails"),
        value=value,
        event=event,
        stratum=np.zeros(len(patients), dtype=int),
        randomised=True,
        horizon=float(np.quantile(value[event], 0.95)) if task.kind == "survival" else 0.0,
    )
    omics = {k: t[t.index.isin(task.value.index)] for k, t in task.omics.items()}
    clinical = task.clinical.reindex(task.value.index).astype(float)
    cohort = Cohort(task.name, patients, omics, task.kinds, clinical, outcome)
    return Laid(task, graph, one_arm(project(cohort, graph)))


def ours(laid: Laid, fold: int, more: Callable[..., Scores]) -> Scores:
    """Scores of a fold's test patients by stack, network and the models beside it, and more."""
    train, test = (torch.from_numpy(at) for at in laid.task.folds[fold])
    part, held = laid.nodes.take(train), laid.nodes.take(test)
    recipe = Recipe(laid.graph, Estimand("mean_gained", ""), NET, FIT)
    model = fit_outcome(part, recipe, fold)
    out: Scores = {OURS: model.predict(held)}
    out |= {_said(name): score for name, score in model.predict_each(held).items()}
    out[SHARE] = np.full(len(test), model.network_share)
    return out | more(laid, fold, model)


def controls(laid: Laid, fold: int, model: OutcomeModel) -> Scores:
    """Single networks, to be compared with the first of the model's; omics in the first folds."""
    train, test = (torch.from_numpy(at) for at in laid.task.folds[fold])
    part, held = laid.nodes.take(train), laid.nodes.take(test)
    out: Scores = {FIRST: outlook(model.nets[:1], held)}
    fit = FIT.model_copy(update={"outlook_rounds": model.rounds, "members": 1})
    recipe = Recipe(laid.graph, Estimand("mean_gained", ""), NET, fit)
    control = {REWIRED: rewire(laid.graph, rng_for(fold, 1)), BARE: without_edges(laid.graph)}
    for name, graph in control.items():
        out[name] = outlook(outcome_networks(part, recipe._replace(graph=graph), fold), held)
    for m, omic in enumerate(laid.nodes.modalities):
        if fold < FOLDS_OF_OMICS and len(laid.nodes.modalities) > 1:
            nets = outcome_networks(only_omic(part, m), recipe, fold)
            out[f"network, {omic} only"] = outlook(nets, only_omic(held, m))
    return out


def only_omic(nodes: Nodes, modality: int) -> Nodes:
    """The same patients with one omic; the others count as unseen."""
    seen = nodes.seen.clone()
    seen[:, :, [m for m in range(seen.shape[2]) if m != modality]] = False
    return replace(nodes, seen=seen, x=nodes.x * seen)


def _said(name: str) -> str:
    return name if name == "network" else f"{name} (ours)"


def _row(task: AccuracyTask, name: str, by_fold: list[np.ndarray]) -> dict[str, Any]:
    """C or r of each fold; their mean is the value."""
    value, event = task.value.to_numpy(float), task.event.to_numpy(bool)
    each = []
    for score, (_, test) in zip(by_fold, task.folds, strict=False):
        if name == SHARE:
            each.append(float(score[0]))
        elif task.kind == "survival":
            each.append(harrell_c(score, value[test], event[test]))
        else:
            spread = np.ptp(score) > 1e-12
            each.append(float(np.corrcoef(score, value[test])[0, 1]) if spread else 0.0)
    return {
        "task": task.name,
        "group": task.group,
        "n": len(value),
        "model": name,
        "value": float(np.mean(each)),
        "each": [round(x, 4) for x in each],
    }


if __name__ == "__main__":
    main()
