"""Variants to values per sample and gene: any change of the protein, truncating, hotspot, count."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pathgnn.errors import CohortError

# Classes of a MAF that leave the protein as it is.
SILENT = frozenset(
    {
        "Silent",
        "Intron",
        "3'UTR",
        "5'UTR",
        "3'Flank",
        "5'Flank",
        "IGR",
        "RNA",
        "lincRNA",
        "Targeted_Region",
        "Splice_Region",
    }
)
# Classes that usually end the protein early or keep it from being made.
TRUNCATING = frozenset(
    {
        "Nonsense_Mutation",
        "Frame_Shift",
        "Frame_Shift_Del",
        "Frame_Shift_Ins",
        "Splice_Site",
        "Translation_Start_Site",
        "De_novo_Start_OutOfFrame",
    }
)


def mutation_table(variants: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Sample x gene, for the samples and genes that have a variant of any class.

    Args:
        variants: sample, gene, effect (class of a MAF), protein_change, is_hotspot.
        measure: "any" (1 where the protein is changed), "truncating", "hotspot" (as the list
            itself marks them) or "count" (variants that change the protein).

    Raises:
        CohortError: hotspots are asked for, but the list does not mark any.
    """
    changed = ~variants["effect"].isin(SILENT)
    if measure == "hotspot":
        if variants["is_hotspot"].isna().all():
            raise CohortError("the list of variants has no column that marks hotspots")
        counted = variants["is_hotspot"].fillna(False).astype(bool) & changed
    else:
        counted = variants["effect"].isin(TRUNCATING) if measure == "truncating" else changed
    samples = variants["sample"].drop_duplicates()
    genes = variants.loc[counted, "gene"].drop_duplicates()
    out = np.zeros((len(samples), len(genes)))
    row = pd.Index(samples).get_indexer(pd.Index(variants.loc[counted, "sample"]))
    column = pd.Index(genes).get_indexer(pd.Index(variants.loc[counted, "gene"]))
    np.add.at(out, (row, column), 1.0)
    if measure != "count":
        out = (out > 0).astype(float)
    return pd.DataFrame(out, index=pd.Index(samples.to_numpy()), columns=pd.Index(genes.to_numpy()))


def mutation_burden(variants: pd.DataFrame) -> pd.Series:
    """log2(1 + variants that change a protein) of each sample."""
    changed = (~variants["effect"].isin(SILENT)).astype(float)
    return pd.Series(np.log2(1 + changed.groupby(variants["sample"].to_numpy()).sum()))
