"""Our own graph file: one safetensors file with arrays and names, versioned, written whole."""

from __future__ import annotations

import hashlib
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
from pathgnn.paths import takes_paths

# 2: the names in a tensor, so that equal graphs are equal files; 1 had them in the metadata.
SCHEMA = 2
SUFFIX = ".pathgraph"
# Columns of words, held as places in a list of their values.
WORDS = ("kind", "compartment", "drugs", "mechanism", "sources")
ARRAYS = ("edges", "sign", "directed", "confidence", "members", "hierarchy")
NAMES, DIGEST = "names", "digest"


@takes_paths
def save_graph(graph: PathwayGraph, path: Path) -> None:
    """Write a graph to one file; an earlier one is replaced only when the new one is complete."""
    arrays: dict[str, np.ndarray] = {
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
    arrays[NAMES] = np.frombuffer(json.dumps(names).encode(), dtype=np.uint8)
    arrays = {k: np.ascontiguousarray(v) for k, v in arrays.items()}
    arrays[DIGEST] = _digest(arrays)
    # One entry: of several the order, and so the bytes, would differ from file to file.
    with whole_file(path) as part:
        save_file(arrays, part, metadata={"pathgraph": str(SCHEMA)})


@takes_paths
def read_graph(path: Path) -> PathwayGraph:
    """Read a graph file back.

    Raises:
        GraphError: missing, cut off, changed, newer than this version, or not one of ours.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            head = file.metadata() or {}
            _check_schema(path, head)
            first = int(head["pathgraph"]) == 1
            more = () if first else (NAMES, DIGEST)
            arrays = {name: file.get_tensor(name) for name in (*ARRAYS, *WORDS, *more)}
        if first:
            return _build(json.loads(head["names"]), arrays)
        _check_digest(arrays)
        return _build(json.loads(arrays[NAMES].tobytes()), arrays)
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


def _digest(arrays: dict[str, np.ndarray]) -> np.ndarray:
    """SHA-256 of all arrays with their names."""
    digest = hashlib.sha256()
    for name in sorted(set(arrays) - {DIGEST}):
        digest.update(name.encode() + arrays[name].tobytes())
    return np.frombuffer(digest.digest(), dtype=np.uint8)


def _check_digest(arrays: dict[str, np.ndarray]) -> None:
    if not np.array_equal(arrays[DIGEST], _digest(arrays)):
        raise ValueError("its content is not what its hash says")


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
