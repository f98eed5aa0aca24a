"""Mutations from a long table of variants: any, truncating or hotspot per gene, counts, burden."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal

import numpy as np
import pandas as pd
from jaxtyping import Bool

from pathgnn.errors import CohortError
from pathgnn.files import shipped

Measure = Literal["any", "truncating", "hotspot", "count"]

# Effects that leave the protein as it is, in MAF's words (Variant_Classification).
SILENT = frozenset(
    [
        "Silent",
        "Intron",
        "IGR",
        "RNA",
        "lincRNA",
        "3'UTR",
        "5'UTR",
        "3'Flank",
        "5'Flank",
        "Splice_Region",
        "Targeted_Region",
        "De_novo_Start_InFrame",
        "De_novo_Start_OutOfFrame",
    ]
)
# Effects that cost most of the protein or all of it. A lost stop codon (Nonstop_Mutation) is none:
# it lengthens the protein. Deletions of whole genes are copy number, not variants.
TRUNCATING = frozenset(
    [
        "Nonsense_Mutation",
        "Frame_Shift_Del",
        "Frame_Shift_Ins",
        "Splice_Site",
        "Translation_Start_Site",
        "Start_Codon_SNP",
        "Start_Codon_Del",
        "Start_Codon_Ins",
    ]
)
# p.V600E, p.E746_A750del, p.V559_V560insD: the codon, or the first and the last of them.
CODONS = re.compile(r"^(?:p\.)?\(?[A-Z*](\d+)(?:_[A-Z*]?(\d+))?")


def mutation_table(variants: pd.DataFrame, measure: Measure) -> pd.DataFrame:
    """Patients x genes: 0/1 for "any", "truncating" and "hotspot", a number for "count".

    Args:
        variants: A row per variant: sample, gene, effect (MAF's Variant_Classification),
            protein_change (p.V600E, or empty), is_hotspot (True, False or missing).
        measure: "any" and "count" take the variants that are not silent. A "hotspot" is what
            `is_hotspot` says, and where that is missing a change at a codon of data/hotspots.csv.

    Every sample of the table has a row, also one with silent variants only. Every gene has a
    column in "any" and "count", and those with such a variant in the others.

    Raises:
        CohortError: a lacking column, or no variant of the measure.
    """
    _check(variants)
    chosen = variants[CHOSEN[measure](variants)]
    if chosen.empty:
        raise CohortError(
            f"no variant is {measure!r}; the effects are {_effects(variants)}, which should be "
            "MAF's Variant_Classification"
        )
    counts = chosen.groupby(["sample", "gene"], sort=True).size().unstack(fill_value=0)
    samples = pd.Index(sorted(set(variants["sample"])), name=None)
    counts = counts.reindex(samples, fill_value=0).rename_axis(columns=None)
    out = counts if measure == "count" else counts.clip(upper=1)
    return out.astype(np.float32)


def mutation_burden(variants: pd.DataFrame) -> pd.Series:
    """log2(1 + variants that are not silent) of every sample: a covariate, not an omic."""
    _check(variants)
    changed = not_silent(variants)
    n = pd.Series(changed, index=variants["sample"]).groupby(level=0).sum()
    return pd.Series(np.log2(1 + n.to_numpy()), index=list(n.index), name="mutation_burden")


def not_silent(variants: pd.DataFrame) -> Bool[np.ndarray, " variant"]:
    """Variants that change a protein, or whose effect is not known."""
    return np.asarray(~variants["effect"].isin(SILENT))


def truncating(variants: pd.DataFrame) -> Bool[np.ndarray, " variant"]:
    """Variants that cost most of the protein or all of it."""
    return np.asarray(variants["effect"].isin(TRUNCATING))


def hotspot(variants: pd.DataFrame) -> Bool[np.ndarray, " variant"]:
    """Changes at codons that recur in tumours; the file's own word goes first.

    A column without a single hotspot was never filled in (studies hold 0 in every row, KRAS G12D
    among them), so then the listed codons decide.
    """
    given = variants["is_hotspot"].to_numpy(dtype=object)
    stated, yes = pd.notna(given), np.array([pd.notna(g) and bool(g) for g in given])
    listed = _at_listed_codon(variants)
    return np.where(stated, yes, listed) if yes.any() else listed


CHOSEN: Mapping[str, Callable[[pd.DataFrame], Bool[np.ndarray, " variant"]]] = MappingProxyType(
    {"any": not_silent, "count": not_silent, "truncating": truncating, "hotspot": hotspot}
)


def codons_of(protein_change: str) -> tuple[int, ...]:
    """Codons that a change spans: p.V600E 600, p.E746_A750del 746 to 750; none if unclear."""
    found = CODONS.match(protein_change)
    # A change at a splice site names a codon, but changes no residue of it.
    if found is None or "splice" in protein_change:
        return ()
    first = int(found[1])
    last = int(found[2] or first)
    return tuple(range(first, last + 1)) if last - first < 100 else (first,)


def _at_listed_codon(variants: pd.DataFrame) -> Bool[np.ndarray, " variant"]:
    table = pd.read_csv(shipped("hotspots.csv"))
    listed = set(zip(table["gene"], table["codon"], strict=True))
    # Frame shifts and stops reach past the codon: they are truncating, whatever codon they name.
    worth = not_silent(variants) & ~truncating(variants)
    out = np.zeros(len(variants), dtype=bool)
    genes, changes = variants["gene"].to_numpy(), variants["protein_change"].fillna("").to_numpy()
    for i in np.flatnonzero(worth & variants["gene"].isin(table["gene"]).to_numpy()):
        out[i] = any((genes[i], codon) in listed for codon in codons_of(str(changes[i])))
    return out


def _check(variants: pd.DataFrame) -> None:
    absent = {"sample", "gene", "effect", "protein_change", "is_hotspot"} - set(variants.columns)
    if absent:
        raise CohortError(f"a table of variants needs the column {sorted(absent)[0]!r}")
    if variants.empty:
        raise CohortError("the table of variants holds no row; is the file complete?")


def _effects(variants: pd.DataFrame) -> str:
    return ", ".join(map(repr, variants["effect"].dropna().unique()[:4]))
