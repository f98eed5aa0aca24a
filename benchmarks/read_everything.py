"""Is every shared cohort read, and what is its shape, missingness and mapping?"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from record import arguments, bar, record

from pathgnn.cohort.cohort import Cohort
from pathgnn.cohort.feature_map import feature_map
from pathgnn.cohort.identifiers import Identifiers, read_hgnc
from pathgnn.cohort.large_tables import as_omics
from pathgnn.cohort.open_omic import open_omic
from pathgnn.cohort.read_table import numeric, read_table
from pathgnn.cohort.read_tables import read_cohort
from pathgnn.cohort.sources import OmicSource
from pathgnn.cohort.transform import transform
from pathgnn.errors import PathgnnError
from pathgnn.graph.from_curated import from_curated
from pathgnn.graph.mapping import Layer, map_layer
from pathgnn.study import read_study

STUDIES = Path(__file__).parent / "studies"
# Cohorts without a treatment: table -> kind and, where the kind cannot tell, its scale.
PORPOISE = {
    f"cohorts/tcga_porpoise/{site}/{file}.parquet": (kind, "auto")
    for site in ("blca", "brca", "gbmlgg", "hnsc", "kirc", "luad", "stad", "ucec")
    for file, kind in (
        ("rna_z", "expression"),
        ("cnv_gistic", "copy_number"),
        ("mut", "mutation"),
    )
    if (site, file) != ("ucec", "rna_z")  # its table of expression is not among the shared ones
}
LAYERS = PORPOISE | {
    "cohorts/metabric/cna_log2_ic10.parquet": ("copy_number", "auto"),
    "cohorts/metabric/rna_z_kaggle237.parquet": ("expression", "auto"),
    "cohorts/breast_taxane614/rna_probes_u133a.parquet": ("expression", "auto"),
    "cohorts/nki272/rna_raw_accessions.parquet": ("expression", "auto"),
    "cohorts/celllines_ccle_gdsc/hotspot_mut.parquet": ("mutation", "auto"),
    "cohorts/survpath/blca_rna_xena.parquet": ("expression", "auto"),
    "cohorts/moganet_kidney/rna.parquet": ("expression", "auto"),
    "cohorts/moganet_kidney/methylation_cpg.parquet": ("methylation", "beta"),
    "cohorts/moganet_kidney/mirna.parquet": ("mirna", "auto"),
    "cohorts/binn_proteomics/sample_datamatrix.csv.gz": ("protein", "auto"),
    "cohorts/ccrcc11_cosmos/rna_counts.parquet": ("expression", "auto"),
    "cohorts/ccrcc11_cosmos/phospho_log2.parquet": ("phospho_protein", "auto"),
    "cohorts/ccrcc11_cosmos/metabolomics_raw.csv": ("metabolite", "auto"),
    "cohorts/tcga_brca_bundle/mri_radiomics.parquet": ("signature", "auto"),
    "cbioportal/brca_tcga_rppa/data_rppa.txt.gz": ("protein", "auto"),
    "maf/brca.maf.gz": ("mutation", "auto"),
}
# Tables of outcomes, samples and annotation that no study above reads.
BESIDE = (
    "cohorts/survpath/metadata__tcga_blca.csv",
    "cohorts/survpath/clinical_data__tcga_coadread_clinical.csv",
    "cohorts/moganet_kidney/labels.csv",
    "cohorts/binn_proteomics/sample_design_matrix.tsv",
    "cohorts/celllines_ccle_gdsc/annotation.parquet",
    "maf/all_lesions.conf_99.txt",
)


def main() -> None:
    """Read all, print the table, write the JSON."""
    args = arguments(__doc__ or "")
    data = args.shared / "data"
    known = read_hgnc(data / "graph" / "raw" / "hgnc_complete_set.txt.gz")
    rows = list(_studies(data, known, args.quick)) + list(_layers(data, known, args.quick))
    rows += [_clinical(data, name) for name in BESIDE]
    shown = pd.DataFrame(rows)
    with pd.option_context("display.max_colwidth", 60, "display.width", 250):
        print(shown.drop(columns="notes").to_string(index=False))
    failed = [r["table"] for r in rows if r["error"]]
    print("not read:", failed or "nothing")
    if not args.quick:
        n_read, n_asked = len(rows) - len(failed), len(rows)
        bars = [bar("tables read", n_read, f"all {n_asked}", not failed)]
        record("read_everything", __doc__ or "", {}, rows, bars)


def _studies(data: Path, known: Identifiers, quick: bool) -> Iterator[dict[str, Any]]:
    for path in sorted(STUDIES.glob("*.toml"))[: 2 if quick else None]:
        study, start = read_study(path), time.perf_counter()
        try:
            cohort = read_cohort(study.cohort, data / study.data, STUDIES)
        except PathgnnError as error:
            yield _row(f"study {path.stem}", error=str(error))
            continue
        yield _row(
            f"study {path.stem}",
            samples=len(cohort.patients),
            features=cohort.clinical.shape[1],
            missing=_share_missing(cohort.clinical),
            notes=[f"{a}: {n}" for a, n in _arms(cohort)],
            seconds=time.perf_counter() - start,
        )
        for name in cohort.omics:
            told = tuple(n for n in cohort.notes if n.startswith(f"{name}: "))
            weights = cohort.feature_maps.get(name)
            kind, table = cohort.kinds[name], cohort.omics[name]
            yield _described(f"  {path.stem}: {name}", table, (kind, weights), known, told)


def _layers(data: Path, known: Identifiers, quick: bool) -> Iterator[dict[str, Any]]:
    for name, (kind, scale) in list(LAYERS.items())[: 3 if quick else None]:
        source = OmicSource.model_validate({"file": name, "kind": kind, "scale": scale})
        try:
            raw = open_omic(name, source, data, set(), 2**40)
            (table,) = raw.blocks(None)
            values, decided = transform(kind, numeric(table, name), scale)
        except PathgnnError as error:
            yield _row(name, error=str(error))
            continue
        weights = feature_map(None, kind, values.columns)
        notes = tuple(note for note in (*raw.notes, decided.note) if note)
        yield _described(name, values, (kind, weights), known, notes)


def _described(
    name: str,
    table: pd.DataFrame,
    kind: tuple[str, pd.DataFrame | None],
    known: Identifiers,
    notes: tuple[str, ...],
) -> dict[str, Any]:
    """Shape, missingness and how many features meet the curated graph."""
    layer = Layer(name, *kind)
    found = map_layer(as_omics({name: table}), layer, from_curated(), known)[1]
    return _row(
        name,
        samples=len(table),
        features=table.shape[1],
        missing=_share_missing(table),
        mapped=len(found.gene_of),
        unknown=len(found.unknown),
        notes=list(notes),
    )


def _clinical(data: Path, name: str) -> dict[str, Any]:
    try:
        table = read_table(data / name)
    except PathgnnError as error:
        return _row(name, error=str(error))
    samples, features = table.shape
    return _row(name, samples=samples, features=features, missing=_share_missing(table))


def _row(table: str, **known: Any) -> dict[str, Any]:
    empty = {"samples": 0, "features": 0, "missing": 0.0, "mapped": None, "unknown": None}
    row = {"table": table, **empty, "seconds": None, "notes": [], "error": ""} | known
    row["missing"] = round(float(row["missing"]), 4)
    row["seconds"] = None if row["seconds"] is None else round(row["seconds"], 1)
    return row


def _share_missing(table: pd.DataFrame) -> float:
    return float(table.isna().to_numpy().mean()) if table.size else 0.0


def _arms(cohort: Cohort) -> list[tuple[str, int]]:
    counts = np.bincount(cohort.outcome.arm, minlength=len(cohort.outcome.arms))
    return list(zip(cohort.outcome.arms, map(int, counts), strict=True))


if __name__ == "__main__":
    main()
