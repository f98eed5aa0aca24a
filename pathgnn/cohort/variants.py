"""Mutations from a long table of variants: any, truncating or hotspot per gene, counts, burden."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal

import numpy as np
import pandas as pd
from jaxtyping import Bool

from pathgnn.cohort.effects import LEFT_OUT, SILENT, TRUNCATING
from pathgnn.cohort.hotspots import activating, at_listed_codon
from pathgnn.errors import CohortError

Measure = Literal["any", "truncating", "hotspot", "count"]


def mutation_table(variants: pd.DataFrame, measure: Measure) -> pd.DataFrame:
    """Patients x genes: 0/1 for "any", "truncating" and "hotspot", a number for "count".

    Args:
        variants: A row per variant: sample, gene, effect (MAF's Variant_Classification),
            protein_change (p.V600E, or empty), is_hotspot (True, False or missing).
        measure: "any" and "count" take the variants that are not silent. A "hotspot" is what
            `is_hotspot` says, and where that is missing a change at a codon of data/hotspots.csv
            or one of data/activating.csv.

    Every sample of the table has a row, also one with silent variants only. A gene without a
    variant of the measure has no column.

    Raises:
        CohortError: a lacking column, or no variant of the measure.
    """
    _check(variants)
    chosen = variants[CHOSEN[measure](variants)]
    if chosen.empty:
        if variants["effect"].eq(LEFT_OUT).all():
            raise CohortError(
                f"all {len(variants)} variants are left out for their Mutation_Status or FILTER"
            )
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
    """Variants that change a protein or its amount, or whose effect is not known."""
    return np.asarray(~variants["effect"].isin(SILENT) | activating(variants))


def truncating(variants: pd.DataFrame) -> Bool[np.ndarray, " variant"]:
    """Variants that cost most of the protein or all of it, but for those that switch it on."""
    return np.asarray(variants["effect"].isin(TRUNCATING) & ~activating(variants))


def hotspot(variants: pd.DataFrame) -> Bool[np.ndarray, " variant"]:
    """Changes at codons that recur in tumours; the file's own word goes first.

    A column without a single hotspot was never filled in (studies hold 0 in every row, KRAS G12D
    among them), so then the listed codons decide.
    """
    given = variants["is_hotspot"].to_numpy(dtype=object)
    stated, yes = pd.notna(given), np.array([pd.notna(g) and bool(g) for g in given])
    listed = at_listed_codon(variants) | activating(variants)
    said = np.where(stated, yes | activating(variants), listed) if yes.any() else listed
    return np.asarray(said & variants["effect"].ne(LEFT_OUT).to_numpy())


CHOSEN: Mapping[str, Callable[[pd.DataFrame], Bool[np.ndarray, " variant"]]] = MappingProxyType(
    {"any": not_silent, "count": not_silent, "truncating": truncating, "hotspot": hotspot}
)


def _check(variants: pd.DataFrame) -> None:
    absent = {"sample", "gene", "effect", "protein_change", "is_hotspot"} - set(variants.columns)
    if absent:
        raise CohortError(f"a table of variants needs the column {sorted(absent)[0]!r}")
    if variants.empty:
        raise CohortError("the table of variants holds no row; is the file complete?")


def _effects(variants: pd.DataFrame) -> str:
    return ", ".join(map(repr, variants["effect"].dropna().unique()[:4]))
