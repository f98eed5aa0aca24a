"""A saved model: safetensors and JSON, versioned, hashed, written whole; no pickle, no patients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from pathgnn.benefit.estimand import Estimand
from pathgnn.cohort.cohort import Cohort
from pathgnn.cohort.identifiers import Identifiers
from pathgnn.errors import BundleError, GraphError
from pathgnn.files import read_json, sha256, whole_folder, write_json
from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.keep import read_graph, save_graph
from pathgnn.graph.nodes import Nodes, match_layout
from pathgnn.graph.project import project, rests_on
from pathgnn.model.config import FitConfig, NetConfig
from pathgnn.model.network import Layout, PathwayNet, layout_of
from pathgnn.train.estimate import Benefit
from pathgnn.train.fit import History, Recipe
from pathgnn.train.fitted import Fitted
from pathgnn.train.linear import LinearEffect
from pathgnn.train.part import Member
from pathgnn.train.stack import Stack

SCHEMA = 2
MANIFEST, WEIGHTS, GRAPH = "manifest.json", "weights.safetensors", "graph.pathgraph"


class Calibration(NamedTuple):
    """How a raw score becomes a benefit: average + slope (score - mean score)."""

    arm: str
    average: float
    slope: float
    mean_score: float
    differs: bool


@dataclass(frozen=True)
class Model:
    """What is needed to predict new patients."""

    recipe: Recipe
    layout: Layout
    modalities: tuple[str, ...]
    covariates: tuple[str, ...]
    arms: tuple[str, ...]
    members: tuple[Member, ...]
    calibration: tuple[Calibration, ...]
    seed: int
    stacks: tuple[Stack, ...] = ()

    def benefit(self, nodes: Nodes) -> Float[np.ndarray, "patient contrast"]:
        """Mean over all networks of the benefit, each stacked with its fold's linear models."""
        each = []
        for member in self.members:
            tau = self.recipe.estimand(member.net.predict(nodes)).double().numpy()
            if self.stacks:
                stack = self.stacks[member.fold]
                tau = stack.benefit(tau, stack.linear(member.net.scales(nodes)).double().numpy())
            each.append(tau)
        return np.asarray(np.mean(each, axis=0))


class NewBenefit(NamedTuple):
    """Predicted benefit of new patients, the share of genes measured, and what it rests on."""

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
    )


def save(model: Model, folder: Path) -> None:
    """Write the bundle; an earlier one is replaced only when the new one is complete."""
    with whole_folder(folder) as part:
        weights = {
            f"{i}.{name}": value.contiguous()
            for i, member in enumerate(model.members)
            for name, value in member.net.state_dict().items()
        } | _linear_weights(model.stacks)
        save_file(weights, part / WEIGHTS)
        save_graph(model.recipe.graph, part / GRAPH)
        files = {name: sha256(part / name) for name in (WEIGHTS, GRAPH)}
        write_json(part / MANIFEST, _manifest(model) | {"files": files})


def load(folder: Path) -> Model:
    """Read a bundle back.

    Raises:
        BundleError: missing, changed, broken or newer than this version.
    """
    manifest = read_json(folder / MANIFEST, BundleError)
    if not isinstance(manifest, dict) or not isinstance(manifest.get("schema"), int):
        raise BundleError(f"{folder / MANIFEST} is no pathgnn model")
    if manifest["schema"] < SCHEMA:
        raise BundleError(
            f"{folder} was written by an older pathgnn (schema {manifest['schema']}, this version "
            f"reads {SCHEMA}); fit the study again"
        )
    if manifest["schema"] > SCHEMA:
        raise BundleError(
            f"{folder} was written by a newer pathgnn (schema {manifest['schema']}, this version "
            f"reads {SCHEMA}); upgrade pathgnn"
        )
    try:
        for name in (WEIGHTS, GRAPH):
            if sha256(folder / name) != manifest["files"][name]:
                raise BundleError(f"{folder / name} was changed or cut off since it was written")
        return _read(folder, manifest)
    except (
        OSError,
        KeyError,
        TypeError,
        ValueError,
        RuntimeError,
        SafetensorError,
        GraphError,
    ) as error:
        raise BundleError(f"{folder} cannot be read as a model: {error}") from error


