"""Do attributions find what was planted, better than simple rankings, and nothing elsewhere?"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from explainer_peers import peers, timed
from record import bar, keep_row, kept_rows, record

from pathgnn.attribute.attribute import attribute
from pathgnn.attribute.explain import Explanation, explain
from pathgnn.attribute.faithfulness import faithfulness
from pathgnn.attribute.reference import Compared
from pathgnn.attribute.stability import TOP_GENES, jaccard_at, nogueira, rank_biased_overlap
from pathgnn.benefit.against_truth import score_genes
from pathgnn.benefit.estimand import mean_gained
from pathgnn.cohort.simulate import simulate_trial
from pathgnn.cohort.truth import Truth
from pathgnn.demo import CASCADE, PATHWAYS, PREDICTIVE, PROGNOSTIC, plan_on
from pathgnn.graph.from_curated import from_curated
from pathgnn.graph.nodes import Nodes
from pathgnn.graph.project import project
from pathgnn.graph.select import only_pathways
from pathgnn.model.config import ExplainConfig, FitConfig, NetConfig
from pathgnn.seeds import rng_for
from pathgnn.train.crossfit import fit_networks
from pathgnn.train.fit import Recipe
from pathgnn.train.fitted import Fitted

# Standard deviation of the benefit in that of the noise.
REGIMES = {"strong": 2.5, "weak": 0.6, "null": 0.0}
N_PATIENTS, COHORTS = 600, 20
OURS = "integrated gradients"
COUNTED = ("pathways_significant", "cascades")
ALIKE = ("jaccard_networks", "jaccard_halves", "nogueira", "rbo")
MULTIPLE = ("input x gradient", "expected gradients")


class Made(NamedTuple):
    """A simulated cohort, fitted and explained; `seconds` of CPU that the attribution took."""

    nodes: Nodes
    truth: Truth
    fitted: Fitted
    explanation: Explanation
    config: ExplainConfig
    seconds: float


def main() -> None:
    """The cohorts that are asked for, the table, the bars; the JSON once there is every kind."""
    args = _arguments()
    rows = _rows(args)
    for regime in REGIMES:
        _print(regime, [r for r in rows if r["regime"] == regime])
    missing = set(REGIMES) - {r["regime"] for r in rows}
    if missing:
        print(f"no bars and no JSON: there is no cohort of kind {', '.join(sorted(missing))} yet")
        return
    bars = _bars(rows)
    for one in bars:
        print("met   " if one["met"] else "MISSED", one["name"], f"{one['value']:.3g}", one["goal"])
    if not args.quick:
        record("attribution", __doc__ or "", {}, rows, bars)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one small cohort of each kind")
    parser.add_argument(
        "--cohorts", type=int, default=COHORTS, help="of each kind; 0: those that are kept"
    )
    parser.add_argument(
        "--kind", choices=REGIMES, action="append", help="of this kind only; else of all"
    )
    parser.add_argument("--keep", type=Path, help="file that keeps finished cohorts")
    parser.add_argument("--shared", type=Path, help="not needed: everything is simulated")
    return parser.parse_args()


def _rows(args: argparse.Namespace) -> list[dict[str, Any]]:
    """Those that earlier calls kept, and those that are asked for, in order."""
    keep = None if args.quick else args.keep
    rows = {(r["repeat"], r["regime"]): r for r in kept_rows(keep)}
    for repeat in range(1 if args.quick else args.cohorts):
        for regime in args.kind or REGIMES:
            if (repeat, regime) not in rows:
                rows[repeat, regime] = _row(regime, repeat, args.quick)
                keep_row(keep, rows[repeat, regime])
    return sorted(rows.values(), key=lambda r: (r["repeat"], list(REGIMES).index(r["regime"])))


def _row(regime: str, repeat: int, quick: bool) -> dict[str, Any]:
    start = time.process_time()
    made = make(regime, repeat, quick)
    a, truth = made.explanation.attribution, made.truth
    taken = time.process_time() - start
    row: dict[str, Any] = {"regime": regime, "repeat": repeat, "fit_seconds": round(taken, 1)}
    row |= _evidence(made) | _stability(made)
    if regime == "null":
        return row
    tau = made.fitted.benefit[:, 0]
    order = [truth.patients.index(p) for p in made.nodes.patients]
    row["r"] = float(np.corrcoef(tau, truth.benefit[order])[0, 1])
    row |= _found(made)
    row["edge_f1"] = _edge_f1(made, set(pairwise(truth.cascade)))
    row["edge_f1_with_feedback"] = _edge_f1(made, set(truth.edges))
    pathway = _strength(a.pathway)
    row["planted_rank"] = 1 + int((pathway > pathway[a.pathways.index(PREDICTIVE)]).sum())
    faithful = faithfulness(_who(made), a)
    row |= {"insertion": faithful.insertion, "deletion": faithful.deletion}
    return row


def make(regime: str, repeat: int, quick: bool) -> Made:
    """Five omics on twelve pathways: a cascade decides the benefit, a pathway the outcome."""
    graph = only_pathways(from_curated(), PATHWAYS)
    plan = replace(
        plan_on(graph, CASCADE, PROGNOSTIC), pathway=PREDICTIVE, sd_benefit=REGIMES[regime]
    )
    n = 150 if quick else N_PATIENTS
    cohort, truth = simulate_trial(plan, n, rng_for(repeat, 2001, list(REGIMES).index(regime)))
    nodes = project(cohort, graph)
    how = FitConfig(folds=3, members=1) if quick else FitConfig()
    config = ExplainConfig()
    fitted = fit_networks(nodes, Recipe(graph, mean_gained(), NetConfig(), how), repeat)
    found, seconds = timed(lambda: attribute(Compared(fitted, nodes, config, 0)))
    explanation = explain(fitted, nodes, config, attribution=found)
    return Made(nodes, truth, fitted, explanation, config, seconds)


def _who(made: Made, **settings: Any) -> Compared:
    return Compared(made.fitted, made.nodes, made.config.model_copy(update=settings), 0)


def _found(made: Made) -> dict[str, Any]:
    """How well the planted genes are found by every ranking, and what each costs."""
    by_gene = made.explanation.attribution.by_gene
    scores, seconds = _rankings(made)
    few = peers(_who(made))
    scores[f"{OURS}, as few patients"] = _strength(by_gene[torch.from_numpy(few.patients)])
    genes = made.nodes.genes
    auprc = {
        name: score_genes(made.truth, dict(zip(genes, score, strict=True)), 0).auprc
        for name, score in (scores | few.score).items()
    }
    return {
        "auprc": auprc,
        "cpu_seconds_per_100": seconds | few.seconds,
        "few_patients": len(few.patients),
        "gnn_explainer_seeds_jaccard": few.seeds_alike,
    }


def _rankings(made: Made) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Mean absolute score per gene by every method, and CPU-seconds per 100 patients of some."""
    a = made.explanation.attribution
    out, taken = {OURS: _strength(a.by_gene)}, {OURS: made.seconds}
    for method in MULTIPLE:
        reference = "distribution" if method == "expected gradients" else "mean"
        who = _who(made, method=method, reference=reference)
        found, taken[method] = timed(lambda who=who: attribute(who))
        out[method] = _strength(found.by_gene)
    alone = replace(made.fitted, stacks=())
    network = attribute(_who(made._replace(fitted=alone)))
    out["network without the stack"] = _strength(network.by_gene)
    out["one network"] = network.member[0].double().numpy()
    out["saliency"] = _saliency(made)
    out["univariate"] = np.abs(made.explanation.univariate).max(1)
    rng = np.random.default_rng(made.fitted.seed)
    out["random"] = rng.random(len(a.genes))
    return out, {name: 100 * each / len(a.score) for name, each in taken.items()}


