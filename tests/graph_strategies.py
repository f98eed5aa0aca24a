"""Small graphs drawn at random, and what it means that two graphs are the same."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from pathgnn.graph.graph import NODE_KINDS, PathwayGraph, Provenance


def same(left: PathwayGraph, right: PathwayGraph) -> None:
    """Both say the same; members of a pathway may stand in another order."""
    for words in ("genes", "kind", "compartment", "drugs", "mechanism", "sources"):
        assert getattr(left, words) == getattr(right, words), words
    assert (left.pathways, left.pathway_ids) == (right.pathways, right.pathway_ids)
    for numbers in ("edges", "sign", "directed", "confidence", "hierarchy"):
        np.testing.assert_array_equal(getattr(left, numbers), getattr(right, numbers))
    assert sorted(left.members.T.tolist()) == sorted(right.members.T.tolist())
    assert (dict(left.aliases), left.provenance) == (dict(right.aliases), right.provenance)


PRINTABLE = st.characters(exclude_categories=("C", "Z"))
NAMES = st.text(PRINTABLE, min_size=1, max_size=8) | st.sampled_from(
    ["HLA-A", "|", "\\", "a|b", '"', "[]", "β-catenin", " A ", "a b", "NaN", "true"]
)


@st.composite
def fields(draw) -> dict[str, Any]:
    """Fields of a PathwayGraph; built in the test, for the shape checks there draw at random."""
    genes = draw(st.lists(NAMES, min_size=1, max_size=6, unique=True))
    n = len(genes)
    place = st.integers(0, n - 1)
    pairs = draw(st.lists(st.tuples(place, place).filter(lambda p: p[0] != p[1]), unique=True))
    pairs = pairs if n > 1 else []
    directed = draw(st.lists(st.booleans(), min_size=len(pairs), max_size=len(pairs)))
    # An undirected pair stands once, in one order.
    loose = {p for p, d in zip(pairs, directed, strict=True) if not d}
    kept = [p[::-1] not in loose or p < p[::-1] for p in pairs]
    directed = [d for d, keep in zip(directed, kept, strict=True) if keep]
    pairs = [p for p, keep in zip(pairs, kept, strict=True) if keep]
    k = len(pairs)
    pathways = draw(st.lists(NAMES, max_size=3, unique=True))
    way = st.integers(0, max(0, len(pathways) - 1))
    members = draw(st.lists(st.tuples(way, place), unique=True)) if pathways else []
    links = draw(st.lists(st.tuples(way, way), unique=True)) if pathways else []

    def each(values: st.SearchStrategy, size: int) -> list:
        return draw(st.lists(values, min_size=size, max_size=size))

    def array(rows: list[tuple[int, int]]) -> np.ndarray:
        return np.array(rows, dtype=np.int64).reshape(-1, 2).T.copy()

    confidence = st.floats(0, 1, width=32) | st.just(float("nan"))
    return dict(
        genes=tuple(genes),
        kind=tuple(each(st.sampled_from(NODE_KINDS), n)),
        compartment=tuple(each(st.sampled_from(["", "cytosol"]), n)),
        drugs=tuple(each(st.sampled_from(["", "a;b"]), n)),
        edges=array(pairs),
        sign=np.array(each(st.sampled_from([-1, 0, 1]), k), dtype=np.int64),
        directed=np.array(directed, dtype=bool),
        mechanism=tuple(each(st.sampled_from(["", "binding"]), k)),
        sources=tuple(each(st.sampled_from(["X", "X;Y"]), k)),
        confidence=np.array(each(confidence, k), dtype=np.float32),
        pathways=tuple(pathways),
        pathway_ids=tuple(f"id {i}" for i in range(len(pathways))),
        members=array(members),
        hierarchy=array(links),
        provenance=Provenance("P", "1", parts=(Provenance("Q"),)),
        aliases={"other name": (genes[0],)} if "other name" not in genes else {},
    )
