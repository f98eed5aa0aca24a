"""Cascades of the levels of a column: which of the cohort's stable edges carry their benefit?"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Int
from scipy.stats import false_discovery_control

from pathgnn.attribute.attribution import Cascade
from pathgnn.attribute.cascade import Agreed, cascades_of
from pathgnn.attribute.explain import Explanation
from pathgnn.benefit.column_levels import Levels
from pathgnn.benefit.subgroups import shown_levels
from pathgnn.graph.nodes import Nodes
from pathgnn.model.config import ExplainConfig
from pathgnn.seeds import rng_for
from pathgnn.train.by_subgroup import observed_in
from pathgnn.train.fitted import Fitted

MULTIPLICITY = (
    "Cascades of all levels are one more family of tests, beside the cohort's own: q is Benjamini "
    "and Hochberg's over this family. A cascade in one level and none in another is no evidence "
    "that the levels differ."
)


class LevelCascades(NamedTuple):
    """Cascades of the patients of one level, none if none is stable.

    `patients` are places in the cohort. `q` is each cascade's p after Benjamini and Hochberg over
    the cascades of all levels of all columns: one family.
    """

    name: str
    patients: Int[np.ndarray, " chosen"]
    cascades: tuple[Cascade, ...] = ()
    q: tuple[float, ...] = ()


class ColumnCascades(NamedTuple):
    """The levels of one column that are large enough to show; the others are counted.

    `why_empty` says why there is nothing to compare; it is empty where there is.
    """

    column: str
    levels: tuple[LevelCascades, ...]
    n_hidden: int
    why_empty: str

    @property
    def not_shown(self) -> str:
        """What is not shown, in words; empty where all is."""
        if self.levels and self.n_hidden:
            return f"{self.n_hidden} levels too small to show"
        return self.why_empty


def subgroup_cascades(
    explanation: Explanation,
    fitted: Fitted,
    nodes: Nodes,
    config: ExplainConfig,
    levels: tuple[Levels, ...],
) -> tuple[ColumnCascades, ...]:
    """The cascades of every level of every column that may be shown, for one contrast.

    Args:
        explanation: That of the whole cohort.
        fitted: The networks.
        nodes: The cohort.
        config: As the cohort was explained.
        levels: A level for each patient of the cohort, by column.

    A level is drawn on those of its patients that tell of the contrast. The same edges count as
    stable as in the whole cohort: a route that few patients alone have is not found.

    Raises:
        ConfigError: a receptor or effector that is named is not on the graph.
    """
    attribution = explanation.attribution
    networks = Agreed(attribution, fitted, config, explanation.edge_frequency)

    def drawn(_: ColumnCascades, level: LevelCascades) -> LevelCascades:
        # The same stream of numbers for each, so that no level moves another.
        rng = rng_for(fitted.seed, 7, 11)
        return level._replace(cascades=cascades_of(networks, rng, level.patients))

    return each_level(groups_of(levels, fitted, nodes, attribution.contrast), drawn)


def groups_of(
    levels: tuple[Levels, ...], fitted: Fitted, nodes: Nodes, contrast: int
) -> tuple[ColumnCascades, ...]:
    """The patients of every level that may be shown, without cascades yet."""
    on, both = fitted.scores.informs[:, contrast], observed_in(nodes, contrast)
    out = []
    for one in levels:
        shown = shown_levels(one.of(on), both[on])
        groups = tuple(
            LevelCascades(one.names[i], np.flatnonzero(on & (one.code == i))) for i in shown.places
        )
        out.append(ColumnCascades(one.column, groups, shown.n_hidden, shown.why_empty))
    return tuple(out)


def each_level(
    found: tuple[ColumnCascades, ...],
    change: Callable[[ColumnCascades, LevelCascades], LevelCascades],
) -> tuple[ColumnCascades, ...]:
    """The same columns with every level changed, and q anew."""
    changed = [c._replace(levels=tuple(change(c, level) for level in c.levels)) for c in found]
    p = [c.p for column in changed for level in column.levels for c in level.cascades]
    q = iter(false_discovery_control(p).tolist() if p else ())
    return tuple(
        column._replace(
            levels=tuple(
                level._replace(q=tuple(next(q) for _ in level.cascades)) for level in column.levels
            )
        )
        for column in changed
    )
