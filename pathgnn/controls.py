"""The controls of a run in its folder: each training is kept, an interrupted one is taken up."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from pathgnn.attribute.attribute import attribute
from pathgnn.attribute.attribution import Cascade
from pathgnn.attribute.cascade import cascades
from pathgnn.attribute.controls import Survival, survival
from pathgnn.attribute.explain import explain
from pathgnn.attribute.keep import tuples
from pathgnn.attribute.reference import Compared, healthy_digest
from pathgnn.benefit.verdict import Finding
from pathgnn.errors import BundleError, ConfigError
from pathgnn.export.dictionary import write_described
from pathgnn.files import read_json, whole_file, write_json
from pathgnn.graph.nodes import Nodes
from pathgnn.model.config import ExplainConfig
from pathgnn.paths import takes_paths
from pathgnn.seeds import rng_for
from pathgnn.train.bundle import versions
from pathgnn.train.controls import (
    CONTROLS,
    FEWEST_DRAWS,
    REWIRED,
    TRUE,
    Control,
    Kept,
    compare,
    control_graph,
)
from pathgnn.train.crossfit import fold_scores, refit
from pathgnn.train.estimate import contrast_of
from pathgnn.train.fitted import Fitted
from pathgnn.train.nuisance import Nuisances

Progress = Callable[[str], None]
TABLES = ("prediction", "findings", "cascades")


class Outcome(NamedTuple):
    """Controls of one contrast: prediction, what follows, and the cascades."""

    controls: tuple[Control, ...]
    findings: tuple[Finding, ...]
    cascades: tuple[Survival, ...]


class Part(NamedTuple):
    """One training on one graph: benefit, attribution per gene, cascades."""

    benefit: Float[np.ndarray, " patient"]
    by_gene: Float[np.ndarray, " gene"]
    cascades: tuple[Cascade, ...]


class Plan(NamedTuple):
    """Which controls, how often, how to explain, and samples for the reference "healthy"."""

    draws: int = 5
    kinds: tuple[str, ...] = tuple(CONTROLS)
    explain: ExplainConfig = ExplainConfig()
    progress: Progress = lambda _: None
    healthy: Nodes | None = None


@takes_paths
def run_controls(fitted: Fitted, nodes: Nodes, plan: Plan, folder: Path | None = None) -> Outcome:
    """Retrain on control graphs and say whether edges and pathways help, and what survives.

    Args:
        fitted: A finished fit.
        nodes: Its cohort.
        plan: Controls and number of trainings of each; the true graph is trained as often.
        folder: Keeps each training, so that an interrupted call goes on; None: nothing is kept.
    """
    fitted.refuse_others(nodes)
    if plan.draws < FEWEST_DRAWS or TRUE not in plan.kinds:
        raise ConfigError(
            f"controls need {FEWEST_DRAWS} trainings or more of each kind, {TRUE!r} among them"
        )
    contrast = contrast_of(nodes, plan.explain.contrast)
    if folder is not None:
        for name in TABLES:
            (folder / f"{name}.csv").unlink(missing_ok=True)
    scores = fold_scores(nodes, fitted)
    parts: dict[str, list[Part]] = {kind: [] for kind in plan.kinds}
    for draw in range(plan.draws):
        for kind in plan.kinds:
            plan.progress(f"{kind}, training {draw + 1}")
            key = _key(fitted, kind, draw, plan)
            path = None if folder is None else folder / "parts" / f"{key}.st"
            part = _kept(path) or _train(fitted, nodes, scores, (kind, draw), plan)
            if path is not None:
                _keep(part, path)
            parts[kind].append(part)
    benefits = {kind: np.stack([p.benefit for p in listed]) for kind, listed in parts.items()}
    controls, findings = compare(fitted, benefits, contrast, nodes.measured)
    config = plan.explain
    found = explain(fitted, nodes, config, plan.healthy).cascades if config.cascades else ()
    helps = any(f.topic == "edges" and f.severity == "ok" for f in findings)
    survivors = survival(
        found,
        [p.cascades for p in parts[TRUE]],
        ([p.by_gene for p in parts[TRUE]], [p.by_gene for p in parts.get(REWIRED, [])]),
        nodes.genes,
        helps,
    )
    outcome = Outcome(controls, findings, survivors)
    if folder is not None:
        write_described(tables(outcome), fitted.recipe.estimand.unit, folder, "controls")
    return outcome


def tables(outcome: Outcome) -> dict[str, pd.DataFrame]:
    """The outcome as tables: prediction, findings, cascades."""
    prediction = [
        {"control": c.name, "edges_moved": c.edges_moved, **c.difference._asdict()}
        for c in outcome.controls
    ]
    survivors = [{**s._asdict(), "genes": ";".join(s.genes)} for s in outcome.cascades]
    return {
        "prediction": pd.DataFrame(prediction),
        "findings": pd.DataFrame(outcome.findings),
        "cascades": pd.DataFrame(survivors, columns=list(Survival._fields)),
    }


def _train(
    fitted: Fitted,
    nodes: Nodes,
    scores: tuple[Nuisances, ...],
    which: tuple[str, int],
    plan: Plan,
) -> Part:
    (kind, draw), config = which, plan.explain
    kept = Kept(nodes.measured, fitted.recipe.net.by_mechanism)
    graph = control_graph(fitted.recipe.graph, kind, (fitted.seed, draw), kept)
    again = refit(fitted, nodes, graph, scores, draw)
    contrast = contrast_of(nodes, config.contrast)
    benefit = again.benefit[:, contrast]
    if kind not in (TRUE, REWIRED) or not config.cascades:
        return Part(benefit, np.zeros(len(graph.genes)), ())
    attribution = attribute(Compared(again, nodes, config, contrast, plan.healthy))
    by_gene = attribution.by_gene.abs().mean(0).double().numpy()
    rng = rng_for(fitted.seed, 10, draw)
    found = cascades(attribution, again, config, rng) if kind == TRUE else ()
    return Part(benefit, by_gene, found)


def _key(fitted: Fitted, kind: str, draw: int, plan: Plan) -> str:
    """Names a training by all that decides it, so that another study never takes it up."""
    recipe = fitted.recipe
    words = [recipe.net.model_dump_json(), recipe.fit.model_dump_json(), plan.explain.key]
    words += [healthy_digest(plan.healthy)] * (plan.healthy is not None)
    words += [json.dumps(versions(), sort_keys=True)]
    words += [recipe.graph.sha256, str(recipe.estimand), str(fitted.seed), kind, str(draw)]
    words += [str(stack.rounds) for stack in fitted.stacks]
    digest = hashlib.sha256("\n".join(words).encode())
    digest.update(np.ascontiguousarray(fitted.scores.gamma).tobytes())
    digest.update(np.ascontiguousarray(fitted.fold).tobytes())
    return f"{kind.replace(' ', '_')}-{draw}-{digest.hexdigest()[:16]}"


def _keep(part: Part, path: Path) -> None:
    arrays = {"benefit": part.benefit, "by_gene": part.by_gene}
    write_json(path.with_suffix(".json"), [c.__dict__ for c in part.cascades])
    with whole_file(path) as unfinished:
        save_file({k: np.ascontiguousarray(v) for k, v in arrays.items()}, unfinished)


def _kept(path: Path | None) -> Part | None:
    """A training that an earlier call finished; its arrays are written last."""
    if path is None or not path.is_file():
        return None
    try:
        arrays = load_file(path)
        listed = read_json(path.with_suffix(".json"), BundleError)
        found = tuple(Cascade(**tuples(c)) for c in listed)
        return Part(arrays["benefit"], arrays["by_gene"], found)
    except (KeyError, TypeError, SafetensorError) as error:
        raise BundleError(f"{path} cannot be read ({error}); delete it") from error
