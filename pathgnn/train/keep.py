"""A cross-fitted model on disk, so that a run resumes: arrays without ids beside the bundle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from pathgnn.benefit.metrics import Estimate
from pathgnn.errors import BundleError
from pathgnn.files import read_json, sha256, whole_folder, write_json
from pathgnn.graph.nodes import Nodes
from pathgnn.train.bundle import load, model_of, save
from pathgnn.train.encoder_file import load_encoder, save_encoder
from pathgnn.train.estimate import Benefit
from pathgnn.train.fitted import Fitted
from pathgnn.train.nuisance import Nuisances
from pathgnn.train.over_time import OverTime

ARRAYS, WORDS, START = "fit.safetensors", "fit.json", "encoder"


def save_fitted(fitted: Fitted, nodes: Nodes, benefits: tuple[Benefit, ...], folder: Path) -> None:
    """Write model bundle and out-of-fold results, whole or not at all."""
    arrays = {"fold": fitted.fold, "mu": fitted.mu}
    arrays |= {f"scores.{k}": v for k, v in fitted.scores._asdict().items()}
    if fitted.spread is not None:
        arrays["spread"] = fitted.spread
    if fitted.over_time is not None:
        arrays |= {f"over_time.{k}": v for k, v in fitted.over_time._asdict().items()}
    names = list(fitted.ladder)
    arrays |= {f"ladder.{i}": fitted.ladder[name] for i, name in enumerate(names)}
    sequential = {
        name: [[list(e) for e in folds] for folds in by_contrast]
        for name, by_contrast in fitted.sequential.items()
    }
    with whole_folder(folder, WORDS) as part:
        save(model_of(fitted, nodes, benefits), part / "model")
        if fitted.recipe.start is not None:
            save_encoder(fitted.recipe.start, part / START)
        save_file({k: np.ascontiguousarray(v) for k, v in arrays.items()}, part / ARRAYS)
        words = {"ladder": names, "sequential": sequential, "cohort": fitted.cohort}
        write_json(part / WORDS, words | {"sha256": sha256(part / ARRAYS)})


def load_fitted(folder: Path) -> Fitted:
    """Read back what `save_fitted` wrote.

    Raises:
        BundleError: missing, changed or broken.
    """
    try:
        return _read(folder)
    except BundleError as error:
        raise BundleError(f"{error}; delete {folder}, and it is done anew") from error


def _read(folder: Path) -> Fitted:
    model, words = load(folder / "model"), read_json(folder / WORDS, BundleError)
    try:
        if sha256(folder / ARRAYS) != words["sha256"]:
            raise BundleError(f"{folder / ARRAYS} was changed or cut off since it was written")
        arrays = load_file(folder / ARRAYS)
        scores = Nuisances(**{name: arrays[f"scores.{name}"] for name in Nuisances._fields})
        ladder = {name: arrays[f"ladder.{i}"] for i, name in enumerate(words["ladder"])}
        over_time = None
        if "over_time.time" in arrays:
            over_time = OverTime(*(arrays[f"over_time.{name}"] for name in OverTime._fields))
        sequential = {
            name: tuple(tuple(Estimate(*e) for e in folds) for folds in by_contrast)
            for name, by_contrast in words["sequential"].items()
        }
    except (OSError, AttributeError, KeyError, TypeError, ValueError, SafetensorError) as error:
        raise BundleError(f"{folder} cannot be read as a finished fit ({error})") from error
    start = folder / START
    return Fitted(
        recipe=model.recipe._replace(start=load_encoder(start) if start.is_dir() else None),
        seed=model.seed,
        members=model.members,
        fold=arrays["fold"],
        mu=arrays["mu"],
        scores=scores,
        ladder=ladder,
        sequential=sequential,
        stacks=model.stacks,
        spread=arrays.get("spread"),
        over_time=over_time,
        cohort=words["cohort"],
    )
