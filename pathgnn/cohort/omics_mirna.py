"""miRNA: abundance per microRNA, attached to the genes it represses, on a logarithmic scale."""

from __future__ import annotations

from pathgnn.cohort.log_scale import LOG_SCALED
from pathgnn.cohort.omic import Omic

MIRNA: Omic = LOG_SCALED
