"""Cascades as the report's script reads them: genes and edges with all that a panel shows."""

from __future__ import annotations

from typing import Any

import numpy as np

from pathgnn.attribute.attribution import Cascade
from pathgnn.attribute.stability import TOP_GENES, share_in_top
from pathgnn.export.results import Results

DIGITS = 4


def cascade_data(results: Results) -> list[dict[str, Any]]:
    """Every cascade with its genes, left to right, and its edges; none where none is stable."""
    place = {g: i for i, g in enumerate(results.fitted.recipe.graph.genes)}
    frequency = share_in_top(results.explanation.attribution.member.numpy(), TOP_GENES)
    known = _databases(results)
    return [
        {
            "pathway": cascade.pathway,
            "p": round(cascade.p, DIGITS),
            "stability": round(cascade.stability, DIGITS),
            "carried_by": round(cascade.share_of_patients, DIGITS),
            "genes": [
                _gene(results, cascade, i, (place[gene], float(frequency[place[gene]])))
                for i, gene in enumerate(cascade.genes)
            ],
            "edges": [
                {"source": u, "target": v, "sign": sign, "frequency": round(often, DIGITS)}
                | known.get((u, v), {"databases": "", "mechanism": ""})
                for (u, v, sign), often in zip(cascade.edges, cascade.frequency, strict=True)
            ],
        }
        for cascade in results.explanation.cascades
    ]


def _gene(results: Results, cascade: Cascade, i: int, at: tuple[int, float]) -> dict[str, Any]:
    g, in_top = at
    e, graph = results.explanation, results.fitted.recipe.graph
    part = e.attribution.score[:, g].abs().mean(0).numpy()
    share = part / max(float(part.sum()), 1e-12)
    inside = graph.members[0][graph.members[1] == g]
    return {
        "name": cascade.genes[i],
        "order": cascade.order[i],
        "role": cascade.kind[i].replace("_", " "),
        "compartment": cascade.compartment[i],
        "score": round(cascade.score[i] * cascade.direction[i], DIGITS),
        "p": round(float(e.gene.p[g]), DIGITS),
        "q": round(float(e.gene.q[g]), DIGITS),
        "in_top": round(in_top, DIGITS),
        "shares": np.round(share, DIGITS).tolist(),
        "observed": e.attribution.n_seen[g].tolist(),
        "pathways": [graph.pathways[p] for p in inside],
        "drugs": list(cascade.drugs[i]) if cascade.drugs else [],
    }


def _databases(results: Results) -> dict[tuple[str, str], dict[str, str]]:
    """Databases and mechanism of every edge by the names of its ends."""
    graph = results.fitted.recipe.graph
    return {
        (graph.genes[u], graph.genes[v]): {
            "databases": graph.sources[i].replace(";", ", "),
            "mechanism": graph.mechanism[i],
        }
        for i, (u, v) in enumerate(graph.edges.T)
    }
