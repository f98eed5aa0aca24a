"""Outer and inner folds of a projected cohort."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int

from pathgnn.cohort.split import fold_of
from pathgnn.graph.project import Nodes


def folds(nodes: Nodes, n_folds: int, rng: np.random.Generator) -> Int[np.ndarray, " patient"]:
    """Fold of each patient, balanced by stratum, arm and outcome class."""
    value = nodes.value.numpy()
    if nodes.outcome == "survival":
        level = nodes.event.numpy().astype(int)
    else:
        level = (value > (0.5 if nodes.outcome == "binary" else np.median(value))).astype(int)
    arm, stratum = nodes.arm.numpy(), nodes.stratum.numpy()
    kind = (stratum * len(nodes.arms) + arm) * 2 + level
    return fold_of(kind, nodes.patient_of.numpy(), n_folds, rng)
