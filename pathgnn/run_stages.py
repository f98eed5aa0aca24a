"""The costly stages of a run: fit and explain, taken up where they stopped, shared by processes."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from pathgnn.attribute.attribution import Attribution
from pathgnn.attribute.explain import Explanation, explain
from pathgnn.attribute.keep import (
    load_explanation,
    load_subgroup_cascades,
    save_explanation,
    save_subgroup_cascades,
)
from pathgnn.attribute.reference import Compared
from pathgnn.attribute.subgroup_cascades import ColumnCascades, groups_of, subgroup_cascades
from pathgnn.attribute.together import attribute_together
from pathgnn.export.formats import Order
from pathgnn.files import write_json
from pathgnn.model.defaults import Sized, sized
from pathgnn.model.encoder import Encoder
from pathgnn.ranks import ALONE, Ranks
from pathgnn.run_benefits import benefits_of, metrics
from pathgnn.run_folder import SUBGROUPS, Input, Keeper
from pathgnn.study import estimand_of
from pathgnn.train.checkpoints import Checkpoints
from pathgnn.train.crossfit import Progress, fit
from pathgnn.train.encoder_file import save_encoder
from pathgnn.train.estimate import Benefit, contrast_of
from pathgnn.train.fit import Recipe
from pathgnn.train.fitted import Fitted
from pathgnn.train.keep import START, load_fitted, save_fitted
from pathgnn.train.overview import Overview

SUBGROUP_FILE = "subgroup_cascades.json"
# Finished parts of a stage that is not finished.
PARTS, SHARDS = "fit-parts", "explain-shards"


class Options(NamedTuple):
    """How one run is done; `seen` is what `see` gave, where that was called before.

    `order` says what is exported; `start` is a pretrained encoder that the networks start from;
    `ranks` which of several processes this is, all with the same input and a folder in common.
    """

    accept_risk: bool = False
    order: Order = Order()
    until: str = "export"
    progress: Progress = lambda _: None
    seen: Overview | None = None
    start: Encoder | None = None
    ranks: Ranks = ALONE


def sized_for(given: Input, start: Encoder | None = None) -> Sized:
    """The settings in force: what the study sets, and for the cohort's size what it leaves open.

    An encoder brings the shape of its network.
    """
    if start is not None:
        start.check(given.graph, given.study.net)
    net = given.study.net if start is None else start.net_in_full
    return sized(net, given.study.fit, given.nodes.n_patients)


class Job(NamedTuple):
    """A run at work: its input, its folder, what is finished there, and how it is done."""

    given: Input
    out: Path
    keeper: Keeper
    options: Options

    def kept(self, folder: str, stage: str, writes: bool = True) -> Checkpoints:
        """Finished parts of a stage."""
        return Checkpoints(self.out / folder, self.keeper.key(stage), writes)


def fit_stage(job: Job) -> tuple[Fitted, tuple[Benefit, ...]]:
    """The fit with its benefits, taken up if it is there."""
    given, out, keeper = job.given, job.out, job.keeper
    kept = job.kept(PARTS, "fit")
    if keeper.is_done("fit"):
        kept.clear()
        job.options.progress("fit: taken from the run folder")
        fitted = load_fitted(out / "fit")
        return fitted, benefits_of(fitted, given)
    for sentence in sized_for(given, job.options.start).said:
        keeper.log(sentence)
    if n_kept := kept.n_kept():
        keeper.log(f"fit: {n_kept} finished parts taken up")
    if job.options.start is not None:
        save_encoder(job.options.start, out / PARTS / START)
        keeper.started_from_encoder()
    fitted = fit_parts(job)
    benefits = benefits_of(fitted, given)
    keeper.begin("fit")
    save_fitted(fitted, given.nodes, benefits, out / "fit")
    write_json(out / "metrics.json", metrics(benefits))
    keeper.finish("fit")
    kept.clear()
    return fitted, benefits


def fit_parts(job: Job) -> Fitted:
    """The fit, its parts kept in the run folder; all processes come back with the same."""
    given, options = job.given, job.options
    study, nodes, ranks = given.study, given.nodes, options.ranks
    chosen = sized_for(given, options.start)
    recipe = Recipe(given.graph, estimand_of(study, nodes), chosen.net, chosen.fit, options.start)
    # Who trains together reads the same parts, or one would wait for another's training for ever.
    kept = job.kept(PARTS, "fit", writes=ranks.leads or not chosen.fit.together)
    fitted = fit(nodes, recipe, study.seed, options.progress, kept, ranks)
    # All have read the parts: they may be cleared.
    ranks.wait()
    return fitted


def explain_stage(job: Job, fitted: Fitted) -> Explanation:
    """Attribution with its evidence and cascades, taken up if it is there."""
    given, out, keeper = job.given, job.out, job.keeper
    contrast_of(given.nodes, given.study.explain.contrast)
    if keeper.is_done("explain"):
        return load_explanation(out / "explanation")
    attribution = attribute_shards(job, fitted) if job.options.ranks.size > 1 else None
    explanation = explain(
        fitted, given.nodes, given.study.explain, given.healthy, attribution=attribution
    )
    keeper.begin("explain")
    save_explanation(explanation, out / "explanation")
    keeper.finish("explain")
    job.kept(SHARDS, "explain").clear()
    return explanation


def subgroup_stage(
    job: Job, fitted: Fitted, explanation: Explanation
) -> tuple[ColumnCascades, ...]:
    """Cascades by the columns that the study names, taken up if they are there."""
    given, path = job.given, job.out / SUBGROUP_FILE
    if not given.levels:
        return ()
    if job.keeper.is_done(SUBGROUPS):
        contrast = explanation.attribution.contrast
        groups = groups_of(given.levels, fitted, given.nodes, contrast)
        return load_subgroup_cascades(path, groups)
    found = subgroup_cascades(explanation, fitted, given.nodes, given.study.explain, given.levels)
    job.keeper.begin(SUBGROUPS)
    save_subgroup_cascades(found, path)
    job.keeper.finish(SUBGROUPS)
    return found


def attribute_shards(job: Job, fitted: Fitted) -> Attribution:
    """The attribution by all processes, each of a share of the patients."""
    nodes, config = job.given.nodes, job.given.study.explain
    contrast = contrast_of(nodes, config.contrast)
    who = Compared(fitted, nodes, config, contrast, job.given.healthy)
    return attribute_together(who, job.kept(SHARDS, "explain"), job.options.ranks)
