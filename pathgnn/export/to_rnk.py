"""Ranked gene list (.rnk) for gseapy and GSEA prerank, and the cascades as GMT."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pathgnn.export.results import Results
from pathgnn.files import write_text


def to_rnk(results: Results, path: Path) -> Path:
    """Genes measured, by signed score: mean absolute attribution with the gene's direction."""
    attribution = results.explanation.attribution
    measured = attribution.n_seen.sum(1).numpy() > 0
    score = attribution.by_gene.abs().mean(0).numpy() * np.sign(attribution.slope.numpy())
    order = [g for g in np.argsort(-score, kind="stable") if measured[g]]
    write_text(path, "".join(f"{attribution.genes[g]}\t{score[g]:.8g}\n" for g in order))
    return path


def to_gmt(results: Results, path: Path) -> Path:
    """One gene set per cascade; the description names its pathway."""
    lines = [
        "\t".join((f"cascade_{i}", cascade.pathway or "na", *cascade.genes))
        for i, cascade in enumerate(results.explanation.cascades, start=1)
    ]
    write_text(path, "".join(line + "\n" for line in lines))
    return path