def _saliency(made: Made) -> np.ndarray:
    """Mean absolute gradient, which knows neither sign nor reference."""
    total = np.zeros(len(made.nodes.genes))
    for member in made.fitted.members:
        at = torch.from_numpy(np.flatnonzero(made.fitted.fold == member.fold))
        inputs = member.net.scales(made.nodes.take(at))
        z = inputs.z.clone().requires_grad_(True)
        tau = member.net(inputs._replace(z=z)).delta[:, 1].sum()
        (grad,) = torch.autograd.grad(tau, z)
        measured = made.nodes.seen.any(1)
        total += (grad.abs().mean(1) * measured).sum(1).double().numpy()
    return total


def _strength(by_patient: torch.Tensor) -> np.ndarray:
    return np.asarray(by_patient.abs().mean(0).double().numpy())


def _edge_f1(made: Made, planted: set[tuple[str, str]]) -> float | None:
    """Of the top cascade's edges; None where no cascade is stable.

    The planted route runs from receptor to effector as a cascade does. The graph's edges among its
    genes hold feedback, too (MAPK1 to EGFR), which no such route can contain.
    """
    found = made.explanation.cascades
    if not found:
        return None
    mine = {(u, v) for u, v, _ in found[0].edges}
    return 2 * len(mine & planted) / (len(mine) + len(planted))


