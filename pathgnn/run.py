"""The stages of a study in a run folder: each finished one is kept, a rerun takes it up again."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import cast

from threadpoolctl import threadpool_limits

from pathgnn.attribute.ends import asked_findings
from pathgnn.attribute.reference import HEALTHY
from pathgnn.benefit.column_levels import Levels
from pathgnn.benefit.sweep_findings import chosen_finding
from pathgnn.benefit.verdict import Finding
from pathgnn.cohort.read_everyone import read_everyone
from pathgnn.cohort.read_healthy import named_healthy, read_healthy
from pathgnn.cohort.read_outcome import clinical_texts
from pathgnn.cohort.read_tables import files_of, read_cohort
from pathgnn.cohort.small_cells import shown_count
from pathgnn.cohort.sources import HealthySource
from pathgnn.errors import ConfigError
from pathgnn.export.formats import chosen, write_formats
from pathgnn.export.results import Results
from pathgnn.export.to_check import to_check, write_tables
from pathgnn.files import sha256, sweep_parts
from pathgnn.graph.from_gmt import kept_of
from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.load import load_graph, load_identifiers
from pathgnn.graph.nodes import Nodes
from pathgnn.graph.project import coverage, features, project, project_healthy
from pathgnn.lock import locked
from pathgnn.model.encoder import Encoder
from pathgnn.paths import takes_paths
from pathgnn.run_benefits import subgroups_of, with_subgroups
from pathgnn.run_encoder import dropped_finding, kept_encoder
from pathgnn.run_folder import HEALTHY_FILE, Input, Keeper, stamp
from pathgnn.run_stages import (
    Job,
    attribute_shards,
    explain_stage,
    fit_parts,
    fit_stage,
    subgroup_stage,
)
from pathgnn.run_stages import Options as Options
from pathgnn.run_stages import sized_for as sized_for
from pathgnn.study import Study, estimand_of, read_study
from pathgnn.train.by_subgroup import levels_of
from pathgnn.train.check import refuse
from pathgnn.train.crossfit import Progress
from pathgnn.train.fitted import Fitted
from pathgnn.train.keep import load_fitted
from pathgnn.train.look import by_severity, look
from pathgnn.train.overview import Overview, overview
from pathgnn.train.settings_in_force import encoder_finding, training_findings

STAGES = ("check", "fit", "explain", "export")
# Genes times patients below which more threads are no help.
SMALL = 500_000


@takes_paths
def read_input(study: Study, folder: Path, data: Path | None = None) -> Input:
    """Read cohort and graph of a study.

    Args:
        study: The settings.
        folder: Where the study file lies; the graph's and maps' paths start from it.
        data: Folder of the tables; None: what the study says, from its own folder.
    """
    data = data_folder(study, folder, data)
    cohort, graph = read_cohort(study.cohort, data, folder), load_graph(study.graph, folder)
    if study.graph.pathways and not study.graph.edges:
        said = kept_of(graph, folder / study.graph.pathways)
        cohort = replace(cohort, notes=(*cohort.notes, said))
    known = load_identifiers(study.graph, folder, cohort, graph)
    nodes = project(cohort, graph, known)
    given = Input(
        study=study,
        cohort=cohort,
        graph=graph,
        nodes=nodes,
        hashes=_hashes(study, folder, data),
        known=known,
        levels=_levels(study, data, nodes.patients),
    )
    if study.explain.reference == HEALTHY:
        return _with_healthy(given, data)
    if study.explain.healthy != HealthySource():
        raise ConfigError(
            f"[explain.healthy] names healthy samples, but explain.reference is "
            f'"{study.explain.reference}"; set it to "healthy", or leave them out'
        )
    return given


def everyone_of(study: Study, folder: Path) -> tuple[Nodes, PathwayGraph]:
    """The omics of all patients of a study, outcome or not, on its graph."""
    data = data_folder(study, folder, None)
    healthy = frozenset(named_healthy(study.explain.healthy, data))
    cohort = read_everyone(study.cohort, data, folder, healthy)
    graph = load_graph(study.graph, folder)
    return project(cohort, graph, load_identifiers(study.graph, folder, cohort, graph)), graph


def fitted_of(out: Path) -> Fitted:
    """The finished fit of a run folder."""
    return load_fitted(out / "fit")


def lay_on(graph: PathwayGraph, study: Study, folder: Path, data: Path | None = None) -> Nodes:
    """The cohort of a study on another graph than the study names."""
    cohort = read_cohort(study.cohort, data_folder(study, folder, data), folder)
    return project(cohort, graph, load_identifiers(study.graph, folder, cohort, graph))


def run(given: Input, out: Path, options: Options | None = None) -> Results | None:
    """All stages up to `options.until`; the results once explained, else None.

    A finished stage whose settings, data and versions are the same is read back. Of several
    processes the first writes, and alone has results.

    Raises:
        RefusedError: a safeguard forbids a benefit.
        ConfigError: no such stage, or another process is at work in the folder.
        StorageError: the folder cannot be written; what was finished before is kept.
    """
    options = options or Options()
    if options.until not in STAGES:
        raise ConfigError(f"no stage {options.until!r}; the stages are {', '.join(STAGES)}")
    chosen(options.order)
    if not options.ranks.leads:
        _help(given, out, options)
        return None
    with locked(out), threadpool_limits(_threads(given.nodes)):
        return _stages(given, out, options)


def _threads(nodes: Nodes) -> int | None:
    """One for a small study, as many as there are for a larger one.

    Two threads train 500 genes of 300 patients no faster than one, and on a busy machine three
    times slower.
    """
    return 1 if len(nodes.genes) * nodes.n_patients < SMALL else None


def _help(given: Input, out: Path, options: Options) -> None:
    """A process's share of fit and explanation, where another one leads."""
    options = options._replace(start=options.start or kept_encoder(given, out))
    job = Job(given, out, Keeper(given, out, options.start), options)
    refuse((options.seen or see(given, options.start)).findings, options.accept_risk)
    last = STAGES.index(options.until)
    if last == 0:
        return
    fitted = load_fitted(out / "fit") if job.keeper.is_done("fit") else fit_parts(job)
    if last > 1 and not job.keeper.is_done("explain"):
        attribute_shards(job, fitted)


