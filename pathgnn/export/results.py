"""Results: everything a run found out, in one container that every export reads."""

from __future__ import annotations

from dataclasses import dataclass, field

from pathgnn.attribute.explain import Explanation
from pathgnn.attribute.subgroup_cascades import ColumnCascades
from pathgnn.benefit.subgroups import Subgroups
from pathgnn.benefit.verdict import Finding
from pathgnn.cohort.truth import Truth
from pathgnn.graph.nodes import Nodes
from pathgnn.train.estimate import Benefit
from pathgnn.train.fitted import Fitted


@dataclass(frozen=True)
class Results:
    """One contrast's benefit and attribution with their evidence, and what they rest on.

    `stamp` names versions, hashes and seed; `accepted_risk` that a refusal was overridden.
    """

    name: str
    nodes: Nodes
    fitted: Fitted
    benefits: tuple[Benefit, ...]
    explained: int
    explanation: Explanation
    checks: tuple[Finding, ...]
    stamp: dict[str, str]
    notes: tuple[str, ...] = ()
    accepted_risk: bool = False
    truth: Truth | None = field(default=None)
    subgroups: tuple[Subgroups, ...] = ()
    subgroup_cascades: tuple[ColumnCascades, ...] = ()

    @property
    def benefit(self) -> Benefit:
        """Benefit of the explained contrast."""
        return self.benefits[self.explained]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Every verdict once: overlap and events, a benefit's first two, are among the checks."""
        return (*self.checks, *self.benefit.findings[2:])

    @property
    def outcome_unit(self) -> str:
        """Unit of the expected outcome, of which prognosis is told; that of the benefit may differ.

        A gain in survival is a probability, while prognosis is in months without the event.
        """
        if self.nodes.outcome == "survival":
            return f"months without the event by month {self.nodes.horizon:g}"
        binary = self.nodes.outcome == "binary"
        return "probability of the good outcome" if binary else "unit of the outcome"
