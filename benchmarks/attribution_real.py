"""Do known targets come out of real cell lines, and do attributions come back on other folds?"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import benefit_semi
import numpy as np
import torch
from accuracy import lay
from accuracy_tasks import AccuracyTask, cell_line_tasks, pdxe_tasks
from attribution_targets import (
    N_DRUGS,
    SINGLE,
    best_gene,
    drug_targets,
    pathway_scores,
    recovery,
    recovery_bars,
)
from importance_peers import PEERS, split_of
from record import bar, keep_row, kept_rows, record

from pathgnn.attribute.attribute import attribute
from pathgnn.attribute.outcome import attribute_outcome
from pathgnn.attribute.propagate import propagated
from pathgnn.attribute.reference import Compared
from pathgnn.attribute.stability import TOP_GENES, nogueira, rank_biased_overlap
from pathgnn.benefit.estimand import mean_gained
from pathgnn.files import sha256
from pathgnn.graph.from_curated import from_curated
from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.nodes import Nodes
from pathgnn.model.config import ExplainConfig, FitConfig, NetConfig
from pathgnn.seeds import rng_for
from pathgnn.train.crossfit import fit
from pathgnn.train.fit import Recipe
from pathgnn.train.outcome import fit_outcome

OURS = "pathgnn"
CELLS, PDXE, SEMI = "cell lines", "PDXE benefit", "METABRIC, semi-synthetic benefit"
# One configuration for all: the package's own defaults, on fewer folds.
NET, FIT, N_FOLDS = NetConfig(), FitConfig(), 3
SEED, SEMI_VARIANT = 31, "linear"
GOAL_RBO = 0.5


def main() -> None:
    """Every drug and cohort, the tables, the bars, the JSON."""
    args = _arguments()
    targets = drug_targets(args.shared)
    rows = []
    for row in _rows(args, targets):
        rows.append(row)
        shown = {k: row[k] for k in ("cohort", "task", "seconds")}
        print(json.dumps(shown | {"rbo": row["rbo"]}), flush=True)
    found = recovery([r for r in rows if r["cohort"] == CELLS])
    bars = [*recovery_bars(found, OURS), *_stability_bars(rows)]
    for one in (*found, *bars):
        print(one)
    if not args.quick:
        home = args.shared / "data" / "cohorts" / "celllines_ccle_gdsc"
        hashes = {file.name: sha256(file) for file in sorted(home.glob("*.parquet"))}
        told = [{key: row[key] for key in row if key != "scores"} for row in rows]
        record("attribution_real", __doc__ or "", hashes, [*told, *found], bars)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one drug, small networks")
    parser.add_argument("--keep", type=Path, help="file that keeps finished rows")
    parser.add_argument(
        "--shared", type=Path, default=Path(os.environ.get("PATHGNN_SHARED", "../shared"))
    )
    return parser.parse_args()


def _rows(args: argparse.Namespace, targets: dict[str, list[str]]) -> Iterator[dict[str, Any]]:
    kept = {(r["cohort"], r["task"]): r for r in kept_rows(args.keep)}
    for cohort, name, run in _tasks(args, targets):
        row = kept.get((cohort, name))
        if row is None:
            start = time.process_time()
            row = {"cohort": cohort, "task": name} | run()
            row["seconds"] = round(time.process_time() - start, 1)
            keep_row(args.keep, row)
        yield row


def _tasks(args: argparse.Namespace, targets: dict[str, list[str]]) -> Iterator[tuple[Any, ...]]:
    cohorts, net = args.shared / "data" / "cohorts", NET
    fit = FIT.model_copy(update={"members": 1, "outlook_rounds": 1}) if args.quick else FIT
    recipe = Recipe(from_curated(), mean_gained(), net, fit)
    drugs = list(targets)[: 1 if args.quick else N_DRUGS]
    for task in cell_line_tasks(cohorts, tuple(drugs)):
        yield CELLS, task.name, lambda task=task: of_outcome(task, recipe, targets[task.name])
    if args.quick:
        return
    for task in pdxe_tasks(cohorts):
        if task.group == "pdxe benefit":
            yield PDXE, task.name, lambda task=task: of_outcome(task, recipe, [])
    for repeat in range(benefit_semi.REPEATS):
        yield SEMI, f"repeat {repeat}", lambda repeat=repeat: of_benefit(repeat, args.shared)


def of_outcome(task: AccuracyTask, recipe: Recipe, targets: list[str]) -> dict[str, Any]:
    """Stability of every learner's genes over folds, and where the drug's targets rank."""
    laid = lay(task, from_curated())
    recipe = recipe._replace(graph=laid.graph)
    fold = rng_for(SEED, len(task.value)).permutation(np.arange(len(task.value)) % N_FOLDS)
    by_fold: dict[str, list[np.ndarray]] = {}
    r = []
    for k in range(N_FOLDS):
        train, held = (
            laid.nodes.take(torch.from_numpy(np.flatnonzero(m))) for m in _masks(fold, k)
        )
        model = fit_outcome(train, recipe, k)
        r.append(float(np.corrcoef(model.predict(held), held.value)[0, 1]))
        parts = attribute_outcome(model, held, laid.graph)
        ours = parts.by_gene.abs().mean(0).double().numpy()
        network = parts.network.sum(2).abs().mean(0).double().numpy()
        by_fold.setdefault(OURS, []).append(ours)
        by_fold.setdefault(f"{OURS}, network alone", []).append(network)
        given = split_of(train, held, train.value.double().numpy())
        for name, peer in PEERS.items():
            by_fold.setdefault(name, []).append(peer(given, k))
    _add_propagated(by_fold, laid.nodes.measured, laid.graph)
    row: dict[str, Any] = {"r": float(np.mean(r)), "patients": len(task.value)}
    row |= {"targets": targets, "rbo": _alike(by_fold), "nogueira": _nogueira(by_fold)}
    if targets:
        mean = {name: np.mean(each, axis=0) for name, each in by_fold.items()}
        row["scores"] = {name: pathway_scores(x, laid.graph) for name, x in mean.items()}
        row["gene_rank"] = {name: best_gene(x, laid.graph, targets) for name, x in mean.items()}
    return row


def of_benefit(repeat: int, shared: Path) -> dict[str, Any]:
    """Stability of every learner's genes over folds of a trial simulated on real patients."""
    nodes, given = _trial(repeat, shared)
    recipe = Recipe(given.graph, mean_gained(), NET, FIT.model_copy(update={"folds": N_FOLDS}))
    fitted = fit(nodes, recipe, repeat)
    member = attribute(Compared(fitted, nodes, ExplainConfig(), 0)).member.double().numpy()
    alone = replace(fitted, stacks=())
    network = attribute(Compared(alone, nodes, ExplainConfig(), 0)).member.double().numpy()
    of_fold = np.array([m.fold for m in fitted.members])
    by_fold = {
        OURS: [member[of_fold == k].mean(0) for k in range(N_FOLDS)],
        f"{OURS}, network alone": [network[of_fold == k].mean(0) for k in range(N_FOLDS)],
    }
    for k in range(N_FOLDS):
        on, held = _masks(fitted.fold, k)
        train = nodes.take(torch.from_numpy(np.flatnonzero(on)))
        split = split_of(
            train,
            nodes.take(torch.from_numpy(np.flatnonzero(held))),
            fitted.scores.gain[on, 0],
        )
        for name, peer in PEERS.items():
            by_fold.setdefault(name, []).append(peer(split, k))
    _add_propagated(by_fold, nodes.measured, given.graph)
    return {
        "patients": nodes.n_patients,
        "rbo": _alike(by_fold),
        "nogueira": _nogueira(by_fold),
    }