def _stages(given: Input, out: Path, options: Options) -> Results | None:
    """What `run` does while the folder is its own."""
    last = STAGES.index(options.until)
    options = options._replace(start=options.start or kept_encoder(given, out))
    keeper = Keeper(given, out, options.start)
    job = Job(given, out, keeper, options)
    sweep_parts(out)
    keeper.start()
    seen = options.seen or see(given, options.start)
    checks = (*seen.findings, *dropped_finding(out, options.start))
    _write_checks(seen, given, out)
    refuse(checks, options.accept_risk)
    if last == 0:
        return None
    fitted, benefits = fit_stage(job)
    if last == 1:
        return None
    apart = subgroups_of(fitted, given, benefits)
    benefits = with_subgroups(benefits, apart)
    explanation = explain_stage(job, fitted)
    keeper.write_settings()
    results = Results(
        name=given.study.name,
        nodes=given.nodes,
        fitted=fitted,
        benefits=benefits,
        explained=explanation.attribution.contrast,
        explanation=explanation,
        checks=checks,
        stamp=stamp(given),
        notes=given.cohort.notes,
        accepted_risk=options.accept_risk and any(f.severity == "refused" for f in checks),
        truth=given.truth,
        subgroups=apart,
        subgroup_cascades=subgroup_stage(job, fitted, explanation),
    )
    if last >= STAGES.index("export"):
        write_formats(results, out, options.order)
        keeper.finish("export")
    return results


