"""Ranked gene list (.rnk) for gseapy and GSEA prerank, and the cascades as GMT."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from pathgnn.export.results import Results
from pathgnn.files import write_text
from pathgnn.paths import takes_paths

DIGITS = 8


def ranking(results: Results) -> pd.Series[float]:
    """Genes measured, by signed score: mean absolute attribution with the gene's direction."""
    attribution = results.explanation.attribution
    measured = attribution.n_seen.sum(1).numpy() > 0
    score = attribution.by_gene.abs().mean(0).numpy() * np.sign(attribution.slope.numpy())
    order = [g for g in np.argsort(-score, kind="stable") if measured[g]]
    # As the file has them: GSEA from the file gives the same numbers.
    values = [float(f"{score[g]:.{DIGITS}g}") for g in order]
    return pd.Series(values, index=[attribution.genes[g] for g in order], name="score", dtype=float)


@takes_paths
def to_rnk(results: Results, path: Path) -> Path:
    """Write the ranking, highest first, without a header.

    Readers that take NA for missing, gseapy's among them, lose a gene of that name; the format
    gsea keeps it.
    """
    lines = [f"{gene}\t{score:.{DIGITS}g}\n" for gene, score in ranking(results).items()]
    write_text(path, "".join(lines))
    return path


def to_gmt(results: Results, path: Path) -> Path:
    """One gene set per cascade; the description names its pathway."""
    lines = [
        "\t".join((f"cascade_{i}", cascade.pathway or "na", *cascade.genes))
        for i, cascade in enumerate(results.explanation.cascades, start=1)
    ]
    write_text(path, "".join(line + "\n" for line in lines))
    return path
