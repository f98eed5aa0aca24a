"""Results of the small fit without a run folder, as they are and with names that break formats."""

from __future__ import annotations

from dataclasses import replace

from pathgnn.attribute.explain import explain
from pathgnn.export.results import Results
from pathgnn.graph.nodes import Nodes
from pathgnn.model.config import ExplainConfig
from pathgnn.train.estimate import estimate
from pathgnn.train.fitted import Fitted


def results_of(fitted: Fitted, nodes: Nodes) -> Results:
    """Results of one contrast, explained with few permutations."""
    explanation = explain(fitted, nodes, ExplainConfig(permutations=99))
    stamp = {"pathgnn": "0", "seed": "0"}
    benefit = estimate(fitted, nodes)
    return Results("small", nodes, fitted, (benefit,), 0, explanation, (), stamp)


def renamed(results: Results, genes: dict[str, str], pathways: dict[str, str]) -> Results:
    """The same results with other names for some genes and pathways, and odd texts beside them."""
    graph, e = results.fitted.recipe.graph, results.explanation
    named = replace(
        graph,
        genes=tuple(genes.get(g, g) for g in graph.genes),
        pathways=tuple(pathways.get(p, p) for p in graph.pathways),
        drugs=("bell \x07 and \x00 zero", *graph.drugs[1:]),
        mechanism=("line\nend", *graph.mechanism[1:]),
        confidence=graph.confidence * float("nan"),
    )
    attribution = replace(e.attribution, genes=named.genes, pathways=named.pathways)
    fitted = replace(results.fitted, recipe=results.fitted.recipe._replace(graph=named))
    explanation = e._replace(attribution=attribution, cascades=())
    return replace(results, fitted=fitted, explanation=explanation)
