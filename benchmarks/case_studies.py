"""Does what is known of a drug come out of real patients, as benefit and not as prognosis?"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from record import bar, keep_row, kept_rows, record

from pathgnn.attribute.explain import explain
from pathgnn.attribute.leaning import leaning
from pathgnn.files import sha256
from pathgnn.graph.graph import PathwayGraph
from pathgnn.model.config import ExplainConfig, FitConfig
from pathgnn.run import read_input, sized_for
from pathgnn.study import estimand_of, read_study
from pathgnn.train.crossfit import fit
from pathgnn.train.estimate import estimate
from pathgnn.train.fit import Recipe

STUDIES = Path(__file__).parent / "studies"
QUICK = FitConfig(folds=3, members=1, outcome_rounds=1, benefit_rounds=1)
SHOWN, FIRST_TENTH, ALPHA = 8, 0.1, 0.05


class Case(NamedTuple):
    """A study's arm, and what is expected of it: pathways, or biomarkers where there are no genes.

    Fixed before any model was explained, from what the drug inhibits or was approved for.
    """

    study: str
    arm: str
    level: str
    expected: tuple[str, ...]


IMMUNE = (
    "ICS5_score",
    "Chemokine12_score",
    "Module5_TcellBcell_score",
    "STAT1_sig",
    "Module3_IFN_score",
    "Dendritic_cells",
    "B_cells",
    "LYMPHS_PCA_16704732",
)
DNA_REPAIR = ("PARPi7_score", "PARPi7_plus_MP2", "VCpred_TN")
CASES = (
    Case("pdxe", "binimetinib", "pathway", ("RTK_RAS_MAPK",)),
    Case("pdxe", "BYL719", "pathway", ("PI3K_AKT",)),
    Case("ispy2", "Pembro", "value", IMMUNE),
    Case("ispy2", "VC", "value", DNA_REPAIR),
)


def main() -> None:
    """One row per case: ranks, evidence, leaning, and the best that came out."""
    args = _arguments()
    rows = list(_rows(args))
    bars = _bars(rows)
    for line in (*rows, *bars):
        print(line)
    if not args.quick:
        home = args.shared / "data" / "cohorts"
        files = [*sorted((home / "pdxe").glob("*.parquet")), *(home / "ispy2").glob("*.parquet")]
        hashes = {f"{file.parent.name}/{file.name}": sha256(file) for file in files}
        record("case_studies", __doc__ or "", hashes, rows, bars)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="I-SPY2 alone, small networks")
    parser.add_argument("--keep", type=Path, help="file that keeps finished studies")
    parser.add_argument(
        "--shared", type=Path, default=Path(os.environ.get("PATHGNN_SHARED", "../shared"))
    )
    return parser.parse_args()


def _rows(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    kept = kept_rows(args.keep)
    for study in dict.fromkeys(case.study for case in CASES):
        if args.quick and study != "ispy2":
            continue
        rows = [row for row in kept if row["study"] == study]
        if not rows:
            rows = of_study(study, args)
            for row in rows:
                keep_row(args.keep, row)
        yield from rows


def of_study(name: str, args: argparse.Namespace) -> list[dict[str, Any]]:
    """The cases of one study, by one fit."""
    study = read_study(STUDIES / f"{name}.toml")
    given = read_input(study, STUDIES, args.shared / "data" / study.data)
    sized = sized_for(given)
    settings = QUICK if args.quick else sized.fit
    recipe = Recipe(given.graph, estimand_of(study, given.nodes), sized.net, settings)
    fitted, rows = fit(given.nodes, recipe, study.seed), []
    for case in CASES:
        if case.study == name:
            why = explain(fitted, given.nodes, ExplainConfig(contrast=case.arm))
            benefit = estimate(fitted, given.nodes, case.arm)
            test = next(r.test for r in benefit.ladder if r.name == fitted.default)
            autoc = next(r.autoc for r in benefit.ladder if r.name == fitted.default)
            row = {"study": name, "arm": case.arm, "n": given.nodes.n_patients}
            row |= {"autoc": autoc.value, "autoc_se": autoc.se}
            row |= {"test_p": None if test is None else test.p}
            row |= {"cascades": len(why.cascades), "expected": list(case.expected)}
            on_pathways = case.level == "pathway"
            row |= _pathways(why, given.graph, case) if on_pathways else _values(why, case)
            rows.append(row)
    return rows


def _pathways(why: Any, graph: PathwayGraph, case: Case) -> dict[str, Any]:
    """Ranks of the pathways by mean absolute part of the benefit."""
    a = why.attribution
    strength = a.pathway.abs().mean(0).double().numpy()
    measured = strength > 0
    lean = leaning(a)
    at = [a.pathways.index(name) for name in case.expected]
    best = max(at, key=lambda i: strength[i])
    order = np.argsort(-strength, kind="stable")[:SHOWN]
    return {
        "items": int(measured.sum()),
        "rank": _rank(strength, strength[best]),
        "best_expected": a.pathways[best],
        "p": float(why.pathway.p[best]),
        "q": float(why.pathway.q[best]),
        "leaning": [float(lean.value[best]), float(lean.low[best]), float(lean.high[best])],
        "univariate_rank": _univariate_rank(why, graph, case),
        "first": [a.pathways[i] for i in order],
    }


def _univariate_rank(why: Any, graph: PathwayGraph, case: Case) -> int:
    """Of the expected pathway by the mean absolute t of its measured genes, each alone."""
    t = np.abs(why.univariate).max(1)
    seen = (why.attribution.n_seen > 0).any(1).numpy()
    pathway, gene = graph.members[:, seen[graph.members[1]]]
    total = np.bincount(pathway, t[gene], len(graph.pathways))
    mean = total / np.bincount(pathway, minlength=len(graph.pathways)).clip(min=1)
    return _rank(mean, max(mean[graph.pathways.index(name)] for name in case.expected))


def _values(why: Any, case: Case) -> dict[str, Any]:
    """Ranks of the signatures, by the sum over the genes that each one was laid on."""
    a, inside = why.attribution, _signatures(why)
    size = a.by_gene.abs().mean(0).double().numpy()
    t = np.abs(why.univariate).max(1)
    strength = {name: float(size[at].sum()) for name, at in inside.items()}
    alone = {name: float(t[at].max()) for name, at in inside.items()}
    best = max(case.expected, key=lambda name: strength.get(name, -1.0))
    strongest = max(inside[best], key=lambda i: size[i])
    most = max(alone[name] for name in case.expected if name in alone)
    return {
        "items": len(inside),
        "rank": _rank(strength.values(), strength[best]),
        "best_expected": best,
        "p": float(why.gene.p[strongest]),
        "q": float(why.gene.q[strongest]),
        "univariate_rank": _rank(alone.values(), most),
        "first": sorted(strength, key=lambda name: -strength[name])[:SHOWN],
    }


def _signatures(why: Any) -> dict[str, list[int]]:
    """Signature -> places of the measured genes that it was laid on."""
    a = why.attribution
    seen = (a.n_seen > 0).any(1).numpy()
    place = {gene: i for i, gene in enumerate(a.genes) if seen[i]}
    table = pd.read_csv(STUDIES / "ispy2_features.csv")
    table = table[table["gene"].isin(place)]
    return {str(name): [place[g] for g in part["gene"]] for name, part in table.groupby("feature")}


def _rank(all_scores: Iterable[float], score: float) -> int:
    return 1 + int(sum(one > score for one in all_scores))


def _bars(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Is the expected one among the first tenth, and is it significant?"""
    out = []
    for row in rows:
        name = f"{row['study']}, {row['arm']}: "
        share, q = row["rank"] / row["items"], row["q"]
        best = f"rank of {row['best_expected']} among {row['items']}, as a share"
        out.append(bar(name + best, share, f"<= {FIRST_TENTH}", share <= FIRST_TENTH))
        out.append(bar(name + "its q", q, f"< {ALPHA}", q < ALPHA))
    return out


if __name__ == "__main__":
    main()
