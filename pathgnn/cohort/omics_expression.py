"""Expression: log2 intensities, counts, TPM or z-scores per gene, on a logarithmic scale."""

from __future__ import annotations

from pathgnn.cohort.log_scale import LOG_SCALED
from pathgnn.cohort.omic import Omic

EXPRESSION: Omic = LOG_SCALED
