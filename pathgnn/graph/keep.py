"""Our own graph file: one safetensors file with arrays and names, versioned, written whole."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from pathgnn.errors import GraphError
from pathgnn.files import whole_file
from pathgnn.graph.as_networkx import provenance_from
from pathgnn.graph.graph import PathwayGraph

SCHEMA = 1
SUFFIX = ".pathgraph"
# Columns of words, held as places in a list of their values.
WORDS = ("kind", "compartment", "drugs", "mechanism", "sources")
ARRAYS = ("edges", "sign", "directed", "confidence", "members", "hierarchy")


def save_graph(graph: PathwayGraph, path: Path) -> None:
    """Write a graph to one file; an earlier one is replaced only when the new one is complete."""
    arrays = {
        "edges": graph.edges.astype(np.int32),
        "sign": graph.sign.astype(np.int8),
        "directed": graph.directed.astype(np.bool_),
        "confidence": graph.confidence.astype(np.float32),
        "members": graph.members.astype(np.int32),
        "hierarchy": graph.hierarchy.astype(np.int32),
    }
    names: dict[str, Any] = {
        "genes": graph.genes,
        "pathways": graph.pathways,
        "pathway_ids": graph.pathway_ids,
        "aliases": dict(graph.aliases),
        "provenance": asdict(graph.provenance),
        "sha256": graph.sha256,
    }
    for column in WORDS:
        arrays[column], names[column] = _coded(getattr(graph, column))
    arrays = {k: np.ascontiguousarray(v) for k, v in arrays.items()}
    head = {"pathgraph": str(SCHEMA), "names": json.dumps(names)}
    with whole_file(path) as part:
        save_file(arrays, part, metadata=head)


def read_graph(path: Path) -> PathwayGraph:
    """Read a graph file back.

    Raises:
        GraphError: missing, cut off, changed, newer than this version, or not one of ours.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            head = file.metadata() or {}
            _check_schema(path, head)
            arrays = {name: file.get_tensor(name) for name in (*ARRAYS, *WORDS)}
        return _build(json.loads(head["names"]), arrays)
    except (
        OSError,
        AttributeError,
        KeyError,
        IndexError,
        TypeError,
        ValueError,
        RecursionError,
        SafetensorError,
    ) as error:
        raise GraphError(
            f"{path} cannot be read as a graph file ({error}); write it again with "
            "`pathgnn graph build`"
        ) from error


def _check_schema(path: Path, head: dict[str, str]) -> None:
    schema = head.get("pathgraph", "")
    if not schema.isdigit():
        raise GraphError(f"{path} is a safetensors file, but no pathgnn graph")
    if int(schema) > SCHEMA:
        raise GraphError(
            f"{path} was written by a newer pathgnn (schema {schema}, this version reads "
            f"{SCHEMA}); upgrade pathgnn"
        )


def _build(names: dict[str, Any], arrays: dict[str, np.ndarray]) -> PathwayGraph:
    words = {c: tuple(np.array(names[c], dtype=object)[arrays[c]].tolist()) for c in WORDS}
    graph = PathwayGraph(
        genes=tuple(names["genes"]),
        edges=arrays["edges"].astype(np.int64),
        sign=arrays["sign"].astype(np.int64),
        directed=arrays["directed"],
        confidence=arrays["confidence"],
        pathways=tuple(names["pathways"]),
        pathway_ids=tuple(names["pathway_ids"]),
        members=arrays["members"].astype(np.int64),
        hierarchy=arrays["hierarchy"].astype(np.int64),
        provenance=provenance_from(names["provenance"]),
        aliases={a: tuple(symbols) for a, symbols in names["aliases"].items()},
        **words,
    )
    if graph.sha256 != names["sha256"]:
        raise ValueError("its content is not what its hash says")
    return graph


def _coded(column: tuple[str, ...]) -> tuple[np.ndarray, list[str]]:
    values = list(dict.fromkeys(column))
    place = {value: i for i, value in enumerate(values)}
    return np.array([place[value] for value in column], dtype=np.int32), values
