"""Prediction tasks on real cohorts: survival in TCGA, response of xenografts and of cell lines."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int
from lifelines.utils import concordance_index

from pathgnn.cohort.transform import transform
from pathgnn.seeds import rng_for

Places = Int[np.ndarray, " patient"]
Matrix = Float[np.ndarray, "patient column"]
Vector = Float[np.ndarray, " patient"]
Event = Bool[np.ndarray, " patient"]
Fold = tuple[Places, Places]

TCGA = ("blca", "brca", "gbmlgg", "hnsc", "kirc", "luad", "stad", "ucec")
# Omic -> file and scale; the name of an omic is its kind, too.
TCGA_FILES = MappingProxyType(
    {
        "expression": ("rna_z", "zscore"),
        "mutation": ("mut", "auto"),
        "copy_number": ("cnv_gistic", "gistic"),
    }
)
PDXE_FILES = MappingProxyType(
    {
        "expression": ("rna_log2fpkm", "log"),
        "mutation": ("mut", "auto"),
        "copy_number": ("cna_focal", "gistic"),
    }
)
CELL_LINE_FILES = MappingProxyType(
    {
        "expression": ("rna", "log"),
        "mutation": ("mut", "auto"),
        "copy_number": ("cn", "log2_relative_plus_1"),
        "methylation": ("methylation", "beta"),
    }
)
PDXE_DRUGS = ("binimetinib", "BYL719", "LEE011", "BKM120", "CLR457", "paclitaxel", "cetuximab")
# Fixed by name and by how many lines were measured, before any model was fitted: the best known
# inhibitor of each of twelve targets, the one measured in most lines where several are known.
CELL_LINE_DRUGS = (
    "Selumetinib",  # MEK
    "PLX-4720",  # BRAF
    "Afatinib",  # EGFR and ERBB2
    "Pictilisib",  # PI3K
    "MK-2206",  # AKT
    "Olaparib",  # PARP
    "Palbociclib",  # CDK4 and CDK6
    "Nutlin-3a (-)",  # MDM2
    "Navitoclax",  # BCL2
    "Cabozantinib",  # MET
    "PD173074",  # FGFR
    "JQ1",  # BRD4
)
N_FOLDS, PDXE_REPEATS = 5, 3
LOWEST_RESPONSE, HIGHEST_RESPONSE = -100.0, 200.0
FEWEST_OF_A_TISSUE = 10
PDXE_SEED, CELL_LINE_SEED = 11, 12
INNER_FOLDS = 3
# A gene that hardly varies in training can be a thousand training SD away in one test patient.
FARTHEST = 10.0


class AccuracyTask(NamedTuple):
    """One outcome to predict, and the folds that all models share.

    Attributes:
        name: Cohort, or drug and what of it is predicted.
        group: "tcga", "pdxe response", "pdxe benefit" or "cell lines".
        kind: "survival" or "continuous".
        omics: Omic -> patients x HGNC symbols, on pathgnn's scales; may lack patients, NaN is
            unseen.
        kinds: Omic -> its kind in `pathgnn.cohort.TRANSFORMS`.
        clinical: Numbers per patient, the patients of `value`; a category is one column
            "column=level" per level.
        value: Months followed up, or the outcome, where higher is better.
        event: Whether the patient died; all true for a continuous outcome.
        folds: Places in `value` of the training and of the test patients.
    """

    name: str
    group: str
    kind: str
    omics: Mapping[str, pd.DataFrame]
    kinds: Mapping[str, str]
    clinical: pd.DataFrame
    value: pd.Series
    event: pd.Series
    folds: tuple[Fold, ...]


def tcga_tasks(folder: Path) -> tuple[AccuracyTask, ...]:
    """Overall survival in eight cancers, with the five folds that came with the data.

    Args:
        folder: The folder `cohorts` of the shared data.
    """
    return tuple(_tcga_task(folder / "tcga_porpoise" / name) for name in TCGA)


def pdxe_tasks(folder: Path) -> tuple[AccuracyTask, ...]:
    """Response to each of seven drugs, then how much better than untreated each one was.

    A tumour has the same fold in all tasks.

    Args:
        folder: The folder `cohorts` of the shared data.
    """
    omics = _read_omics(folder / "pdxe", PDXE_FILES)
    table = pd.read_parquet(folder / "pdxe" / "response.parquet")
    table = table[table["pdx_id"].isin(omics["expression"].index)]
    spared = -table["best_average_response_value"].clip(LOWEST_RESPONSE, HIGHEST_RESPONSE)
    value = spared.groupby([table["pdx_id"], table["treatment"]]).mean().unstack()
    clinical = _one_hot(table.groupby("pdx_id")["cancer"].first(), "cancer")
    folds = _deal(value.index, PDXE_REPEATS, PDXE_SEED)
    given = _Given(omics, clinical, folds)
    response = [_continuous(f"{d} response", "pdxe response", value[d], given) for d in PDXE_DRUGS]
    gained = value[list(PDXE_DRUGS)].sub(value["untreated"], axis=0)
    benefit = [_continuous(f"{d} benefit", "pdxe benefit", gained[d], given) for d in PDXE_DRUGS]
    return (*response, *benefit)


def cell_line_tasks(
    folder: Path, drugs: tuple[str, ...] = CELL_LINE_DRUGS
) -> tuple[AccuracyTask, ...]:
    """Sensitivity (minus ln IC50) of cell lines to some drugs; a line has one fold in all tasks.

    Args:
        folder: The folder `cohorts` of the shared data.
        drugs: Their names; twelve by default.
    """
    home = folder / "celllines_ccle_gdsc"
    omics = _read_omics(home, CELL_LINE_FILES)
    table = pd.read_parquet(home / "ic50_long.parquet")
    # Methylation alone is known of some ninety more lines; they are left out.
    table = table[table["depmap_id"].isin(omics["expression"].index)]
    value = -table.groupby(["depmap_id", "drug"])["ln_ic50"].mean().unstack()
    tissue = pd.read_parquet(home / "annotation.parquet").set_index("depMapID")["tcga_code"]
    clinical = _one_hot(_common(tissue.reindex(value.index)), "tissue")
    given = _Given(omics, clinical, _deal(value.index, 1, CELL_LINE_SEED))
    return tuple(_continuous(drug, "cell lines", value[drug], given) for drug in drugs)


class FoldData(NamedTuple):
    """Training and test patients, scaled by what the training patients have; no test outcome."""

    genes: Matrix
    test_genes: Matrix
    clinical: Matrix
    test_clinical: Matrix
    value: Vector
    event: Event
    is_survival: bool

    def both(self) -> tuple[Matrix, Matrix]:
        """Genes and clinical columns side by side: training, test."""
        train, test = (self.genes, self.clinical), (self.test_genes, self.test_clinical)
        return np.hstack(train), np.hstack(test)

    def higher_is_better(self, score: Vector) -> Vector:
        """A log hazard turned round; an outcome is coded so already."""
        return -score if self.is_survival else score


def fold_data(task: AccuracyTask, train: Places, test: Places, most: int | None = None) -> FoldData:
    """What a model may see of a fold; of the `most` variable genes per omic, all by default."""
    patients = task.value.index
    tables = [table.reindex(patients).to_numpy(float) for table in task.omics.values()]
    parts = [_scaled(table[train], table[test], most) for table in tables]
    clinical = task.clinical.reindex(patients).to_numpy(float)
    return FoldData(
        np.hstack([part[0] for part in parts]),
        np.hstack([part[1] for part in parts]),
        *_scaled(clinical[train], clinical[test], None),
        task.value.to_numpy(float)[train],
        task.event.to_numpy(bool)[train],
        task.kind == "survival",
    )


def harrell_c(score: Vector, time: Vector, event: Event) -> float:
    """Share of comparable pairs in which the patient with the higher score lived longer."""
    return float(concordance_index(time, score, event))


def inner_folds(event: Event, rng: np.random.Generator) -> list[tuple[Places, Places]]:
    """Three folds with the deaths spread evenly."""
    order = rng.permutation(len(event))
    order = order[np.argsort(event[order], kind="stable")]
    fold = np.empty(len(event), int)
    fold[order] = np.arange(len(event)) % INNER_FOLDS
    return [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(INNER_FOLDS)]


class _Given(NamedTuple):
    """What all drugs of a cohort share: omics, clinical columns, whether held out per fold."""

    omics: Mapping[str, pd.DataFrame]
    clinical: pd.DataFrame
    is_held_out: tuple[pd.Series, ...]


def _tcga_task(home: Path) -> AccuracyTask:
    table = pd.read_parquet(home / "clinical.parquet").dropna(subset=["time_months", "event"])
    omics = _read_omics(home, TCGA_FILES)
    split = [table[f"fold{k}"] for k in range(N_FOLDS)]
    return AccuracyTask(
        name=home.name,
        group="tcga",
        kind="survival",
        omics=omics,
        kinds=_kinds(omics),
        clinical=table[["age", "is_female"]].astype(float),
        value=table["time_months"].astype(float),
        event=table["event"].astype(bool),
        folds=tuple(_places(part == "train", part == "val") for part in split),
    )


def _continuous(name: str, group: str, value: pd.Series, given: _Given) -> AccuracyTask:
    value = value.dropna().astype(float)
    held_out = [test.reindex(value.index) for test in given.is_held_out]
    return AccuracyTask(
        name=name,
        group=group,
        kind="continuous",
        omics=given.omics,
        kinds=_kinds(given.omics),
        clinical=given.clinical.reindex(value.index),
        value=value.rename(name),
        event=pd.Series(True, index=value.index),
        folds=tuple(_places(~test, test) for test in held_out),
    )


def _read_omics(home: Path, files: Mapping[str, tuple[str, str]]) -> Mapping[str, pd.DataFrame]:
    """The omics whose file is there, each put on pathgnn's scale."""
    paths = {kind: (home / f"{file}.parquet", scale) for kind, (file, scale) in files.items()}
    return MappingProxyType(
        {
            kind: transform(kind, pd.read_parquet(path), scale)[0]
            for kind, (path, scale) in paths.items()
            if path.exists()
        }
    )


