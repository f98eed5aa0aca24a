"""A saved model: safetensors and JSON, versioned, hashed, written whole; no pickle, no patients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from pathgnn.benefit.estimand import Estimand
from pathgnn.cohort.cohort import Cohort
from pathgnn.cohort.identifiers import Identifiers
from pathgnn.errors import BundleError, CohortError, ConfigError, GraphError
from pathgnn.files import sha256, whole_folder, write_json
from pathgnn.graph.keep import read_graph, save_graph
from pathgnn.graph.nodes import Nodes, match_layout
from pathgnn.graph.project import project, rests_on
from pathgnn.model.network import Layout, layout_of
from pathgnn.paths import takes_paths
from pathgnn.train.estimate import Benefit
from pathgnn.train.fit import Recipe
from pathgnn.train.fitted import Fitted
from pathgnn.train.manifest import (
    GRAPH,
    MANIFEST,
    SCHEMA,
    WEIGHTS,
    Calibration,
    CalibrationWords,
    EstimandWords,
    LayoutWords,
    Manifest,
    read_manifest,
)
from pathgnn.train.outcome_hash import outcome_hash
from pathgnn.train.part import Member
from pathgnn.train.stack import Stack
from pathgnn.train.weights import (
    Shape,
    members_from,
    read_weights,
    stack_words,
    stacks_from,
    tensors_of,
    words_of,
)


@dataclass(frozen=True)
class Model:
    """What is needed to predict new patients.

    `scales` are those on which its omics were read; `outcomes` the hash of the outcomes that it
    learned from, by which they are known again.
    """

    recipe: Recipe
    layout: Layout
    modalities: tuple[str, ...]
    covariates: tuple[str, ...]
    arms: tuple[str, ...]
    members: tuple[Member, ...]
    calibration: tuple[Calibration, ...]
    seed: int
    stacks: tuple[Stack, ...] = ()
    scales: Mapping[str, str] = field(default_factory=dict)
    outcomes: str = ""

    @property
    def known(self) -> Bool[Tensor, "gene 1 modality"]:
        """Values that some network learned from."""
        return torch.stack([member.net.scales.known for member in self.members]).any(0)

    def benefit(self, nodes: Nodes) -> Float[np.ndarray, "patient contrast"]:
        """Mean over all networks of the benefit, each stacked with its fold's other learners."""
        each = []
        for member in self.members:
            tau = self.recipe.estimand(member.net.predict(nodes)).double().numpy()
            if self.stacks:
                tau = self.stacks[member.fold].benefit(tau, member.net.scales(nodes))
            each.append(tau)
        return np.asarray(np.mean(each, axis=0))


class NewBenefit(NamedTuple):
    """Predicted benefit of new patients, and what it rests on.

    `measured` is the share of the genes measured in training that were measured in them, too.
    """

    arm: str
    benefit: Float[np.ndarray, " patient"]
    score: Float[np.ndarray, " patient"]
    measured: Float[np.ndarray, " patient"]
    differs: bool
    rests_on: tuple[str, ...]


def model_of(fitted: Fitted, nodes: Nodes, benefits: tuple[Benefit, ...]) -> Model:
    """The model part of a fitted cohort, with the calibration of every contrast."""
    calibration = tuple(
        Calibration(
            arm=b.arm,
            average=b.average.value,
            slope=float(np.clip(b.slope.value, 0, 1)),
            mean_score=float(b.score[fitted.scores.informs[:, k]].mean()),
            differs=b.differs,
        )
        for k, b in enumerate(benefits)
    )
    return Model(
        recipe=fitted.recipe,
        layout=layout_of(nodes, fitted.recipe.fit.center_sites),
        modalities=nodes.modalities,
        covariates=nodes.covariates,
        arms=nodes.arms,
        members=fitted.members,
        calibration=calibration,
        seed=fitted.seed,
        stacks=fitted.stacks,
        scales=nodes.scales,
        outcomes=outcome_hash(nodes),
    )


@takes_paths
def save(model: Model, folder: Path) -> None:
    """Write the bundle; an earlier one is replaced only when the new one is complete."""
    with whole_folder(folder, MANIFEST) as part:
        save_file(tensors_of(model.members, model.stacks), part / WEIGHTS)
        save_graph(model.recipe.graph, part / GRAPH)
        files = {name: sha256(part / name) for name in (WEIGHTS, GRAPH)}
        write_json(part / MANIFEST, _manifest(model, files))


@takes_paths
def load(folder: Path) -> Model:
    """Read a bundle back; nothing in it is ever executed.

    Raises:
        BundleError: missing, changed, broken, of another version, or with something too many.
    """
    manifest = read_manifest(folder)
    try:
        for name in (WEIGHTS, GRAPH):
            if sha256(folder / name) != manifest.files[name]:
                raise BundleError(f"{folder / name} was changed or cut off since it was written")
        return _read(folder, manifest)
    except (
        OSError,
        KeyError,
        TypeError,
        ValueError,
        RuntimeError,
        SafetensorError,
        ConfigError,
        GraphError,
    ) as error:
        reason = str(error).partition("\n")[0]
        raise BundleError(f"{folder} cannot be read as a model: {reason}") from error


