"""Reactome: pathways from its GMT file, their hierarchy, and functional interactions as edges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd

from pathgnn.errors import GraphError
from pathgnn.graph.assemble import Sets, assemble
from pathgnn.graph.from_gmt import read_gmt
from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.tables import need, numbers, provenance_of, read_frame, read_lines

# The last letter of a direction says what Gene1 does to Gene2, the first what Gene2 does to Gene1.
FORWARD = {">": 1, "|": -1}
BACKWARD = {"<": 1, "|": -1}
DIRECTIONS = ("-", "->", "<-", "-|", "|-", "<->", "|-|", "<-|", "|->")


def from_reactome(gmt: Path, relations: Path | None = None, fi: Path | None = None) -> PathwayGraph:
    """Reactome pathways by HGNC symbol, if wanted with hierarchy and edges.

    Args:
        gmt: ReactomePathways.gmt, plain, gzipped or zipped: name, identifier, genes.
        relations: ReactomePathwaysRelation.txt: parent and child of all species; those of the GMT
            are kept. None: no hierarchy.
        fi: FIsInGene_..._with_annotations.txt. A two-way interaction becomes two directed edges,
            each with its own sign; `-` is undirected. Its Score in [0, 1] is the confidence, the
            first clause of its Annotation the mechanism. None: no edges.

    Raises:
        GraphError: an unreadable file, a missing column, an unknown direction, or a hierarchy that
            joins no two pathways of the GMT.

    Source: Milacic et al., Nucleic Acids Res 2024, 52:D672; Wu, Feng & Stein, Genome Biol 2010,
        11:R53 for the interactions.
    """
    sets = read_gmt(gmt)
    if relations is not None:
        sets = replace(sets, hierarchy=_hierarchy(relations, sets))
    provenance = provenance_of(
        gmt, name="Reactome", licence="CC0-1.0", url="https://reactome.org/download-data"
    )
    edges = pd.DataFrame(columns=["source", "target"]) if fi is None else _edges(fi)
    return assemble(edges, provenance, sets)


def _hierarchy(path: Path, sets: Sets) -> tuple[tuple[str, str], ...]:
    name_of = {identifier: name for name, identifier in sets.ids.items()}
    links = [(name_of[p], name_of[c]) for p, c in _relations(path) if p in name_of and c in name_of]
    if not links:
        raise GraphError(
            f"{path.name}: no line joins two pathways of the GMT file; it wants identifiers such "
            f"as {next(iter(name_of))!r}; download both from the same release"
        )
    return tuple(dict.fromkeys(links))


def _relations(path: Path) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():
            continue
        parts = [part.strip() for part in line.split("\t")]
        if len(parts) != 2:
            raise GraphError(
                f"{path.name}, line {number}: {line[:80]!r} is not a parent and a child with a tab "
                "between; download ReactomePathwaysRelation.txt again"
            )
        yield parts[0], parts[1]


def _edges(path: Path) -> pd.DataFrame:
    wanted = ("Gene1", "Gene2", "Annotation", "Direction", "Score")
    table = need(read_frame(path, "\t"), wanted, path)
    direction = table["Direction"].str.strip()
    strange = ~direction.isin(DIRECTIONS)
    if strange.any():
        at = int(strange.to_numpy().argmax())
        raise GraphError(
            f"{path.name}, line {at + 2}: the direction is {direction.iloc[at]!r}; it must be one "
            f"of {' '.join(DIRECTIONS)}"
        )
    clause = table["Annotation"].str.split(";").str[0].str.split(",").str[0].str.strip()
    known = table.assign(mechanism=clause, confidence=numbers(table["Score"], path))
    parts = (
        _one_way(known, direction.str[-1].map(FORWARD), ("Gene1", "Gene2")),
        _one_way(known, direction.str[0].map(BACKWARD), ("Gene2", "Gene1")),
        _one_way(known, direction.map({"-": 0}), ("Gene1", "Gene2")).assign(directed=False),
    )
    # In the order of the file, a forward edge before the one that runs back.
    return pd.concat(parts).sort_index(kind="stable").reset_index(drop=True)


def _one_way(table: pd.DataFrame, sign: pd.Series, ends: tuple[str, str]) -> pd.DataFrame:
    """Edges of the rows that have a sign, from the first end to the second."""
    chosen = table.assign(sign=sign, directed=True)[sign.notna()]
    chosen = chosen.rename(columns={ends[0]: "source", ends[1]: "target"})
    return chosen[["source", "target", "sign", "directed", "mechanism", "confidence"]]
