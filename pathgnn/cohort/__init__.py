"""Layer 1, who: patients, measurements, treatment, outcome; here the kinds of omics."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pathgnn.cohort.omic import Omic
from pathgnn.cohort.omics_copy_number import COPY_NUMBER
from pathgnn.cohort.omics_expression import EXPRESSION
from pathgnn.cohort.omics_metabolite import METABOLITE
from pathgnn.cohort.omics_methylation import METHYLATION
from pathgnn.cohort.omics_mirna import MIRNA
from pathgnn.cohort.omics_mutation import MUTATION
from pathgnn.cohort.omics_phospho_protein import PHOSPHO_PROTEIN
from pathgnn.cohort.omics_protein import PROTEIN
from pathgnn.cohort.omics_signature import SIGNATURE

TRANSFORMS: Mapping[str, Omic] = MappingProxyType(
    {
        "mutation": MUTATION,
        "copy_number": COPY_NUMBER,
        "expression": EXPRESSION,
        "methylation": METHYLATION,
        "protein": PROTEIN,
        "phospho_protein": PHOSPHO_PROTEIN,
        "metabolite": METABOLITE,
        "mirna": MIRNA,
        "signature": SIGNATURE,
    }
)