def meet(model: Model, cohort: Cohort, known: Identifiers | None = None) -> Nodes:
    """A new cohort on the model's graph, with the model's omics and covariates.

    Raises:
        GraphError: no omic in common, or one that holds another kind of values.
        CohortError: an omic that seems to be on another scale.
    """
    nodes = project(cohort, model.recipe.graph, known)
    _refuse_other_kinds(model, nodes)
    _refuse_other_scales(model, cohort)
    return match_layout(nodes, model.modalities, model.covariates, model.layout.sites)


def predict(
    model: Model, cohort: Cohort, known: Identifiers | None = None
) -> tuple[NewBenefit, ...]:
    """Benefit of every contrast for new patients, by all networks of the model together.

    Raises:
        GraphError: no omic in common, or one that holds another kind of values.
        CohortError: an omic that seems to be on another scale.
    """
    return predict_nodes(model, meet(model, cohort, known))


def predict_nodes(model: Model, nodes: Nodes) -> tuple[NewBenefit, ...]:
    """The same for patients that are on the model's graph already, from `meet`."""
    tau = model.benefit(nodes)
    known = replace(nodes, seen=nodes.seen & model.known)
    n_known = int(model.known.any(2).sum())
    measured = known.seen.any(2).sum(0).double().numpy() / max(1, n_known)
    basis = tuple(rests_on(known))
    return tuple(
        NewBenefit(c.arm, c.benefit(tau[:, k]), tau[:, k], measured, c.differs, basis)
        for k, c in enumerate(model.calibration)
    )


def versions() -> dict[str, str]:
    """Versions of pathgnn and of what its numbers depend on."""
    names = ("pathgnn", "torch", "torch-geometric", "numpy", "scipy", "scikit-learn", "pandas")
    return {name: version(name) for name in names}


def _manifest(model: Model, files: dict[str, str]) -> dict[str, Any]:
    recipe = model.recipe
    manifest = Manifest(
        versions=versions(),
        seed=model.seed,
        graph=recipe.graph.sha256,
        genes=recipe.graph.genes,
        estimand=EstimandWords(**asdict(recipe.estimand)),
        net=recipe.net,
        fit=recipe.fit,
        layout=LayoutWords(**model.layout._asdict()),
        modalities=model.modalities,
        covariates=model.covariates,
        arms=model.arms,
        members=tuple(words_of(model.members)),
        calibration=tuple(CalibrationWords(**c._asdict()) for c in model.calibration),
        stacks=tuple(stack_words(model.stacks)),
        files=files,
        scales=dict(model.scales),
        outcomes=model.outcomes,
    )
    return {"schema": SCHEMA} | manifest.model_dump()


def _read(folder: Path, manifest: Manifest) -> Model:
    graph = read_graph(folder / GRAPH)
    if graph.sha256 != manifest.graph or graph.genes != manifest.genes:
        raise BundleError(f"the graph in {folder} is not the one the model was trained on")
    layout = Layout(**dict(manifest.layout))
    shape = Shape(graph, layout, manifest.net)
    weights = read_weights(folder / WEIGHTS, manifest.members, manifest.stacks, shape)
    estimand = Estimand(**dict(manifest.estimand))
    return Model(
        recipe=Recipe(graph, estimand, manifest.net, manifest.fit),
        layout=layout,
        modalities=manifest.modalities,
        covariates=manifest.covariates,
        arms=manifest.arms,
        members=members_from(manifest.members, weights, shape),
        calibration=tuple(Calibration(**dict(c)) for c in manifest.calibration),
        seed=manifest.seed,
        stacks=stacks_from(manifest.stacks, weights, shape),
        scales=manifest.scales,
        outcomes=manifest.outcomes,
    )


def _refuse_other_kinds(model: Model, nodes: Nodes) -> None:
    """An omic of the same name must hold the same kind of values."""
    trained = dict(zip(model.modalities, model.layout.kinds, strict=True))
    for name, kind in zip(nodes.modalities, nodes.kinds, strict=True):
        if trained.get(name, kind) != kind:
            raise GraphError(
                f"the model was trained on {name!r} as {trained[name]}, the cohort has it as "
                f"{kind}; set its `kind` in [cohort.omics.{name}], or call it something else"
            )


def _refuse_other_scales(model: Model, cohort: Cohort) -> None:
    """What values are was told from the values: of few patients, or a part of the genes, wrongly.

    A scale that the study file names is believed.
    """
    for name, here in cohort.scales.items():
        trained = model.scales.get(name, here.scale)
        if here.is_guess and here.scale != trained:
            raise CohortError(
                f"omic {name!r} looks like {here.scale!r} ({here.note}), but was {trained!r} when "
                f"the model was trained; name its `scale` in [cohort.omics.{name}]: '{trained}' if "
                "the values are of the same kind"
            )
