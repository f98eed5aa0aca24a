"""Gene set enrichment by gseapy: prerank of our ranking, and ssGSEA of each patient."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from pathgnn.errors import GraphError
from pathgnn.export.dictionary import write_dictionary
from pathgnn.export.results import Results
from pathgnn.export.to_rnk import ranking
from pathgnn.export.to_tables import names_of
from pathgnn.files import write_csv, write_json
from pathgnn.graph.from_gmt import read_gmt

# Sets are counted by their ranked genes; GSEA's own least, 15, drops short signaling pathways.
LEAST, MOST, PERMUTATIONS = 5, 500, 1000
NUMBERS = ("ES", "NES", "NOM p-val", "FDR q-val", "FWER p-val")


def to_gsea(
    results: Results, folder: Path, gmt: Path | None = None, with_ids: bool = False
) -> list[Path]:
    """Write prerank.csv and ssgsea.csv with gseapy's own headers; the run's seed decides both.

    The null of prerank is random gene sets of the same size, not patients: its p is small for any
    set of genes that are scored alike. The table of pathways has p by permutation of patients.

    Args:
        results: What a run found out.
        folder: Where the files go.
        gmt: Gene sets to test; None: the graph's own pathways.
        with_ids: Name patients by their ids instead of pseudonyms.

    Raises:
        GraphError: an unreadable GMT file, no gene with a score, or no set with enough of them.
    """
    whole = ranking(results)
    # Among genes without any score, their order would decide.
    ranked = whole[whole != 0]
    if ranked.empty:
        raise GraphError("no gene has a score, so there is nothing to rank for gsea")
    sets = gene_sets(results, list(ranked.index), gmt)
    found = {
        "prerank": prerank(ranked, sets, results.fitted.seed),
        "ssgsea": ssgsea(results, sets, with_ids),
    }
    for name, table in found.items():
        write_csv(folder / f"{name}.csv", table)
    dictionary = write_dictionary(found, results.benefit.estimand.unit, folder)
    settings = {
        "gseapy": version("gseapy"),
        "seed": results.fitted.seed,
        "permutations": PERMUTATIONS,
        "min_size": LEAST,
        "max_size": MOST,
        "gene_sets": gmt.name if gmt else "pathways of the graph",
        "sets_tested": len(sets),
        "genes_ranked": len(ranked),
        "genes_without_score": len(whole) - len(ranked),
    }
    write_json(folder / "gsea.json", settings)
    return [*(folder / f"{name}.csv" for name in found), dictionary, folder / "gsea.json"]


def gene_sets(
    results: Results, ranked: Sequence[str], gmt: Path | None = None
) -> dict[str, list[str]]:
    """Sets with their ranked genes in order of rank; those too small or too large are left out."""
    graph = results.fitted.recipe.graph
    if gmt is None:
        known: Mapping[str, Iterable[str]] = {p: graph.members_of(p) for p in graph.pathways}
    else:
        known = read_gmt(gmt).genes
    place = {gene: i for i, gene in enumerate(ranked)}
    inside = {
        name: sorted((g for g in set(genes) if g in place), key=place.__getitem__)
        for name, genes in known.items()
    }
    # gseapy takes no set that is the whole ranking.
    most = min(MOST, len(ranked) - 1)
    kept = {name: genes for name, genes in inside.items() if LEAST <= len(genes) <= most}
    if not kept:
        source = gmt.name if gmt else "the graph"
        raise GraphError(
            f"no gene set of {source} has {LEAST} to {most} of the {len(ranked)} ranked genes; are "
            "its genes HGNC symbols?"
        )
    return kept


def prerank(ranked: pd.Series[float], sets: Mapping[str, Sequence[str]], seed: int) -> pd.DataFrame:
    """gseapy's prerank of a ranking, strongest set first, as gseapy names its columns."""
    import gseapy

    code = _codes(ranked.index)
    table = pd.DataFrame({"gene": list(code.values()), "score": ranked.to_numpy()})
    # In order already: sorted again, ties would come in another.
    done = gseapy.prerank(
        table, _coded(sets, code), ascending=None, permutation_num=PERMUTATIONS, **_shared(seed)
    )
    gene = {c: g for g, c in code.items()}
    lead = [";".join(gene[c] for c in row.split(";") if c) for row in done.res2d["Lead_genes"]]
    return _with_numbers(done.res2d.assign(Lead_genes=lead))


def ssgsea(
    results: Results, sets: Mapping[str, Sequence[str]], with_ids: bool = False
) -> pd.DataFrame:
    """Single-sample enrichment of each patient's signed attributions: a row per patient and set."""
    import gseapy

    attribution = results.explanation.attribution
    measured = attribution.n_seen.sum(1).numpy() > 0
    code = _codes([g for g, on in zip(attribution.genes, measured, strict=True) if on])
    table = pd.DataFrame(
        attribution.by_gene.double().numpy().T[measured],
        index=list(code.values()),
        columns=list(names_of(results, with_ids)),
    )
    done = gseapy.ssgsea(table, _coded(sets, code), **_shared(results.fitted.seed))
    return _with_numbers(done.res2d).sort_values(["Name", "Term"], ignore_index=True)


def _codes(genes: Iterable[str]) -> dict[str, str]:
    """Gene -> code. gseapy turns names to capitals where most are, and loses metabolites so."""
    return {gene: f"G{i}" for i, gene in enumerate(genes)}


def _coded(sets: Mapping[str, Sequence[str]], code: Mapping[str, str]) -> dict[str, list[str]]:
    return {name: [code[g] for g in genes] for name, genes in sets.items()}


def _shared(seed: int) -> dict[str, Any]:
    """One thread and nothing on disk: the same seed gives the same numbers."""
    sizes = {"min_size": LEAST, "max_size": MOST}
    return {**sizes, "seed": seed, "threads": 1, "outdir": None, "no_plot": True}


def _with_numbers(table: pd.DataFrame) -> pd.DataFrame:
    """gseapy's numbers come as objects."""
    return table.astype({name: float for name in NUMBERS if name in table})