def _add_propagated(
    by_fold: dict[str, list[np.ndarray]], measured: np.ndarray, graph: PathwayGraph
) -> None:
    """The same scores spread over the graph, ours and those of one test at a time."""
    for name in (OURS, SINGLE):
        spread = [propagated(each, measured, graph) for each in by_fold[name]]
        by_fold[f"{name}, propagated"] = [np.nan_to_num(z) for z in spread]


def _trial(repeat: int, shared: Path) -> tuple[Nodes, Any]:
    seed = benefit_semi.FIRST_SEED + repeat
    nodes, _, given = benefit_semi.cohort_of(SEMI_VARIANT, seed, shared)
    order = rng_for(seed, 1).permutation(nodes.n_patients)[: benefit_semi.N_TRAIN]
    return nodes.take(torch.from_numpy(np.sort(order))), given


def _masks(fold: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    return fold != k, fold == k


def _alike(by_fold: dict[str, list[np.ndarray]]) -> dict[str, float]:
    return {name: rank_biased_overlap(np.stack(each)) for name, each in by_fold.items()}


def _nogueira(by_fold: dict[str, list[np.ndarray]]) -> dict[str, float]:
    return {name: nogueira(np.stack(each), TOP_GENES) for name, each in by_fold.items()}


def _stability_bars(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    out = []
    for cohort in dict.fromkeys(r["cohort"] for r in rows):
        each = np.array([r["rbo"][OURS] for r in rows if r["cohort"] == cohort])
        low, high = float(each.min()), float(each.max())
        name = f"{cohort}: rank-biased overlap over folds, mean of {len(each)}"
        met = bool(each.mean() >= GOAL_RBO)
        out.append(bar(name, float(each.mean()), f">= {GOAL_RBO}", met, low=low, high=high))
    return out


if __name__ == "__main__":
    main()
