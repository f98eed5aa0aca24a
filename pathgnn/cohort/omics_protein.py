"""Protein: abundance per gene or antibody, on a logarithmic scale."""

from __future__ import annotations

from pathgnn.cohort.log_scale import LOG_SCALED
from pathgnn.cohort.omic import Omic

PROTEIN: Omic = LOG_SCALED
