"""The shared cohorts as `pathgnn check` takes them; a coin plays the arm where there is none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from pathgnn.cohort.cohort import Cohort, Outcome

Reader = Callable[[Path], Cohort]
PORPOISE = ("blca", "brca", "gbmlgg", "hnsc", "kirc", "luad", "stad", "ucec")


def cohorts() -> dict[str, tuple[Reader, str]]:
    """Name -> how to read it from the cohorts' folder, and what plays the arm."""
    out: dict[str, tuple[Reader, str]] = {
        f"tcga_porpoise/{name}": (lambda f, n=name: _porpoise(f / "tcga_porpoise" / n), "coin")
        for name in PORPOISE
    }
    return out | {
        "tcga_brca_bundle": (_bundle, "radiotherapy"),
        "nki272": (_nki, "chemotherapy"),
        "breast_taxane614": (_taxane, "taxane (= study)"),
        "celllines_ccle_gdsc": (_lines, "coin"),
        "moganet_kidney": (_kidney, "coin"),
        "binn_proteomics": (_proteomics, "coin"),
        "survpath": (_survpath, "coin"),
        "ccrcc11_cosmos": (_ccrcc, "coin"),
    }


def _porpoise(folder: Path) -> Cohort:
    clinical = pd.read_parquet(folder / "clinical.parquet").dropna(subset=["time_months", "event"])
    clinical["sex"] = clinical["is_female"].map({1.0: "female", 0.0: "male"})
    files = {"expression": "rna_z", "copy_number": "cnv_gistic", "mutation": "mut"}
    paths = {k: folder / f"{f}.parquet" for k, f in files.items()}
    tables = {k: pd.read_parquet(p) for k, p in paths.items() if p.is_file()}
    rows = pd.DataFrame({"value": clinical["time_months"], "event": clinical["event"]})
    return _cohort(tables, rows, clinical[["age"]], "survival", clinical[["site", "sex"]])


def _bundle(root: Path) -> Cohort:
    folder = root / "tcga_brca_bundle"
    clinical = pd.read_parquet(folder / "clinical.parquet")
    clinical = clinical.dropna(subset=["time_months", "event", "treat_radiation"])
    files = {
        "expression": "rna_z",
        "copy_number": "cnv_gistic",
        "mutation": "mut",
        "protein": "rppa",
        "phospho": "rppa_phospho",
        "mirna": "mirna_log2rpkm",
        "mri": "mri_radiomics",
    }
    tables = {k: pd.read_parquet(folder / f"{f}.parquet") for k, f in files.items()}
    rows = pd.DataFrame({"value": clinical["time_months"], "event": clinical["event"]})
    rows["arm"] = clinical["treat_radiation"].astype(str)
    return _cohort(tables, rows, clinical[["age", "number_of_lymph_nodes"]], "survival")


def _nki(root: Path) -> Cohort:
    clinical = pd.read_parquet(root / "nki272" / "clinical.parquet")
    rows = pd.DataFrame({"value": 12 * clinical["time_years"], "event": clinical["event"]})
    rows["arm"] = clinical["treat_chemo"].astype(str)
    inputs = clinical[["age", "diam", "posnodes", "grade"]].apply(pd.to_numeric, errors="coerce")
    return _cohort(
        {"expression": pd.read_parquet(root / "nki272" / "rna.parquet")}, rows, inputs, "survival"
    )


def _taxane(root: Path) -> Cohort:
    clinical = pd.read_parquet(root / "breast_taxane614" / "clinical.parquet").dropna()
    rows = pd.DataFrame({"value": 12 * clinical["time_years"], "event": clinical["event"]})
    rows["arm"] = clinical["treat_taxane"].astype(str)
    table = pd.read_parquet(root / "breast_taxane614" / "rna.parquet")
    return _cohort({"expression": table}, rows, clinical[[]], "survival")


def _lines(root: Path) -> Cohort:
    folder = root / "celllines_ccle_gdsc"
    response = pd.read_parquet(folder / "ic50_long.parquet").dropna(subset=["depmap_id", "ln_ic50"])
    response = response[response["drug"].str.contains("nutlin", case=False)]
    rows = (-response.groupby("depmap_id")["ln_ic50"].mean()).to_frame("value")
    files = {
        "expression": "rna",
        "copy_number": "cn",
        "mutation": "mut",
        "methylation": "methylation",
    }
    tables = {k: pd.read_parquet(folder / f"{f}.parquet") for k, f in files.items()}
    return _cohort(tables, rows, rows[[]], "continuous")


