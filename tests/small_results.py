"""Results of the small trial for the exports, and the same where nothing was found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pathgnn.attribute.attribution import Cascade
from pathgnn.attribute.ends import NOT_STABLE
from pathgnn.attribute.explain import explain
from pathgnn.attribute.subgroup_cascades import ColumnCascades, LevelCascades
from pathgnn.benefit.verdict import Finding
from pathgnn.export.results import Results
from pathgnn.model.config import ExplainConfig
from pathgnn.train.by_subgroup import by_subgroup
from pathgnn.train.estimate import estimate


def small_results(fitted, nodes, graph):
    """Benefit and explanation of the small trial, and two sexes; cascades are made by hand."""
    explanation = explain(fitted, nodes, ExplainConfig(permutations=199))
    benefits = (estimate(fitted, nodes),)
    sex = [("F", "M")[i % 2] for i in range(nodes.n_patients)]
    men = LevelCascades("M", np.arange(1, nodes.n_patients, 2))
    women = LevelCascades(
        "F",
        np.arange(0, nodes.n_patients, 2),
        (cascade_on(graph.members_of("PATH1"), "PATH1"),),
        (0.002,),
    )
    return Results(
        name="A trial",
        nodes=nodes,
        fitted=fitted,
        benefits=benefits,
        explained=0,
        explanation=explanation._replace(cascades=(cascade_on(graph.members_of("PATH0")),)),
        checks=(Finding("warning", "events", 20.0, "Few outcomes."),),
        stamp={"pathgnn": "0.1", "data_sha256": "ab" * 32},
        subgroups=by_subgroup(fitted, nodes, benefits, {"sex": sex}),
        subgroup_cascades=(ColumnCascades("sex", (women, men), 2, ""),),
    )


def without_differences(results):
    """The same where benefit is not shown to differ and no cascade is stable."""
    benefit = results.benefit
    alike = np.full_like(benefit.benefit, benefit.average.value)
    return replace(
        results,
        benefits=(replace(benefit, differs=False, benefit=alike),),
        explanation=results.explanation._replace(cascades=(), no_cascade=NOT_STABLE),
        subgroups=(),
        subgroup_cascades=(),
    )


def cascade_on(genes, pathway="PATH0"):
    """A chain with one inhibiting edge and one that few networks hold."""
    n = len(genes)
    return Cascade(
        genes=tuple(genes),
        order=tuple(range(n)),
        kind=("receptor", *["kinase"] * (n - 2), "transcription_factor"),
        compartment=("membrane", *["cytosol"] * (n - 2), "nucleus"),
        score=tuple(np.linspace(1, 0.3, n).tolist()),
        direction=(*[1] * (n - 1), -1),
        edges=tuple((genes[i], genes[i + 1], -1 if i == n - 2 else 1) for i in range(n - 1)),
        frequency=(0.3, *[1.0] * (n - 2)),
        pathway=pathway,
        p=0.001,
        share_of_patients=0.8,
    )
