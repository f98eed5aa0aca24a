"""Subgroups of a cross-fitted cohort, by the columns that a study names."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from jaxtyping import Bool

from pathgnn.benefit.column_levels import Levels, banded_levels, named_levels
from pathgnn.benefit.subgroups import Contrast, Subgroups, adjusted, subgroups
from pathgnn.graph.nodes import Nodes
from pathgnn.train.estimate import Benefit
from pathgnn.train.fitted import Fitted

# Their numbers are codes.
NAMED = frozenset({"sex", "site"})


def by_subgroup(
    fitted: Fitted,
    nodes: Nodes,
    benefits: Sequence[Benefit],
    columns: Mapping[str, Sequence[object]],
) -> tuple[Subgroups, ...]:
    """Every column for every arm, with q values over all of them.

    Args:
        fitted: Scores of every patient.
        nodes: Its cohort.
        benefits: What is predicted, one per contrast.
        columns: Name -> value per patient, in the order of the patients.
    """
    levels = levels_of(columns, NAMED)
    found = [_one(level, fitted, nodes, b, k) for k, b in enumerate(benefits) for level in levels]
    return adjusted(tuple(found)) if found else ()


def levels_of(
    columns: Mapping[str, Sequence[object]], named: Collection[str]
) -> tuple[Levels, ...]:
    """Levels of every column; the numbers of those in `named` are codes, others are binned."""
    return tuple(
        named_levels(name, texts) if name in named else banded_levels(name, texts)
        for name, texts in columns.items()
    )


def observed_in(nodes: Nodes, contrast: int) -> Bool[np.ndarray, "patient 2"]:
    """Whether each patient was observed in the reference arm, and in that of the contrast."""
    seen = np.zeros((nodes.n_patients, len(nodes.arms)), dtype=bool)
    seen[nodes.patient_of.numpy(), nodes.arm.numpy()] = True
    return seen[:, [0, contrast + 1]]


def _one(level: Levels, fitted: Fitted, nodes: Nodes, benefit: Benefit, k: int) -> Subgroups:
    on, both = fitted.scores.informs[:, k], observed_in(nodes, k)
    gain, group = fitted.scores.gain[:, k], fitted.scores.group
    contrast = Contrast(benefit.arm, benefit.benefit[on], gain[on], both[on], group[on])
    return subgroups(level.of(on), contrast)
