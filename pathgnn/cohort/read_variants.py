"""A list of variants from a MAF, or from the mutation tables of Xena and cBioPortal."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import pandas as pd

from pathgnn.cohort.effects import KNOWN, classes
from pathgnn.cohort.hotspots import PROMOTER_OF_TERT
from pathgnn.cohort.read_table import load_table
from pathgnn.cohort.somatic import leave_out
from pathgnn.cohort.text_file import look
from pathgnn.errors import CohortError

COLUMNS = ("sample", "gene", "effect", "protein_change", "is_hotspot")
# What the columns are called, by lower-case letters and digits.
NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "sample": ("tumorsamplebarcode", "sampleid", "sample"),
        "gene": ("hugosymbol", "gene", "genesymbol"),
        "effect": ("variantclassification", "effect", "consequence"),
        "protein_change": ("hgvspshort", "proteinchange", "aminoacidchange", "hgvsp"),
        "is_hotspot": ("hotspot", "ishotspot"),
        "status": ("mutationstatus",),
        "filter": ("filter",),
        "entrez": ("entrezgeneid",),
        "position": ("startposition",),
    }
)
NEEDED = ("sample", "gene", "effect")
# Three letters and one of each amino acid.
THREE = "AlaArgAsnAspCysGlnGluGlyHisIleLeuLysMetPheProSerThrTrpTyrValTer"
ONE = "ARNDCQEGHILKMFPSTWYV*"
LETTER = {THREE[3 * i : 3 * i + 3]: letter for i, letter in enumerate(ONE)}
THREE_LETTERS = re.compile("|".join(LETTER))


class Listed(NamedTuple):
    """A list of variants, and sentences on the rows that were left out or doubtful."""

    variants: pd.DataFrame
    notes: tuple[str, ...] = ()


def is_variants(path: Path) -> bool:
    """Is the file a list of variants? Its header says so."""
    names = _by_name(list(look(path).header))
    return all(part in names for part in NEEDED)


def read_variants(path: Path) -> Listed:
    """Variants as sample, gene, effect (class of a MAF), protein_change ('' = unknown), is_hotspot.

    Effects in words of the Sequence Ontology or of ANNOVAR are put into those of a MAF, the most
    severe where there are several. What is no somatic call by its `Mutation_Status`, or did not
    pass its `FILTER`, has the effect "Left_Out", so that its sample counts as sequenced. A row
    without a gene has its Entrez id; without that, or without a sample, it is left out.

    Raises:
        CohortError: a column that is lacking.
    """
    header = list(look(path).header)
    table = load_table(path, tuple(_by_name(header).values()))
    names = _by_name(list(map(str, table.columns)))
    absent = [part for part in NEEDED if part not in names]
    if absent:
        raise CohortError(
            f"{path.name} is no list of variants: it has no column for the {absent[0]} (such as "
            f"{NAMES[absent[0]][0]}); a MAF has Hugo_Symbol, Variant_Classification and "
            "Tumor_Sample_Barcode"
        )
    rows = pd.DataFrame({part: table[column] for part, column in names.items()})
    rows["gene"] = _named(rows)
    out = rows.dropna(subset=["sample", "gene"]).reset_index(drop=True)
    for part in ("sample", "gene"):
        out[part] = out[part].astype(str).str.strip()
    out["effect"] = classes(out["effect"].fillna("").astype(str))
    for part in ("protein_change", "is_hotspot"):
        out[part] = out.get(part, "")
    out["protein_change"] = out["protein_change"].fillna("").astype(str).map(short_change)
    out["is_hotspot"] = _flag(out["is_hotspot"])
    _name_promoter(out)
    notes = leave_out(out, _is_judged_by_filter(header))
    if n := len(rows) - len(out):
        notes = (*notes, f"{n} rows without a gene or a sample are left out")
    return Listed(out[list(COLUMNS)], (*notes, *_of_unknown_effect(out)))


def _is_judged_by_filter(header: Collection[str]) -> bool:
    """Does `FILTER` decide? Not in the open files of the GDC, which keep what other callers found.

    Source: GDC documentation, "GDC MAF Format", generation of the somatic (masked) files.
    """
    names = {name.lower() for name in header}
    return "FILTER" in header and not ("gdc_filter" in names and "gdc_valid_somatic" not in names)


def _name_promoter(rows: pd.DataFrame) -> None:
    """Writes C228T and C250T of TERT's promoter as changes, in place: no protein change tells."""
    if "position" not in rows:
        return
    at = rows["gene"].eq("TERT") & rows["effect"].eq("5'Flank")
    place = pd.to_numeric(rows["position"][at], errors="coerce").map(PROMOTER_OF_TERT)
    rows.loc[place.dropna().index, "protein_change"] = place.dropna()


def _named(rows: pd.DataFrame) -> pd.Series:
    """The gene of each row, by its Entrez id where it has no symbol; 0 is none."""
    gene = rows["gene"].where(rows["gene"].astype(str).str.strip() != "")
    if "entrez" not in rows:
        return gene
    number = pd.to_numeric(rows["entrez"], errors="coerce").fillna(0).astype(int)
    return gene.where(gene.notna() | (number <= 0), number.astype(str))


def _of_unknown_effect(rows: pd.DataFrame) -> tuple[str, ...]:
    unknown = rows["effect"][~rows["effect"].isin(KNOWN)]
    if unknown.empty:
        return ()
    words = ", ".join(map(repr, unknown.value_counts().index[:3]))
    return (f"{len(unknown)} variants have an unknown effect ({words}): taken as changes",)


def short_change(change: str) -> str:
    """p.V600E from p.Val600Glu or ENSP00000288602:p.Val600Glu; others stay."""
    short = change.rpartition(":")[2].replace("%3D", "=")
    return THREE_LETTERS.sub(lambda m: LETTER[m[0]], short)


def _by_name(columns: list[str]) -> dict[str, str]:
    """Part of a variant -> column of the table."""
    plain = {"".join(c for c in name.lower() if c.isalnum()): name for name in reversed(columns)}
    found = {part: [plain[n] for n in names if n in plain] for part, names in NAMES.items()}
    return {part: columns[0] for part, columns in found.items() if columns}


def _flag(column: pd.Series) -> pd.Series:
    """Yes or no from 1, Y, TRUE and their like; a column of dots and blanks says nothing."""
    text = column.astype(str).str.strip().str.lower()
    known = ~text.isin(("", "nan", ".", "na", "none", "<na>"))
    yes = text.isin(("1", "1.0", "y", "yes", "true", "t"))
    return yes.astype("boolean").where(known.to_numpy())
