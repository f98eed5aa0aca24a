"""A cBioPortal study folder: what its meta files list, who was sequenced, and with which panel."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import pandas as pd

from pathgnn.cohort.read_table import read_table
from pathgnn.cohort.text_file import open_bytes

STUDY = "meta_study.txt"
# Genetic alteration type -> kind of omic; of the datatypes one may be no measurement.
KIND_OF: Mapping[str, str] = MappingProxyType(
    {
        "MUTATION_EXTENDED": "mutation",
        "COPY_NUMBER_ALTERATION": "copy_number",
        "MRNA_EXPRESSION": "expression",
        "METHYLATION": "methylation",
        "PROTEIN_LEVEL": "protein",
    }
)
NO_VALUES = ("SEG", "FUSION")
LARGEST_META = 2**20


class Profile(NamedTuple):
    """One data file of a study: kind of omic, datatype (DISCRETE, LOG2-VALUE, Z-SCORE, MAF)."""

    kind: str
    datatype: str
    file: str


class Sequenced(NamedTuple):
    """Whose genes were sequenced, as far as the files beside the mutations say.

    Attributes:
        samples: Sequenced samples; empty: nothing says who was.
        panel_of: Sample -> gene panel; one that is not listed had all genes sequenced.
        genes_of: Panel -> its genes: from its gene list, else those whose copy number the same
            panel gave; a panel of which neither is known is not here.
    """

    samples: tuple[str, ...] = ()
    panel_of: Mapping[str, str] = MappingProxyType({})
    genes_of: Mapping[str, frozenset[str]] = MappingProxyType({})


def is_study(folder: Path) -> bool:
    """Is the folder a cBioPortal study?"""
    return (folder / STUDY).is_file()


def profiles(folder: Path) -> tuple[Profile, ...]:
    """The measurements of a study whose data files are there, in the order of their names."""
    found = []
    for path in sorted(folder.glob("meta_*.txt")):
        meta = read_meta(path)
        kind, datatype = meta.get("genetic_alteration_type", ""), meta.get("datatype", "")
        file = _data_file(folder, meta.get("data_filename", ""))
        if kind in KIND_OF and datatype not in NO_VALUES and file:
            found.append(Profile(KIND_OF[kind], datatype, file))
    return tuple(found)


def read_meta(path: Path) -> dict[str, str]:
    """The `key: value` lines of a meta file, a gene panel or a case list."""
    with open_bytes(path) as handle:
        text = handle.read(LARGEST_META).decode("utf-8", errors="replace")
    pairs = (line.partition(":") for line in text.replace("\r", "\n").split("\n"))
    return {key.strip(): value.strip() for key, _, value in pairs if value.strip()}


def read_sequenced(mutations: Path, comments: tuple[str, ...] = ()) -> Sequenced:
    """Who was sequenced: from the study folder that a mutation file lies in, or its comments."""
    folder = mutations.parent
    samples: tuple[str, ...] = ()
    for line in comments:
        key, _, value = line.partition(":")
        if key.strip().lower() == "sequenced_samples":
            samples = tuple(value.split())
    case_list = folder / "case_lists" / "cases_sequenced.txt"
    if not samples and case_list.is_file():
        samples = tuple(read_meta(case_list).get("case_list_ids", "").split())
    if not is_study(folder):
        return Sequenced(samples)
    panel_of, listed = _panel_of(folder), _genes_of(folder)
    return Sequenced(samples, panel_of, _genes_with_copies(folder, panel_of) | listed)


def files_beside(mutations: Path) -> tuple[Path, ...]:
    """The files that `read_sequenced` reads beside the mutations."""
    folder = mutations.parent
    if not is_study(folder):
        return ()
    named = [folder / "case_lists" / "cases_sequenced.txt", _panel_matrix(folder)]
    named += sorted(folder.glob("data_gene_panel*.txt"))
    named += [folder / p.file for p in _copy_numbers(folder)]
    return tuple(dict.fromkeys(p for p in named if p.is_file()))


def _panel_of(folder: Path) -> dict[str, str]:
    path = _panel_matrix(folder)
    if not path.is_file():
        return {}
    table = read_table(path)
    if "mutations" not in table.columns:
        return {}
    panel = table["mutations"].dropna()
    return {str(s): str(p) for s, p in panel.items() if str(p) not in ("NA", "WES", "WGS", "")}


def _panel_matrix(folder: Path) -> Path:
    """The file that gives each sample its panel: what a meta file names, else the usual one."""
    for meta in map(read_meta, sorted(folder.glob("meta_*.txt"))):
        file = _data_file(folder, meta.get("data_filename", ""))
        if meta.get("genetic_alteration_type") == "GENE_PANEL_MATRIX" and file:
            return folder / file
    return folder / "data_gene_panel_matrix.txt"


def _genes_of(folder: Path) -> dict[str, frozenset[str]]:
    panels = {}
    for path in sorted(folder.glob("data_gene_panel*.txt")):
        meta = {} if path == _panel_matrix(folder) else read_meta(path)
        if "stable_id" in meta and "gene_list" in meta:
            panels[meta["stable_id"]] = frozenset(meta["gene_list"].split())
    return panels


def _genes_with_copies(folder: Path, panel_of: Mapping[str, str]) -> dict[str, frozenset[str]]:
    """The genes that have a copy number in most samples of a panel."""
    genes: dict[str, frozenset[str]] = {}
    for profile in _copy_numbers(folder) if panel_of else ():
        table = read_table(folder / profile.file).drop(columns="Entrez_Gene_Id", errors="ignore")
        panel = pd.Series(table.columns, index=table.columns).map(dict(panel_of))
        for name in panel.dropna().unique():
            on = table.loc[:, (panel == name).to_numpy()].notna().mean(axis=1) > 0.5
            genes[name] = frozenset(table.index[on.to_numpy()])
    return genes


def _copy_numbers(folder: Path) -> tuple[Profile, ...]:
    return tuple(p for p in profiles(folder) if p.kind == "copy_number")


def _data_file(folder: Path, name: str) -> str:
    """The data file a meta file names, plain or gzipped; empty where it is not there."""
    for candidate in (name, f"{name}.gz"):
        if name and Path(name).name == name and (folder / candidate).is_file():
            return candidate
    return ""


def mask_panels(table: pd.DataFrame, sequenced: Sequenced) -> tuple[pd.DataFrame, list[str]]:
    """Genes that a sample's panel does not hold as NaN, and sentences on it.

    A gene with a variant was sequenced, whatever the list says. Of a panel whose genes nothing
    tells, only genes with a variant in some sample of it count as sequenced.
    """
    notes: list[str] = []
    panel = pd.Series(table.index, index=table.index).map(dict(sequenced.panel_of))
    if panel.isna().all():
        return table, notes
    out = table.copy()
    for name in sorted(panel.dropna().unique()):
        rows = (panel == name).to_numpy()
        on = table[rows].fillna(0).ne(0).any().to_numpy()
        on = on | table.columns.isin(sequenced.genes_of.get(name, frozenset()))
        out.loc[rows, table.columns[~on]] = float("nan")
        known = "" if name in sequenced.genes_of else " (no gene list: those with a variant)"
        notes.append(
            f"panel {name}: {int(on.sum())} of {table.shape[1]} genes count as sequenced in its "
            f"{int(rows.sum())} samples{known}"
        )
    return out, notes