def _evidence(made: Made) -> dict[str, Any]:
    q = made.explanation.pathway.q
    return {
        "pathways_significant": int((q < 0.05).sum()),
        "cascades": len(made.explanation.cascades),
        "cascades_significant": sum(c.p < 0.05 for c in made.explanation.cascades),
    }


def _stability(made: Made) -> dict[str, float]:
    """Over networks, and between the halves of the ensemble."""
    member = made.explanation.attribution.member.double().numpy()
    halves = np.stack([member[::2].mean(0), member[1::2].mean(0)])
    return {
        "jaccard_networks": jaccard_at(member, TOP_GENES),
        "jaccard_halves": jaccard_at(halves, TOP_GENES),
        "nogueira": nogueira(member, TOP_GENES),
        "rbo": rank_biased_overlap(member),
    }


def _bars(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What was asked of each kind of cohort."""
    of = {regime: [r for r in rows if r["regime"] == regime] for regime in REGIMES}
    strong, weak, null = of["strong"], of["weak"], of["null"]
    return [
        _at_least("strong: AUPRC of the planted genes", [r["auprc"][OURS] for r in strong], 0.95),
        _at_least(
            "strong: F1 of the top cascade's edges", [r["edge_f1"] or 0 for r in strong], 0.9
        ),
        _at_least("strong: planted pathway first", [r["planted_rank"] == 1 for r in strong], 1),
        _at_least("weak: AUPRC of the planted genes", [r["auprc"][OURS] for r in weak], 0.45),
        _at_most("null: with a significant pathway", [r["pathways_significant"] > 0 for r in null]),
        _at_most("null: with a cascade drawn", [r["cascades"] > 0 for r in null]),
        _at_least(
            "strong: Jaccard@20 of half-ensembles", [r["jaccard_halves"] for r in strong], 0.6
        ),
        _at_least("strong: insertion + deletion, sd", [_area(r) for r in strong], 2.5),
        _at_least("strong: rank-biased overlap of networks", [r["rbo"] for r in strong], 0.5),
    ]


def _area(row: dict[str, Any]) -> float:
    return float(row["insertion"] + row["deletion"])


def _at_least(name: str, each: list[Any], goal: float) -> dict[str, Any]:
    x = np.array(each, dtype=float)
    name = f"{name}, mean of {len(x)}"
    met = bool(x.mean() >= goal)
    return bar(name, float(x.mean()), f">= {goal}", met, low=float(x.min()), high=float(x.max()))


def _at_most(name: str, each: list[Any], goal: float = 0.05) -> dict[str, Any]:
    share = float(np.mean(each))
    return bar(f"{name}, share of {len(each)}", share, f"<= {goal}", share <= goal)


def _print(regime: str, rows: list[dict[str, Any]]) -> None:
    print(f"\n{regime}: {len(rows)} cohorts")
    if not rows:
        return
    if regime != "null":
        for name in rows[0]["auprc"]:
            each = [r["auprc"][name] for r in rows]
            print(f"  AUPRC {name:38} {np.mean(each):.3f} ({min(each):.3f} to {max(each):.3f})")
    for name in (
        "pathways_significant",
        "cascades",
        "jaccard_networks",
        "jaccard_halves",
        "nogueira",
        "rbo",
    ):
        print(f"  {name:34} {np.mean([r[name] for r in rows]):.3f}")


if __name__ == "__main__":
    main()
