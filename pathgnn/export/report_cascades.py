"""Cascades as the report's script reads them: genes and edges with all that a panel shows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int

from pathgnn.attribute.attribution import Cascade
from pathgnn.attribute.stability import TOP_GENES, share_in_top
from pathgnn.cohort.small_cells import shown_count
from pathgnn.export.results import Results

DIGITS = 4


class Group(NamedTuple):
    """Patients whose cascades are shown together; `title` is empty for the whole cohort."""

    title: str
    patients: Int[np.ndarray, " chosen"]
    cascades: tuple[Cascade, ...]
    q: tuple[float, ...] = ()


def cascade_groups(results: Results) -> list[Group]:
    """The cohort, and every level of the columns by which cascades were asked for."""
    everybody = np.arange(results.nodes.n_patients)
    return [
        Group("", everybody, results.explanation.cascades),
        *(
            Group(f"{column.column}: {level.name}", level.patients, level.cascades, level.q)
            for column in results.subgroup_cascades
            for level in column.levels
        ),
    ]


def cascade_data(results: Results, groups: Sequence[Group]) -> list[dict[str, Any]]:
    """Every cascade of every group with its genes, left to right, and its edges."""
    known = _databases(results)
    return [
        {
            "file": _file(group.title, number),
            "group": f"{group.title} ({len(group.patients)} patients)" if group.title else "",
            "pathway": cascade.pathway,
            "p": _known(cascade.p),
            "q": _known(group.q[number - 1]) if group.title else None,
            "stability": round(cascade.stability, DIGITS),
            "carried_by": round(cascade.share_of_patients, DIGITS),
            "genes": _genes(results, cascade, group),
            "edges": [
                {"source": u, "target": v, "sign": sign, "frequency": round(often, DIGITS)}
                | known.get((u, v), {"databases": "", "mechanism": ""})
                for (u, v, sign), often in zip(cascade.edges, cascade.frequency, strict=True)
            ],
        }
        for group in groups
        for number, cascade in enumerate(group.cascades, start=1)
    ]


def _file(title: str, number: int) -> str:
    """A name for the saved picture."""
    plain = re.sub(r"[^\w.-]+", "_", title).strip("_")[:60]
    return f"{plain}_cascade_{number}" if plain else f"cascade_{number}"


def _genes(results: Results, cascade: Cascade, group: Group) -> list[dict[str, Any]]:
    a = results.explanation.attribution
    at = [a.genes.index(gene) for gene in cascade.genes]
    frequency = share_in_top(a.member.numpy(), TOP_GENES)[at]
    part = a.score[group.patients][:, at].abs().mean(0).numpy()
    shares = np.round(part / part.sum(1, keepdims=True).clip(1e-12), DIGITS).tolist()
    seen = results.nodes.seen[at][:, group.patients].sum(1).tolist()
    if group.title:
        seen = [[shown_count(n) for n in row] for row in seen]
    return [
        _gene(results, cascade, i, place)
        | {"in_top": round(float(often), DIGITS), "shares": share, "observed": observed}
        for i, (place, often, share, observed) in enumerate(
            zip(at, frequency, shares, seen, strict=True)
        )
    ]


def _gene(results: Results, cascade: Cascade, i: int, g: int) -> dict[str, Any]:
    e, graph = results.explanation, results.fitted.recipe.graph
    inside = graph.members[0][graph.members[1] == g]
    return {
        "name": cascade.genes[i],
        "order": cascade.order[i],
        "role": cascade.kind[i].replace("_", " "),
        "compartment": cascade.compartment[i],
        "score": round(cascade.score[i] * cascade.direction[i], DIGITS),
        "p": _known(e.gene.p[g]),
        "q": _known(e.gene.q[g]),
        "pathways": [graph.pathways[p] for p in inside],
        "drugs": list(cascade.drugs[i]) if cascade.drugs else [],
    }


def _known(p: float) -> float | None:
    """A p or q to so many digits that a small one is not 0; None where there is none."""
    return float(f"{p:.{DIGITS}g}") if np.isfinite(p) else None


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
