"""Phospho-protein: abundance per phosphorylated site, or antibody for one, on a log scale."""

from __future__ import annotations

from pathgnn.cohort.log_scale import LOG_SCALED
from pathgnn.cohort.omic import Omic

PHOSPHO_PROTEIN: Omic = LOG_SCALED
