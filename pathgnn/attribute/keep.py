"""An explanation on disk, so that a run resumes: tensors without ids, words as JSON."""

from __future__ import annotations

from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from pathgnn.attribute.attribution import Attribution, Cascade, Evidence
from pathgnn.attribute.explain import Explanation
from pathgnn.attribute.subgroup_cascades import ColumnCascades, LevelCascades, each_level
from pathgnn.errors import BundleError
from pathgnn.files import read_json, sha256, whole_folder, write_json

ARRAYS, WORDS = "explanation.safetensors", "explanation.json"


def save_explanation(explanation: Explanation, folder: Path) -> None:
    """Write attribution, evidence and cascades, whole or not at all."""
    a = explanation.attribution
    tensors = {f.name: getattr(a, f.name) for f in fields(a)}
    words = {k: v for k, v in tensors.items() if not isinstance(v, Tensor)}
    arrays = {k: v.contiguous() for k, v in tensors.items() if isinstance(v, Tensor)}
    for name in ("gene", "pathway"):
        for key, value in getattr(explanation, name)._asdict().items():
            arrays[f"{name}.{key}"] = torch.from_numpy(np.ascontiguousarray(value))
    for name in ("univariate", "edge_frequency"):
        arrays[name] = torch.from_numpy(getattr(explanation, name))
    found = [_words(c) for c in explanation.cascades]
    with whole_folder(folder, WORDS) as part:
        save_file(arrays, part / ARRAYS)
        content = {"attribution": words, "cascades": found, "stability": explanation.stability}
        content["no_cascade"] = explanation.no_cascade
        write_json(part / WORDS, content | {"sha256": sha256(part / ARRAYS)})


def load_explanation(folder: Path) -> Explanation:
    """Read back what `save_explanation` wrote.

    Raises:
        BundleError: missing or broken.
    """
    try:
        return _read(folder)
    except BundleError as error:
        raise BundleError(f"{error}; delete {folder}, and it is done anew") from error


def _read(folder: Path) -> Explanation:
    words = read_json(folder / WORDS, BundleError)
    try:
        if sha256(folder / ARRAYS) != words["sha256"]:
            raise BundleError(f"{folder / ARRAYS} was changed or cut off since it was written")
        arrays = load_file(folder / ARRAYS)
        own = {f.name: arrays[f.name] for f in fields(Attribution) if f.name in arrays}
        return Explanation(
            attribution=Attribution(**own, **tuples(words["attribution"])),
            gene=_evidence(arrays, "gene"),
            pathway=_evidence(arrays, "pathway"),
            cascades=tuple(map(_cascade, words["cascades"])),
            stability=tuple(words["stability"]),
            univariate=arrays["univariate"].numpy(),
            edge_frequency=arrays["edge_frequency"].numpy(),
            no_cascade=words["no_cascade"],
        )
    except (OSError, AttributeError, KeyError, TypeError, ValueError, SafetensorError) as error:
        raise BundleError(f"{folder} cannot be read as an explanation ({error})") from error


def _words(cascade: Cascade) -> dict[str, Any]:
    """JSON has no NaN, which the p of few patients is."""
    return asdict(cascade) | {"p": None if np.isnan(cascade.p) else cascade.p}


def _cascade(words: dict[str, Any]) -> Cascade:
    return Cascade(**tuples(words | {"p": np.nan if words["p"] is None else words["p"]}))


def save_subgroup_cascades(found: tuple[ColumnCascades, ...], path: Path) -> None:
    """Write the cascades by column and level; who belongs to a level is not written."""
    content = {
        column.column: {level.name: [_words(c) for c in level.cascades] for level in column.levels}
        for column in found
    }
    write_json(path, content)


def load_subgroup_cascades(
    path: Path, groups: tuple[ColumnCascades, ...]
) -> tuple[ColumnCascades, ...]:
    """Read back what `save_subgroup_cascades` wrote, for the same groups.

    Raises:
        BundleError: missing or broken, or of other groups.
    """
    content = read_json(path, BundleError)

    def kept(column: ColumnCascades, level: LevelCascades) -> LevelCascades:
        listed = content[column.column][level.name]
        return level._replace(cascades=tuple(map(_cascade, listed)))

    try:
        return each_level(groups, kept)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BundleError(
            f"{path} cannot be read as cascades of subgroups ({type(error).__name__}); delete it, "
            "and they are drawn anew"
        ) from error


def _evidence(arrays: dict[str, Tensor], name: str) -> Evidence:
    return Evidence(*(arrays[f"{name}.{key}"].numpy() for key in Evidence._fields))


def tuples(content: dict[str, Any]) -> dict[str, Any]:
    """JSON knows lists only; the containers hold tuples, also inside."""

    def deep(value: Any) -> Any:
        return tuple(deep(v) for v in value) if isinstance(value, list) else value

    return {k: deep(v) for k, v in content.items()}
