"""Variants that recur in tumours: at listed codons, or of a listed kind that activates a gene."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd
from jaxtyping import Bool

from pathgnn.cohort.effects import SILENT, TRUNCATING
from pathgnn.files import shipped

# The two bases of the promoter of TERT that are mutated in tumours, in GRCh37 and in GRCh38.
PROMOTER_OF_TERT: Mapping[int, str] = MappingProxyType(
    {1295228: "C228T", 1295250: "C250T", 1295113: "C228T", 1295135: "C250T"}
)

# p.V600E, p.E746_A750del, p.V559_V560insD, p.599_600insDY, p.WQ288fs: the codon, or the first and
# the last.
CODONS = re.compile(r"^(?:p\.)?\(?[A-Z*-]{0,3}(\d+)(?:_[A-Z*]{0,3}(\d+))?")


def codons_of(protein_change: str) -> tuple[int, ...]:
    """Codons that a change spans: p.V600E 600, p.E746_A750del 746 to 750; none if unclear."""
    found = CODONS.match(protein_change)
    # A change at a splice site names a codon, but changes no residue of it.
    if found is None or "splice" in protein_change:
        return ()
    first = int(found[1])
    last = int(found[2] or first)
    return tuple(range(first, last + 1)) if last - first < 100 else (first,)


def at_listed_codon(variants: pd.DataFrame) -> Bool[np.ndarray, " variant"]:
    """Changes of residues at the codons of data/hotspots.csv."""
    table = pd.read_csv(shipped("hotspots.csv"))
    listed = set(zip(table["gene"], table["codon"], strict=True))
    # Frame shifts and stops reach past the codon: they are truncating, whatever codon they name.
    worth = ~variants["effect"].isin(SILENT | TRUNCATING) & variants["gene"].isin(table["gene"])
    out = np.zeros(len(variants), dtype=bool)
    genes, changes = variants["gene"].to_numpy(), variants["protein_change"].fillna("").to_numpy()
    for i in np.flatnonzero(worth):
        out[i] = any((genes[i], codon) in listed for codon in codons_of(str(changes[i])))
    return out


def activating(variants: pd.DataFrame) -> Bool[np.ndarray, " variant"]:
    """Changes of the kinds of data/activating.csv: they switch on what they seem to destroy.

    Such as frame shifts at the end of NPM1, skipped exon 14 of MET, internal duplications of FLT3,
    and C228T and C250T in the promoter of TERT.
    """
    table = pd.read_csv(shipped("activating.csv"))
    out = np.zeros(len(variants), dtype=bool)
    for gene, effects, codons in table.itertuples(index=False):
        kind = variants["gene"].eq(gene) & variants["effect"].isin(effects.split(";"))
        low, _, high = codons.partition("-")
        for i in np.flatnonzero(kind):
            codon = CODONS.match(str(variants["protein_change"].iloc[i]))
            out[i] |= codon is not None and int(low) <= int(codon[1]) <= int(high)
    return out