def _kidney(root: Path) -> Cohort:
    folder = root / "moganet_kidney"
    label = pd.read_csv(folder / "labels.csv").set_index("sample_id")["label"]
    files = {"expression": "rna", "methylation": "methylation_cpg", "mirna": "mirna"}
    tables = {k: pd.read_parquet(folder / f"{f}.parquet") for k, f in files.items()}
    rows = label.astype(float).to_frame("value")
    return _cohort(tables, rows, rows[[]], "binary")


def _proteomics(root: Path) -> Cohort:
    folder = root / "binn_proteomics"
    table = pd.read_csv(folder / "sample_datamatrix.csv.gz").set_index("Protein").T
    design = pd.read_csv(folder / "sample_design_matrix.tsv", sep="\t").set_index("sample")
    rows = (design["group"] == design["group"].max()).astype(float).to_frame("value")
    return _cohort({"protein": table}, rows, rows[[]], "binary")


def _survpath(root: Path) -> Cohort:
    table = pd.read_parquet(root / "survpath" / "blca_rna_xena.parquet")
    table.index = table.index.str[:12]
    meta = pd.read_csv(root / "survpath" / "metadata__tcga_blca.csv")
    meta = meta.drop_duplicates("case_id").set_index("case_id")
    rows = pd.DataFrame({"value": meta["survival_months"], "event": 1 - meta["censorship"]})
    sex = meta["is_female"].map({1.0: "female", 0.0: "male"})
    beside = pd.DataFrame({"site": meta["site"].astype(str), "sex": sex})
    return _cohort({"expression": table}, rows, meta[["age"]], "survival", beside)


def _ccrcc(root: Path) -> Cohort:
    folder = root / "ccrcc11_cosmos"
    counts = np.log2(pd.read_parquet(folder / "rna_counts.parquet") + 1)
    rows = pd.DataFrame({"value": counts.index.str.endswith("T") * 1.0}, index=counts.index)
    return _cohort({"expression": counts}, rows, rows[[]], "binary")


def _cohort(
    tables: dict[str, pd.DataFrame],
    rows: pd.DataFrame,
    clinical: pd.DataFrame,
    kind: str,
    beside: pd.DataFrame | None = None,
) -> Cohort:
    """A cohort of those with an outcome and a measurement."""
    rows = rows.dropna()
    rows = rows[~rows.index.duplicated()]
    tables = {k: t[~t.index.duplicated()] for k, t in tables.items()}
    measured = set().union(*(t.index for t in tables.values()))
    rows = rows[rows.index.isin(measured)]
    patients = tuple(map(str, rows.index))
    arm = rows["arm"] if "arm" in rows else _coin(rows)
    code, arms = pd.factorize(arm, sort=True)
    survival = kind == "survival"
    event = rows["event"].to_numpy() == 1 if survival else np.ones(len(rows), dtype=bool)
    value = rows["value"].to_numpy(dtype=float)
    kinds = {k: k if k in KINDS else "expression" for k in tables}
    return Cohort(
        name="shared",
        patients=patients,
        omics={k: t[t.index.isin(patients)] for k, t in tables.items()},
        kinds=kinds,
        clinical=clinical.reindex(rows.index).astype(float),
        outcome=Outcome(
            kind=kind,
            patient=patients,
            arm=code,
            arms=tuple(map(str, arms)),
            value=value,
            event=event,
            stratum=np.zeros(len(rows), dtype=int),
            randomised="arm" not in rows,
            horizon=float(np.median(value)) if survival else 0.0,
        ),
        beside=pd.DataFrame(index=rows.index) if beside is None else beside.reindex(rows.index),
    )


KINDS = frozenset({"expression", "mutation", "copy_number", "protein", "methylation"})


def _coin(rows: pd.DataFrame) -> pd.Series:
    heads = np.random.default_rng(0).permutation(np.arange(len(rows)) % 2)
    return pd.Series(np.where(heads == 1, "heads", "tails"), index=rows.index)
