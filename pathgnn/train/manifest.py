"""What the manifest of a saved model says: every part with its type, and all parts fitting."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple, get_args

import numpy as np
from jaxtyping import Float
from pydantic import ConfigDict, Field, ValidationError, model_validator

from pathgnn.benefit.estimand import EstimandName
from pathgnn.cohort.sources import OmicKind
from pathgnn.errors import BundleError
from pathgnn.files import read_json
from pathgnn.model import HEADS
from pathgnn.model.config import COMPETING, FitConfig, NetConfig
from pathgnn.settings import Settings
from pathgnn.train.weights import MemberWords, StackWords

# 5: what training never had, or had alike in all, counts as unseen.
SCHEMA = 5
MANIFEST, WEIGHTS, GRAPH = "manifest.json", "weights.safetensors", "graph.pathgraph"
FINITE = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Calibration(NamedTuple):
    """How a raw score becomes a benefit: average + slope (score - mean score)."""

    arm: str
    average: float
    slope: float
    mean_score: float
    differs: bool

    def benefit(self, score: Float[np.ndarray, " patient"]) -> Float[np.ndarray, " patient"]:
        """The benefit of raw scores; the average of all where no differences were shown."""
        slope = self.slope if self.differs else 0.0
        return self.average + slope * (score - self.mean_score)


class CalibrationWords(Settings):
    """A calibration as the manifest holds it."""

    model_config = FINITE

    arm: str
    average: float
    slope: float
    mean_score: float
    differs: bool


class EstimandWords(Settings):
    """An estimand as the manifest holds it."""

    model_config = FINITE

    name: EstimandName
    unit: str
    at: float


class LayoutWords(Settings):
    """The layout of the networks as the manifest holds it."""

    kinds: tuple[str, ...]
    n_covariates: int = Field(ge=0)
    n_contrasts: int = Field(ge=1)
    outcome: str
    sites: tuple[str, ...]


class Manifest(Settings):
    """Everything of a saved model but its weights and its graph."""

    versions: dict[str, str]
    seed: int
    graph: str
    genes: tuple[str, ...]
    estimand: EstimandWords
    net: NetConfig
    fit: FitConfig
    layout: LayoutWords
    modalities: tuple[str, ...]
    covariates: tuple[str, ...]
    arms: tuple[str, ...]
    members: tuple[MemberWords, ...] = Field(min_length=1)
    calibration: tuple[CalibrationWords, ...]
    stacks: tuple[StackWords, ...]
    files: dict[str, str]
    scales: dict[str, str] = Field(default_factory=dict)
    outcomes: str = ""

    @model_validator(mode="after")
    def _fits(self) -> Manifest:
        """No part says something else than another."""
        layout, n_contrasts = self.layout, self.layout.n_contrasts
        outcomes = {*HEADS, COMPETING}
        fits = {
            "`modalities` and `kinds`": len(self.modalities) == len(layout.kinds),
            "`kinds`": set(layout.kinds) <= set(get_args(OmicKind)),
            "`covariates`": len(self.covariates) == layout.n_covariates,
            "`arms`": len(self.arms) == n_contrasts + 1,
            "`calibration`": tuple(c.arm for c in self.calibration) == self.arms[1:],
            "`outcome`": layout.outcome in outcomes,
            "`stacks`": not self.stacks or all(m.fold < len(self.stacks) for m in self.members),
            "`members`": all(m.fold >= 0 for m in self.members),
        }
        wrong = [name for name, fit in fits.items() if not fit]
        if wrong:
            raise ValueError(f"{wrong[0]} do not fit the rest of it")
        return self


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a bundle whose folder holds nothing but what the manifest names.

    Raises:
        BundleError: missing, broken, of another version, a link, or a file too many.
    """
    path = folder / MANIFEST
    if not path.exists():
        raise BundleError(f"no model at {folder}; a run keeps its own in RUN/fit/model")
    refuse_links(folder, (MANIFEST,))
    content = read_json(path, BundleError)
    if not isinstance(content, dict) or type(content.get("schema")) is not int:
        raise BundleError(f"{path} is no pathgnn model")
    refuse_other_schema(folder, content.pop("schema"), SCHEMA, "fit the study again")
    try:
        manifest = Manifest.model_validate(content)
    except ValidationError as error:
        raise BundleError(f"{path} is broken: {_first(error)}; save the model again") from error
    _refuse_other_files(folder, manifest)
    return manifest


def refuse_other_schema(folder: Path, schema: int, known: int, again: str) -> None:
    """Refuse what another version wrote.

    Raises:
        BundleError: older or newer.
    """
    if schema == known:
        return
    age, do = ("an older", again) if schema < known else ("a newer", "upgrade pathgnn")
    raise BundleError(
        f"{folder} was written by {age} pathgnn (schema {schema}, this version reads {known}); {do}"
    )


def refuse_links(folder: Path, names: tuple[str, ...]) -> None:
    """Refuse a file that is a link, a pipe or a folder: it could lead anywhere, or nowhere.

    Raises:
        BundleError: naming it.
    """
    for name in names:
        path = folder / name
        if path.is_symlink() or (path.exists() and not path.is_file()):
            raise BundleError(f"{path} is a link or no plain file; copy the model as plain files")


def _refuse_other_files(folder: Path, manifest: Manifest) -> None:
    """A bundle is three files; a fourth, or a path, was put there by somebody else."""
    named = {*manifest.files}
    if named != {WEIGHTS, GRAPH}:
        odd = sorted(named ^ {WEIGHTS, GRAPH})[0]
        raise BundleError(
            f"{folder / MANIFEST} must name {WEIGHTS} and {GRAPH} and nothing else, but {odd!r} "
            "differs; it was changed: use a model that `pathgnn fit` wrote"
        )
    more = sorted(p.name for p in folder.iterdir() if p.name not in (MANIFEST, *named))
    if more:
        raise BundleError(
            f"{folder} holds {more[0]!r}, which is no part of a model and is not read; delete it"
        )
    refuse_links(folder, (WEIGHTS, GRAPH))


def _first(error: ValidationError) -> str:
    """The first thing that is wrong, without the value, which may be long."""
    item: Any = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(map(str, item["loc"]))
    return f"{where}: {item['msg']}" if where else str(item["msg"])
