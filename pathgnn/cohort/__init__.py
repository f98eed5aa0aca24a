"""Layer 1, who: patients, measurements, treatment, outcome; here the omic transforms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import pandas as pd

from pathgnn.cohort.omics_copy_number import copy_number
from pathgnn.cohort.omics_expression import expression
from pathgnn.cohort.omics_metabolite import metabolite
from pathgnn.cohort.omics_methylation import methylation
from pathgnn.cohort.omics_mutation import mutation
from pathgnn.cohort.omics_protein import protein
from pathgnn.cohort.omics_signature import signature

Transform = Callable[[pd.DataFrame, str], tuple[pd.DataFrame, list[str]]]

TRANSFORMS: Mapping[str, Transform] = MappingProxyType(
    {
        "mutation": mutation,
        "copy_number": copy_number,
        "expression": expression,
        "methylation": methylation,
        "protein": protein,
        "metabolite": metabolite,
        "signature": signature,
    }
)
