"""Methylation: M values; beta values in (0, 1) become their logit to base 2."""

from __future__ import annotations

import numpy as np
import pandas as pd


def methylation(table: pd.DataFrame, scale: str) -> tuple[pd.DataFrame, list[str]]:
    """M values per gene. Beta values, all within [0, 1], are turned; M values stay.

    Source: Du et al., BMC Bioinformatics 2010, 11:587, M = log2(beta / (1 - beta)).
    """
    values = table.to_numpy(dtype=float)
    if np.nanmin(values) < 0 or np.nanmax(values) > 1:
        return table, []
    beta = table.clip(0.001, 0.999)
    m_value = pd.DataFrame(np.log2(beta / (1 - beta)), index=table.index, columns=table.columns)
    return m_value, ["beta values turned into M values"]
