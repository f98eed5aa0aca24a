"""Of the features of every cohort, how many are mapped, ambiguous, lost, and how?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
from record import arguments, bar, record

from pathgnn.cohort.genes import GeneMap, map_features
from pathgnn.cohort.identifiers import Identifiers, embedded, read_hgnc
from pathgnn.cohort.metabolite_names import names_of
from pathgnn.files import sha256
from pathgnn.graph.from_curated import from_curated
from pathgnn.graph.graph import PathwayGraph

OMICS = ("rna", "mut", "cn", "cna", "cnv", "methylation", "rppa", "hotspot", "phospho", "nodes")
NOT_FEATURES = {"patient_id", "sample_id", "pdx_id", "depmap_id", "Hugo_Symbol"}


def main() -> None:
    """Map every table with the HGNC file and without it, print the table, write the JSON."""
    args = arguments(__doc__ or "")
    data = args.shared / "data"
    hgnc_file = data / "graph" / "raw" / "hgnc_complete_set.txt.gz"
    hgnc, graph = read_hgnc(hgnc_file), from_curated()
    genes = [g for g, k in zip(graph.genes, graph.kind, strict=True) if k != "metabolite"]
    everything = sorted(hgnc.approved)
    rows = []
    for name, features in _tables(data):
        row = _row(name, features, map_features(features, everything, hgnc))
        alone = map_features(features, genes, embedded(graph.aliases, genes))
        row |= {"on_curated": len(_on(features, genes, hgnc)), "without_hgnc": len(alone.gene_of)}
        rows.append(row)
    rows.append(_metabolites(data, graph))
    shown = pd.DataFrame(rows)
    print(shown.to_string(index=False))
    lost = shown["features"] - shown[["mapped", "ambiguous", "duplicates", "unknown"]].sum(axis=1)
    bars = [
        bar("features that are in no column of the report", int(lost.sum()), "0", not lost.any())
    ]
    record("identifier_mapping", __doc__ or "", {hgnc_file.name: sha256(hgnc_file)}, rows, bars)


def _tables(data: Path) -> Iterator[tuple[str, list[str]]]:
    cohorts = data / "cohorts"
    for path in sorted(cohorts.glob("**/*.parquet")):
        if path.stem.split("_")[0] in OMICS and "probes" not in path.stem:
            names = [c for c in pq.read_schema(path).names if c not in NOT_FEATURES]
            yield path.relative_to(cohorts).as_posix(), names
    for path in (data / "maf" / "tcga_laml.maf.gz", data / "maf" / "brca.maf.gz"):
        yield f"maf/{path.name}", _column(path, "Hugo_Symbol")
    studies = data / "cbioportal"
    for path in (
        studies / "nsclc_pd1_msk_2018" / "data_mutations.txt",
        studies / "nsclc_pd1_msk_2018" / "data_cna.txt",
        studies / "brca_metabric_2019_partial" / "data_mutations_extended.txt.gz",
    ):
        yield f"cbioportal/{path.parent.name}/{path.name}", _column(path, "Hugo_Symbol")
    proteins = pd.read_csv(cohorts / "binn_proteomics" / "sample_datamatrix.csv.gz")
    yield "binn_proteomics (UniProt)", proteins.iloc[:, 0].astype(str).tolist()


def _column(path: Path, name: str) -> list[str]:
    table = pd.read_csv(path, sep="\t", comment="#", dtype=str, usecols=[name])
    return table[name].dropna().drop_duplicates().tolist()


def _on(features: list[str], genes: list[str], hgnc: Identifiers) -> dict[str, str]:
    return dict(map_features(features, genes, hgnc).gene_of)


def _row(name: str, features: list[str], found: GeneMap) -> dict[str, Any]:
    counts = dict(found.counts)
    return {
        "table": name,
        "features": len(dict.fromkeys(features)),
        "mapped": len(found.gene_of),
        "symbol": counts.pop("symbol", 0),
        "previous": counts.pop("previous", 0),
        "alias": counts.pop("alias", 0),
        "other": sum(counts.values()),
        "ambiguous": len(found.ambiguous),
        "duplicates": len(found.duplicates),
        "unknown": len(found.unknown),
        "dates": len(found.dates),
    }


def _metabolites(data: Path, graph: PathwayGraph) -> dict[str, Any]:
    table = pd.read_csv(data / "cohorts" / "ccrcc11_cosmos" / "metabolomics_raw.csv")
    names = table.columns[1:].astype(str).tolist()
    wanted = [g for g, k in zip(graph.genes, graph.kind, strict=True) if k == "metabolite"]
    found = map_features(names, wanted, names_of(names, graph.aliases, wanted))
    on_curated = {"on_curated": len(found.gene_of), "without_hgnc": len(found.gene_of)}
    return _row("ccrcc11_cosmos/metabolites, curated graph", names, found) | on_curated


if __name__ == "__main__":
    main()
