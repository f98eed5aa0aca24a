"""Does spreading attributions over the graph find more of a cascade, and does weak benefit need it?

The trials are those of `attribution.py`. Real cell lines, where targets are known, are in
`attribution_real.py`.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from attribution import COHORTS, make
from record import bar, keep_row, kept_rows, record

from pathgnn.attribute.propagate import propagated
from pathgnn.benefit.against_truth import score_genes

KINDS, GOAL = ("strong", "weak"), {"strong": 0.95, "weak": 0.45}
OURS, SINGLE, SPREAD = "integrated gradients", "univariate", "propagated"


def main() -> None:
    """Every trial, the table, the bars, the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one small trial of each kind")
    parser.add_argument("--cohorts", type=int, default=COHORTS, help="of each kind")
    parser.add_argument("--keep", type=Path, help="file that keeps finished trials")
    args = parser.parse_args()
    kept = {(r["regime"], r["repeat"]): r for r in kept_rows(args.keep)}
    rows = []
    for repeat in range(1 if args.quick else args.cohorts):
        for regime in KINDS:
            row = kept.get((regime, repeat)) or _row(regime, repeat, args.quick)
            if (regime, repeat) not in kept:
                keep_row(args.keep, row)
            rows.append(row)
    table = pd.DataFrame(rows).drop(columns="repeat").groupby("regime")
    print(table.agg(["mean", "min", "max"]).T.round(3).to_string())
    bars = [_bar(rows, regime) for regime in KINDS]
    for one in bars:
        print("met   " if one["met"] else "MISSED", one["name"], f"{one['value']:.3g}", one["goal"])
    if not args.quick:
        record("propagation", __doc__ or "", {}, rows, bars)


def _row(regime: str, repeat: int, quick: bool) -> dict[str, Any]:
    """Area under precision and recall of the planted genes, of scores as they are and spread."""
    made = make(regime, repeat, quick)
    explanation = made.explanation
    each = {
        OURS: explanation.attribution.by_gene.abs().mean(0).double().numpy(),
        SINGLE: np.abs(explanation.univariate).max(1),
    }
    row: dict[str, Any] = {"regime": regime, "repeat": repeat}
    for name, scores in each.items():
        spread = propagated(scores, made.nodes.measured, made.fitted.recipe.graph)
        # Above 0: the scorer takes a sign for a direction.
        both = {name: scores, f"{name}, {SPREAD}": spread - spread.min()}
        for which, x in both.items():
            found = dict(zip(made.nodes.genes, x, strict=True))
            row[which] = score_genes(made.truth, found).auprc
    return row


def _bar(rows: list[dict[str, Any]], regime: str) -> dict[str, Any]:
    each = [r[f"{OURS}, {SPREAD}"] for r in rows if r["regime"] == regime]
    mean, goal = float(np.mean(each)), GOAL[regime]
    name = f"{regime}: AUPRC of the planted genes, propagated, mean of {len(each)}"
    return bar(name, mean, f">= {goal}", mean >= goal, low=min(each), high=max(each))


if __name__ == "__main__":
    main()