def _kinds(omics: Mapping[str, pd.DataFrame]) -> Mapping[str, str]:
    return MappingProxyType({kind: kind for kind in omics})


def _common(level: pd.Series) -> pd.Series:
    """Levels of fewer than ten patients, and none at all, become "other"."""
    size = level.map(level.value_counts())
    return level.where(size >= FEWEST_OF_A_TISSUE, "other")


def _one_hot(level: pd.Series, name: str) -> pd.DataFrame:
    return pd.get_dummies(level, prefix=name, prefix_sep="=", dtype=float)


def _deal(patients: pd.Index, n_repeats: int, seed: int) -> tuple[pd.Series, ...]:
    """Whether a patient is held out, for each fold of each repeat."""
    out = []
    for repeat in range(n_repeats):
        fold = rng_for(seed, repeat).permutation(np.arange(len(patients)) % N_FOLDS)
        out += [pd.Series(fold == k, index=patients) for k in range(N_FOLDS)]
    return tuple(out)


def _places(is_train: pd.Series, is_test: pd.Series) -> Fold:
    return np.flatnonzero(is_train.to_numpy()), np.flatnonzero(is_test.to_numpy())


def _scaled(train: Matrix, test: Matrix, most: int | None) -> tuple[Matrix, Matrix]:
    """Training mean 0 and variance 1, unseen values 0, only columns that vary in training."""
    seen = (~np.isnan(train)).any(axis=0)
    train, test = train[:, seen], test[:, seen]
    mean, sd = np.nanmean(train, axis=0), np.nanstd(train, axis=0)
    keep = np.flatnonzero(sd > 1e-8)
    if most is not None and len(keep) > most:
        keep = np.sort(keep[np.argsort(-sd[keep], kind="stable")[:most]])
    scaled = [(part[:, keep] - mean[keep]) / sd[keep] for part in (train, test)]
    train, test = (np.nan_to_num(part).clip(-FARTHEST, FARTHEST) for part in scaled)
    return train, test
