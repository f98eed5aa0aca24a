"""A sweep of a study: its graphs laid out, workers started and watched, the winner's study."""

from __future__ import annotations

import io
import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool
from optuna.trial import TrialState

from pathgnn.attribute.agreement import gene_agreement
from pathgnn.draws import begin_worker
from pathgnn.errors import ConfigError
from pathgnn.graph.load import load_graph, load_identifiers
from pathgnn.graph.project import project
from pathgnn.paths import takes_paths
from pathgnn.run import sized_for
from pathgnn.run_folder import Input
from pathgnn.study import estimand_of
from pathgnn.sweep_results import (
    MARK,
    kept_sweep,
    mark_of,
    place_of,
    refuse_changed,
    source_of,
)
from pathgnn.train.estimate import contrast_of
from pathgnn.train.fit import Recipe
from pathgnn.train.guard import guard_of
from pathgnn.train.risk import reserve
from pathgnn.train.search_space import GRAPH, OWN, PATHWAYS, Values
from pathgnn.train.trial_store import Store, storage_errors
from pathgnn.train.trials import fill, is_done, work
from pathgnn.train.tried import tried
from pathgnn.train.tune import (
    Job,
    Layout,
    Layouts,
    Tuned,
    chosen_of,
    job_of,
    objective_of,
    search_of,
    store_of,
    tuned_of,
)
from pathgnn.train.verify import Verification, verify

LOOK_SECONDS = 1.0


class Sweeping(NamedTuple):
    """How a sweep is done: how many processes, one thread each, and who is told how many ended.

    `name` is that of the study in the storage; empty: the study's own.
    """

    processes: int = 1
    name: str = ""
    progress: Callable[[int], None] = lambda _: None


class Laid(NamedTuple):
    """A study's patients on every graph of its sweep, and who of them is reserved."""

    layouts: Layouts
    recipe: Recipe
    reserved: Bool[np.ndarray, " patient"]


@takes_paths
def run_sweep(given: Input, folder: Path, out: Path, plan: Sweeping | None = None) -> Tuned:
    """The settings that a study's sweep ends with; an interrupted one goes on with what is lacking.

    They are the study's own unless a trial is clearly better. The choice is made by outcomes of all
    patients but the reserved ones. A run of the winner on the same patients is honest about the
    network's weights and not about that choice: its test is too good by what the sweep gained.
    `verify_sweep` asks the reserved patients, once.

    Args:
        given: The study with its cohort.
        folder: Where the study file lies; graphs and collections start from there.
        out: The run folder, where the storage lies unless the study names another.
        plan: Processes and progress.

    Raises:
        ConfigError: settings that cannot be tuned, a storage of another sweep, or workers that end
            before they finish a trial.
    """
    plan = plan or Sweeping()
    if plan.processes < 1:
        raise ConfigError(f"{plan.processes} processes cannot work; give 1 or more")
    laid = lay_out(given, folder)
    job = _job(given, laid)
    # Before a storage is made for a sweep that cannot be.
    planned = search_of(job).planned
    where, name = place_of(given.study, out), plan.name or given.study.name
    store = store_of(job, where, name)
    with closing(store), storage_errors(where):
        if MARK not in store.study.user_attrs:
            store.study.set_user_attr(MARK, mark_of(given.study))
        refuse_changed(store, given.study, name)
        _work_until_done(_pack(job), planned, (where, name), store, plan)
        return tuned_of(store, job, laid.reserved)


def verify_sweep(
    given: Input, folder: Path, out: Path, name: str = "", least_risk: bool = False
) -> Verification:
    """The winner and the study's own settings on the reserved patients.

    Args:
        given: The study with its cohort.
        folder: Where the study file lies.
        out: The run folder.
        name: Name of the study in the storage; empty: the study's own.
        least_risk: Judge the trial of least risk, whatever the guard says of it.

    Raises:
        ConfigError: no sweep there, an unfinished one, or nobody reserved.
    """
    # A look at what is there first: `store_of` would begin a sweep where there is none.
    kept_sweep(given.study, out, name).close()
    laid = lay_out(given, folder)
    name = name or given.study.name
    job = _job(given, laid)
    with closing(store_of(job, place_of(given.study, out), name)) as store:
        if not is_done(store.trials(), search_of(job).planned):
            raise ConfigError(
                f"the sweep {name!r} is not finished, and reserved patients can be asked once: "
                "`pathgnn sweep STUDY` goes on with it"
            )
        guard = guard_of(tried(store), given.study.sweep.level, given.study.seed)
    best = guard.least if least_risk else guard.chosen
    recipe, nodes = chosen_of(laid.layouts, laid.recipe, best.settings)
    own = (laid.recipe, laid.layouts[OWN, OWN].nodes)
    return verify((recipe, nodes), own, laid.reserved, given.study.seed)


