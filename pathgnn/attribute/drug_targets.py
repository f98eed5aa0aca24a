"""Approved cancer drugs and their targets: which of them act on a gene of a cascade?"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from pathgnn.files import shipped


def drugs_by_gene() -> Mapping[str, tuple[str, ...]]:
    """Approved drugs that act directly on the product of each gene, by name.

    From the package's own table (data/README.md says how it was checked). A target on a cascade
    is a question for an experiment, no advice to treat.
    """
    table = pd.read_csv(shipped("drug_targets.csv"), dtype=str, keep_default_na=False)
    return {str(g): tuple(sorted(part["drug"])) for g, part in table.groupby("gene")}
