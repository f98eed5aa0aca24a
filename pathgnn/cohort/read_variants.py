"""A list of variants from a MAF, or from the mutation tables of Xena and cBioPortal."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from pathgnn.cohort.read_table import load_table
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
    }
)
NEEDED = ("sample", "gene", "effect")
# Sequence Ontology (VEP, SnpEff) -> class of a MAF, in the order of severity. A MAF has two
# classes of frame shifts, which mean the same to us; the ontology does not tell them apart.
CLASS_OF: Mapping[str, str] = MappingProxyType(
    {
        "transcript_ablation": "Splice_Site",
        "splice_acceptor_variant": "Splice_Site",
        "splice_donor_variant": "Splice_Site",
        "stop_gained": "Nonsense_Mutation",
        "frameshift_variant": "Frame_Shift_Del",
        "frameshift_truncation": "Frame_Shift_Del",
        "frameshift_elongation": "Frame_Shift_Ins",
        "stop_lost": "Nonstop_Mutation",
        "start_lost": "Translation_Start_Site",
        "initiator_codon_variant": "Translation_Start_Site",
        "disruptive_inframe_insertion": "In_Frame_Ins",
        "conservative_inframe_insertion": "In_Frame_Ins",
        "inframe_insertion": "In_Frame_Ins",
        "disruptive_inframe_deletion": "In_Frame_Del",
        "conservative_inframe_deletion": "In_Frame_Del",
        "inframe_deletion": "In_Frame_Del",
        "missense_variant": "Missense_Mutation",
        "protein_altering_variant": "Missense_Mutation",
        "splice_region_variant": "Splice_Region",
        "splice_donor_5th_base_variant": "Splice_Region",
        "splice_donor_region_variant": "Splice_Region",
        "splice_polypyrimidine_tract_variant": "Splice_Region",
        "stop_retained_variant": "Silent",
        "start_retained_variant": "Silent",
        "synonymous_variant": "Silent",
        "5_prime_utr_premature_start_codon_gain_variant": "5'UTR",
        "5_prime_utr_variant": "5'UTR",
        "3_prime_utr_variant": "3'UTR",
        "intron_variant": "Intron",
        "non_coding_transcript_exon_variant": "RNA",
        "non_coding_transcript_variant": "RNA",
        "intragenic_variant": "Intron",
        "sequence_feature": "Intron",
        "upstream_gene_variant": "5'Flank",
        "downstream_gene_variant": "3'Flank",
        "intergenic_variant": "IGR",
        "intergenic_region": "IGR",
        "regulatory_region_variant": "IGR",
        "tf_binding_site_variant": "IGR",
    }
)

# Three letters and one of each amino acid.
THREE = "AlaArgAsnAspCysGlnGluGlyHisIleLeuLysMetPheProSerThrTrpTyrValTer"
ONE = "ARNDCQEGHILKMFPSTWYV*"
LETTER = {THREE[3 * i : 3 * i + 3]: letter for i, letter in enumerate(ONE)}
THREE_LETTERS = re.compile("|".join(LETTER))


def is_variants(path: Path) -> bool:
    """Is the file a list of variants? Its header says so."""
    names = _by_name(list(look(path).header))
    return all(part in names for part in NEEDED)


def read_variants(path: Path) -> pd.DataFrame:
    """Variants as sample, gene, effect (class of a MAF), protein_change ('' = unknown), is_hotspot.

    Effects in words of the Sequence Ontology are put into those of a MAF, the most severe where
    there are several. A row without a gene or a sample is left out.

    Raises:
        CohortError: a column that is lacking.
    """
    header = _by_name(list(look(path).header))
    table = load_table(path, tuple(header.values()))
    names = _by_name(list(map(str, table.columns)))
    absent = [part for part in NEEDED if part not in names]
    if absent:
        raise CohortError(
            f"{path.name} is no list of variants: it has no column for the {absent[0]} (such as "
            f"{NAMES[absent[0]][0]}); a MAF has Hugo_Symbol, Variant_Classification and "
            "Tumor_Sample_Barcode"
        )
    out = pd.DataFrame({part: table[column] for part, column in names.items()})
    if "is_hotspot" in names:
        out["is_hotspot"] = _flag(out["is_hotspot"])
    out = out.dropna(subset=["sample", "gene"]).reset_index(drop=True)
    for part in ("sample", "gene"):
        out[part] = out[part].astype(str).str.strip()
    out["effect"] = classes(out["effect"].fillna("").astype(str))
    if "protein_change" not in out:
        out["protein_change"] = ""
    out["protein_change"] = out["protein_change"].fillna("").astype(str).map(short_change)
    if "is_hotspot" not in out:
        out["is_hotspot"] = pd.array([pd.NA] * len(out), dtype="boolean")
    return out[list(COLUMNS)]


def short_change(change: str) -> str:
    """p.V600E from p.Val600Glu or ENSP00000288602:p.Val600Glu; others stay."""
    short = change.rpartition(":")[2].replace("%3D", "=")
    return THREE_LETTERS.sub(lambda m: LETTER[m[0]], short)


def classes(effects: pd.Series) -> pd.Series:
    """Classes of a MAF; words of the Sequence Ontology are translated, others stay."""
    return effects.map({e: _class(e) for e in effects.unique()})


def words_of(effect: str) -> list[str]:
    """Words of the Sequence Ontology, which tools join by &, comma or semicolon, in lower case."""
    return [word.strip() for word in re.split("[&,;]", effect.lower())]


def _class(effect: str) -> str:
    words = words_of(effect)
    return next((CLASS_OF[w] for w in CLASS_OF if w in words), effect)


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
