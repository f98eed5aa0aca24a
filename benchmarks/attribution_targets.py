"""Known targets of drugs: which are asked, and where attributions rank their pathways."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from record import bar

from pathgnn.graph.from_curated import from_curated
from pathgnn.graph.graph import PathwayGraph
from pathgnn.seeds import rng_for

SINGLE = "one test at a time"
N_DRUGS, FEWEST_GENES, PERMUTATIONS, TARGET_SEED = 40, 3, 9999, 31


def drug_targets(shared: Path) -> dict[str, list[str]]:
    """Drug -> symbols of its targets on the curated graph, of the forty drugs that are asked.

    Fixed before any model: of the drugs that name a gene of a pathway with enough measured genes,
    the one measured in most lines for every set of targets, the forty measured in most lines.
    """
    home = shared / "data" / "cohorts" / "celllines_ccle_gdsc"
    measured = set(pd.read_parquet(home / "rna.parquet").columns)
    known = set().union(*pathways_of(from_curated().restrict(measured)).values())
    lines = pd.read_parquet(home / "ic50_long.parquet").groupby("drug")["depmap_id"].nunique()
    table = pd.read_parquet(shared / "data" / "graph" / "gdsc_drug_target.parquet")
    table = table[table["symbol"].isin(known) & table["drug"].isin(lines.index)]
    sets = table.groupby("drug")["symbol"].agg(lambda s: tuple(sorted(set(s))))
    order = lines.reindex(sets.index).sort_values(ascending=False, kind="stable").index
    chosen = sets.reindex(order).drop_duplicates().head(N_DRUGS)
    return {drug: list(symbols) for drug, symbols in chosen.items()}


def pathways_of(graph: PathwayGraph) -> dict[str, set[str]]:
    """Pathways with enough genes, and their genes."""
    out: dict[str, set[str]] = {name: set() for name in graph.pathways}
    for pathway, gene in zip(*graph.members, strict=True):
        out[graph.pathways[pathway]].add(graph.genes[gene])
    return {name: genes for name, genes in out.items() if len(genes) >= FEWEST_GENES}


def pathway_scores(gene: np.ndarray, graph: PathwayGraph) -> dict[str, float]:
    """Mean score of each pathway's measured genes."""
    score = dict(zip(graph.genes, gene.tolist(), strict=True))
    return {
        name: round(float(np.mean([score[g] for g in genes])), 8)
        for name, genes in pathways_of(graph).items()
    }


def best_gene(gene: np.ndarray, graph: PathwayGraph, targets: list[str]) -> float | None:
    """Share of the genes that rank behind the best target, None where no target is measured.

    1 is first, .5 chance for one target.
    """
    at = [graph.genes.index(g) for g in targets if g in graph.genes]
    return float((gene < gene[at].max()).mean()) if at else None


def recovery(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Area under the recovery curve of the targets' pathways, by every learner; `place` by drug.

    A drug's place is the best rank among the pathways that hold one of its targets, as a share of
    pathways behind it. The interval is that of targets dealt out anew among the drugs: pathways
    that come out for every drug gain nothing there.
    """
    graph_pathways = list(next(iter(rows[0]["scores"].values())))
    inside = pathways_of(from_curated())
    holds = np.array([[bool(set(r["targets"]) & inside[p]) for p in graph_pathways] for r in rows])
    keep = holds.any(1)
    out = []
    for name in rows[0]["scores"]:
        score = np.array([[r["scores"][name][p] for p in graph_pathways] for r in rows])[keep]
        # Share of pathways behind, ties in the middle.
        behind = (score[:, :, None] > score[:, None, :]).mean(2)
        behind += 0.5 * ((score[:, :, None] == score[:, None, :]).mean(2) - 1 / score.shape[1])
        places = _places(behind, holds[keep])
        for row, place in zip(
            (r for r, k in zip(rows, keep, strict=True) if k), places, strict=True
        ):
            row.setdefault("place", {})[name] = round(float(place), 4)
        area = float(places.mean())
        rng = rng_for(TARGET_SEED, 9)
        drawn = [_places(behind, rng.permutation(holds[keep])).mean() for _ in range(PERMUTATIONS)]
        low, high = np.quantile(drawn, [0.025, 0.975])
        p = (1 + sum(d >= area for d in drawn)) / (1 + PERMUTATIONS)
        genes = [r["gene_rank"][name] for r in rows if r["gene_rank"][name] is not None]
        out.append(
            {
                "recovery": name,
                "drugs": int(keep.sum()),
                "pathways": len(graph_pathways),
                "area": area,
                "dealt_low": float(low),
                "dealt_high": float(high),
                "dealt_mean": float(np.mean(drawn)),
                "above_dealt": area - float(np.mean(drawn)),
                "p": float(p),
                "gene_area": float(np.mean(genes)),
            }
        )
    return out


def _places(behind: np.ndarray, holds: np.ndarray) -> np.ndarray:
    """Of every drug, the share of pathways behind the best that holds one of its targets."""
    return np.where(holds, behind, -1.0).max(1)


def recovery_bars(found: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    by_name = {f["recovery"]: f for f in found}
    ours, single = by_name[name], by_name[SINGLE]
    names = f"cell lines, {ours['drugs']} drugs: "
    area = ours["area"]
    above = bool(area > ours["dealt_high"])
    return [
        bar(f"{names}recovery of the target's pathway", area, "above targets dealt out", above),
        bar(
            f"{names}recovery minus that of one test at a time",
            area - single["area"],
            ">= 0",
            area >= single["area"],
        ),
    ]