def predict(
    model: Model, cohort: Cohort, known: Identifiers | None = None
) -> tuple[NewBenefit, ...]:
    """Benefit of every contrast for new patients, by all networks of the model together."""
    nodes = project(cohort, model.recipe.graph, known)
    nodes = match_layout(nodes, model.modalities, model.covariates, model.layout.sites)
    tau = model.benefit(nodes)
    measured = nodes.seen.any(2).double().mean(0).numpy()
    basis = tuple(rests_on(nodes))
    out = []
    for k, c in enumerate(model.calibration):
        spread = c.slope * (tau[:, k] - c.mean_score) if c.differs else np.zeros(len(tau))
        out.append(NewBenefit(c.arm, c.average + spread, tau[:, k], measured, c.differs, basis))
    return tuple(out)


def versions() -> dict[str, str]:
    """Versions of pathgnn and of what its numbers depend on."""
    names = ("pathgnn", "torch", "torch-geometric", "numpy", "scipy", "scikit-learn", "pandas")
    return {name: version(name) for name in names}


def _manifest(model: Model) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "versions": versions(),
        "seed": model.seed,
        "graph": model.recipe.graph.sha256,
        "estimand": asdict(model.recipe.estimand),
        "net": model.recipe.net.model_dump(),
        "fit": model.recipe.fit.model_dump(),
        "layout": model.layout._asdict(),
        "modalities": model.modalities,
        "covariates": model.covariates,
        "arms": model.arms,
        "members": [{"fold": m.fold, "seed": m.seed, "history": m.history} for m in model.members],
        "calibration": [c._asdict() for c in model.calibration],
        "stacks": [{"share": s.share.tolist(), "rounds": s.rounds} for s in model.stacks],
    }


def _linear_weights(stacks: tuple[Stack, ...]) -> dict[str, Tensor]:
    return {
        f"linear.{k}.{name}": value.contiguous()
        for k, stack in enumerate(stacks)
        for name, value in stack.linear._asdict().items()
    }


def _stacks(manifest: Mapping[str, Any], weights: Mapping[str, Tensor]) -> tuple[Stack, ...]:
    out = []
    for k, words in enumerate(manifest["stacks"]):
        linear = LinearEffect(*(weights[f"linear.{k}.{name}"] for name in LinearEffect._fields))
        out.append(Stack(np.array(words["share"]), words["rounds"], linear))
    return tuple(out)


def _read(folder: Path, manifest: Mapping[str, Any]) -> Model:
    graph = read_graph(folder / GRAPH)
    if graph.sha256 != manifest["graph"]:
        raise BundleError(f"the graph in {folder} is not the one the model was trained on")
    net_config = NetConfig.model_validate(manifest["net"])
    shape = manifest["layout"]
    layout = Layout(
        tuple(shape["kinds"]),
        shape["n_covariates"],
        shape["n_contrasts"],
        shape["outcome"],
        tuple(shape.get("sites", ())),
    )
    weights = load_file(folder / WEIGHTS)
    members = tuple(
        Member(m["fold"], m["seed"], _net(i, weights, graph, layout, net_config), _history(m))
        for i, m in enumerate(manifest["members"])
    )
    recipe = Recipe(
        graph,
        Estimand(**manifest["estimand"]),
        net_config,
        FitConfig.model_validate(manifest["fit"]),
    )
    return Model(
        recipe=recipe,
        layout=layout,
        modalities=tuple(manifest["modalities"]),
        covariates=tuple(manifest["covariates"]),
        arms=tuple(manifest["arms"]),
        members=members,
        calibration=tuple(Calibration(**c) for c in manifest["calibration"]),
        seed=manifest["seed"],
        stacks=_stacks(manifest, weights),
    )


def _net(
    i: int, weights: Mapping[str, Tensor], graph: PathwayGraph, layout: Layout, config: NetConfig
) -> PathwayNet:
    # Building draws first weights that are overwritten; the user's random state is left alone.
    with torch.random.fork_rng(devices=[]):
        net = PathwayNet(graph, layout, config)
    start = f"{i}."
    net.load_state_dict(
        {k.removeprefix(start): v for k, v in weights.items() if k.startswith(start)}
    )
    for parameter in net.parameters():
        parameter.requires_grad_(False)
    return net.eval()


def _history(member: Mapping[str, Any]) -> History:
    outcome, benefit = member["history"]
    return History(tuple(outcome), tuple(benefit))
