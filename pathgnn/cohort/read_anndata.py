"""Observations and layers of AnnData (h5ad) and MuData (h5mu) files."""

from __future__ import annotations

import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pathgnn.cohort.hdf5_look import bytes_inside
from pathgnn.cohort.memory import refuse_size
from pathgnn.cohort.raw_table import RawTable, in_memory
from pathgnn.errors import CohortError


def read_observations(path: Path) -> pd.DataFrame:
    """Columns known of each observation: the file's own, and those of its modalities.

    A column that one modality alone has keeps its name; others are called modality:column. mudata
    does not pull them up by itself in every version.

    Raises:
        CohortError: a file that cannot be read, or without a column.
    """
    data = open_container(path)
    table = plain_columns(data.obs)
    parts = {name: plain_columns(part.obs) for name, part in getattr(data, "mod", {}).items()}
    owners = Counter(c for part in parts.values() for c in part.columns)
    for name, part in parts.items():
        for column in part.columns:
            alone = owners[column] == 1 and column not in table.columns
            table[column if alone else f"{name}:{column}"] = part[column].reindex(table.index)
    if not table.shape[1]:
        raise CohortError(
            f"{path.name} has no column of observations; name a table with outcome and treatment"
        )
    return table


def read_layer(path: Path, part: str) -> RawTable:
    """Values of a modality or layer, samples x features.

    Args:
        path: h5ad or h5mu.
        part: h5mu: the modality, or modality/layer; h5ad: a layer, empty for X.

    Raises:
        CohortError: no such modality or layer; it says which there are.
    """
    data = open_container(path)
    modality, _, layer = part.partition("/") if hasattr(data, "mod") else ("", "", part)
    if hasattr(data, "mod"):
        if modality not in data.mod:
            raise CohortError(
                f"{path.name} has no modality {modality!r}; `part` is one of {', '.join(data.mod)}"
            )
        data = data.mod[modality]
    if layer and layer not in data.layers:
        there = ", ".join(data.layers) or "none"
        raise CohortError(f"{path.name} has no layer {layer!r}; its layers are: {there}")
    return in_memory(values_of(data, layer))


def modalities(path: Path) -> tuple[str, ...]:
    """The modalities of an h5mu file; of an h5ad file one without a name."""
    return tuple(getattr(open_container(path), "mod", {"": None}))


def open_container(path: Path) -> Any:
    """The MuData or AnnData of a file.

    Raises:
        CohortError: no such file, it cannot be read, or it does not fit into memory.
    """
    import anndata
    import mudata

    if not path.is_file():
        raise CohortError(f"no file at {path}; check the path in the study file")
    refuse_size(path, bytes_inside(path))
    read = mudata.read_h5mu if path.suffix == ".h5mu" else anndata.read_h5ad
    try:
        with warnings.catch_warnings():
            # The same gene in two modalities is our normal case; both libraries warn of it.
            warnings.simplefilter("ignore")
            return read(path)
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise CohortError(f"{path.name} cannot be read as {path.suffix[1:]}: {reason}") from error


def values_of(data: Any, layer: str) -> pd.DataFrame:
    """X or a layer of an AnnData, observation x variable."""
    values: Any = data.layers[layer] if layer else data.X
    if values is None:
        raise CohortError("the modality has no X; name one of its layers")
    # A value that a sparse matrix does not store is 0, not missing.
    dense = np.asarray(values.toarray() if hasattr(values, "toarray") else values)
    table = pd.DataFrame(dense, index=data.obs_names.astype(str), copy=False)
    return table.set_axis(pd.Index(data.var_names.astype(str), dtype=object), axis=1)


def plain_columns(obs: pd.DataFrame) -> pd.DataFrame:
    """The same with categories as the texts they stand for."""
    out = pd.DataFrame(index=obs.index.astype(str))
    for column in obs.columns:
        values = obs[column]
        is_text = isinstance(values.dtype, pd.CategoricalDtype)
        if is_text and not pd.api.types.is_numeric_dtype(values.cat.categories):
            values = values.astype(object)
        elif is_text:
            values = values.astype(values.cat.categories.dtype)
        out[str(column)] = values.to_numpy()
    return out
