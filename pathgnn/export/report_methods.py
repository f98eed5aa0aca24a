"""What the report says of its methods: estimand, reference, folds, versions and hashes."""

from __future__ import annotations

from pathgnn.attribute.subgroup_cascades import MULTIPLICITY
from pathgnn.export.results import Results
from pathgnn.export.to_tables import permutation


def methods(results: Results) -> tuple[tuple[str, str], ...]:
    """Rows of name and text, in reading order."""
    benefit, fitted, a = results.benefit, results.fitted, results.explanation.attribution
    fit = fitted.recipe.fit
    nodes = results.nodes
    how = "randomised" if nodes.randomised else "observational"
    stacked = " stacked with linear models and a forest on inner folds" if fitted.stacks else ""
    return (
        ("Contrast", f"{benefit.arm} against {benefit.reference}"),
        ("Estimand", f"{benefit.estimand.unit}; above 0 favours {benefit.arm}"),
        ("Design", f"{nodes.outcome} outcome, {how}" + (", crossover" * nodes.crossover)),
        ("Attribution", f"{a.method}; reference: {a.reference}"),
        ("Largest gap of completeness", f"{float(a.gap.abs().max()):.2g}"),
        (
            "Folds",
            f"{fit.folds}, with {fit.members} networks each{stacked}; nobody is predicted by a "
            "model that saw them",
        ),
        ("Cascades", "edges that come back in the networks; scores of genes at both ends"),
        *((("Cascades of subgroups", MULTIPLICITY),) if results.subgroup_cascades else ()),
        ("p", permutation(results)),
        ("q", "Benjamini-Hochberg, for genes and for pathways apart"),
        *((name.replace("_", " "), value) for name, value in results.stamp.items()),
    )
