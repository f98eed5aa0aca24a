"""Metabolite: abundance per metabolite, on a logarithmic scale."""

from __future__ import annotations

from pathgnn.cohort.log_scale import LOG_SCALED
from pathgnn.cohort.omic import Omic

METABOLITE: Omic = LOG_SCALED