@takes_paths
def run_study(
    path: Path | str,
    out: Path | None = None,
    accept_risk: bool = False,
    progress: Progress = lambda _: None,
) -> Results:
    """Check, fit and explain the study of a file; `export` and the figures take what comes back.

    Args:
        path: The study file.
        out: Run folder, whose finished stages are read back; None: as the study says.
        accept_risk: Go on where a safeguard refuses; the report is stamped.
        progress: Called with a word before each step.

    Raises:
        RefusedError: a safeguard forbids a benefit.
    """
    given = read_input(read_study(path), Path(path).parent)
    options = Options(accept_risk, until="explain", progress=progress)
    return cast(Results, run(given, out or Path(given.study.out), options))


def check_study(given: Input) -> tuple[Finding, ...]:
    """What can be said of a study before anything is trained, the worst first."""
    return see(given).findings


def see(given: Input, start: Encoder | None = None) -> Overview:
    """The findings with everything that the page of `pathgnn check` shows."""
    study, cohort, nodes, graph = given.study, given.cohort, given.nodes, given.graph
    chosen = sized_for(given, start)
    looked = look(cohort, nodes, graph, chosen.fit.folds, study.seed, study.graph.least_coverage)
    estimand_of(study, nodes)
    training = training_findings(nodes, graph, chosen) + asked_findings(nodes, graph, study.explain)
    training += () if start is None else (encoder_finding(start),)
    training += (chosen_finding(study.sweep.chosen),) if study.sweep.chosen else ()
    looked = looked._replace(findings=by_severity(looked.findings + training))
    return overview(study.name, cohort, nodes, graph, looked)


def _write_checks(seen: Overview, given: Input, out: Path) -> None:
    """The page with its tables, what became of every feature, and what of each pathway is there."""
    reach = coverage(given.nodes, given.graph)
    write_tables(seen, {"features": features(given.nodes), "coverage": reach}, out)
    to_check(seen, out / "check.html")


def data_folder(study: Study, folder: Path, data: Path | None) -> Path:
    """Folder of the tables: the one that is given, else as the study says from its own folder.

    Raises:
        ConfigError: there is none.
    """
    data = data or folder / study.data
    if not data.is_dir():
        raise ConfigError(f"no data folder at {data}; set `data` in the study file, or pass --data")
    return data


def _levels(study: Study, data: Path, patients: tuple[str, ...]) -> tuple[Levels, ...]:
    """Levels of the columns by which cascades are drawn."""
    columns = tuple(dict.fromkeys(study.explain.cascades_by))
    if not columns:
        return ()
    texts = clinical_texts(study.cohort, data, patients, columns)
    beside = study.cohort.beside
    return levels_of({c: texts[c].tolist() for c in columns}, (beside.sex, beside.site))


def _with_healthy(given: Input, data: Path) -> Input:
    """The same with the healthy samples of the study, and a note on them."""
    config = given.study.explain
    samples = read_healthy(given.study.cohort, config.healthy, data, given.cohort)
    healthy = project_healthy(samples, given.graph, given.known, given.nodes)
    file = config.healthy.file
    named = {HEALTHY_FILE + file: sha256(data / file)} if file else {}
    n = shown_count(healthy.n_patients)
    note = f"{n} healthy samples are the reference of the attribution"
    cohort = replace(given.cohort, notes=(*given.cohort.notes, note))
    return given._replace(cohort=cohort, hashes={**given.hashes, **named}, healthy=healthy)


def _hashes(study: Study, folder: Path, data: Path) -> dict[str, str]:
    beside = {o.feature_map for o in study.cohort.omics.values()} | {
        study.graph.file,
        study.graph.edges,
        study.graph.pathways,
        study.graph.hgnc,
        study.graph.mygene,
    }
    named = {f"data:{os.path.relpath(p, data)}": p for p in files_of(study.cohort, data)}
    named |= {f"study:{f}": folder / f for f in beside - {""}}
    return {name: sha256(path) for name, path in sorted(named.items())}