def lay_out(given: Input, folder: Path) -> Laid:
    """The cohort on each graph with each collection that the sweep names."""
    study, config = given.study, given.study.sweep
    chosen = sized_for(given)
    recipe = Recipe(given.graph, estimand_of(study, given.nodes), chosen.net, chosen.fit)
    layouts = {(OWN, OWN): Layout(given.graph, given.nodes)}
    for graph_name in (OWN, *config.graphs):
        for collection in (OWN, *config.collections):
            if (graph_name, collection) not in layouts:
                source = source_of(study, {GRAPH: graph_name, PATHWAYS: collection})
                graph = load_graph(source, folder)
                known = load_identifiers(source, folder, given.cohort, graph)
                nodes = project(given.cohort, graph, known or given.known)
                layouts[graph_name, collection] = Layout(graph, nodes)
    reserved = reserve(given.nodes, config.reserved, study.seed)
    return Laid(layouts, recipe, reserved)


def _job(given: Input, laid: Laid) -> Job:
    study = given.study
    contrast = contrast_of(given.nodes, study.explain.contrast)
    measures = {"stability": partial(gene_agreement, contrast=contrast)}
    return job_of(laid.layouts, laid.recipe, study.sweep, study.seed, laid.reserved, measures)


def _pack(job: Job) -> bytes:
    """A job as bytes without the patients' ids, for which a worker has no use."""
    numbers = tuple(map(str, range(job.nodes.n_patients)))
    layouts = {
        key: Layout(one.graph, replace(one.nodes, patients=numbers, report=(), found=()))
        for key, one in job.layouts.items()
    }
    # An address with its password has no place in it, either: workers are told it apart.
    config = job.config.model_copy(update={"storage": ""})
    buffer = io.BytesIO()
    torch.save(job._replace(layouts=layouts, config=config), buffer)
    return buffer.getvalue()


def _work_until_done(
    packed: bytes,
    planned: Sequence[Values],
    where: tuple[str, str],
    store: Store,
    plan: Sweeping,
) -> None:
    """Start workers, and again as long as one of them was killed and a place is not done."""
    # Before there are workers, who would all do it at once.
    fill(store, planned, store.trials())
    before = -1
    while not is_done(store.trials(), planned):
        started = len(store.trials()) - len(store.trials(TrialState.WAITING))
        if started == before:
            raise ConfigError(
                "the worker processes end before they take a trial; is there memory for "
                f"{plan.processes} at once? Lower `processes`. A script that starts them must do "
                'so under `if __name__ == "__main__":`'
            )
        before = started
        _one_round(packed, where, store, plan)
    plan.progress(_n_ended(store))


def _one_round(packed: bytes, where: tuple[str, str], store: Store, plan: Sweeping) -> None:
    """Workers until all have ended, by themselves or killed."""
    # spawn: a forked process inherits the locks of the threads of torch and BLAS, and may hang.
    context = multiprocessing.get_context("spawn")
    with ExitStack() as stack:
        running: set[Future[None]] = set()
        for _ in range(plan.processes):
            # A pool of its own for each: one that dies would take the others along.
            pool = stack.enter_context(ProcessPoolExecutor(1, context, begin_worker))
            running.add(pool.submit(_worker, packed, where))
        while running:
            ended, running = wait(running, timeout=LOOK_SECONDS)
            plan.progress(_n_ended(store))
            for future in ended:
                # What a killed one left, another does, or one of the next round.
                with suppress(BrokenProcessPool):
                    future.result()


def _n_ended(store: Store) -> int:
    return sum(t.state in ("complete", "given up", "failed") for t in tried(store))


def _worker(packed: bytes, where: tuple[str, str]) -> None:
    """Work at a sweep in a process of its own."""
    from threadpoolctl import threadpool_limits

    # Not read from a file that somebody else could have written.
    job: Job = torch.load(io.BytesIO(packed), weights_only=False)
    with (
        threadpool_limits(1),
        storage_errors(where[0]),
        closing(store_of(job, *where)) as store,
    ):
        work(store, search_of(job), objective_of(job))
