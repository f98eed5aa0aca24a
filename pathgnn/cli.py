"""The command line: from demo and init to run, controls, predict, graph, simulate and score."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from pathgnn.bar import progress_bar
from pathgnn.cli_evaluate import evaluate
from pathgnn.cli_evidence import permute, repeat
from pathgnn.cli_examine import examine, nulls
from pathgnn.cli_graph import app as graph_app
from pathgnn.cli_launch import ClusterFile, Where, launch
from pathgnn.cli_modalities import modalities
from pathgnn.cli_patient import places, show_patients
from pathgnn.cli_predict import predict
from pathgnn.cli_pretrain import pretrain
from pathgnn.cli_say import errors, print_table, say, without_values
from pathgnn.cli_show import show_results, show_truth
from pathgnn.cli_simulate import score, simulate
from pathgnn.cli_sweep import app as sweep_app

if TYPE_CHECKING:
    from pathgnn.export.results import Results
    from pathgnn.run import Options
    from pathgnn.run_folder import Input

app = typer.Typer(
    help="Who benefits from a treatment, by how much, and through which signaling cascade.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(graph_app, name="graph", no_args_is_help=True)
app.add_typer(sweep_app, name="sweep", no_args_is_help=True)
app.command()(simulate)
app.command()(score)
app.command()(pretrain)
app.command()(predict)
app.command()(evaluate)
app.command()(permute)
app.command()(modalities)
app.command()(repeat)
app.command()(examine)
app.command()(nulls)

StudyFile = Annotated[Path, typer.Argument(help="the study file")]
Data = Annotated[Path | None, typer.Option(help="folder of the tables; else as the study says")]
Out = Annotated[Path | None, typer.Option(help="run folder; else as the study says")]
Risk = Annotated[bool, typer.Option("--accept-risk", help="go on where a safeguard refuses")]
Start = Annotated[Path | None, typer.Option("--from", help="encoder of `pathgnn pretrain`")]
Ids = Annotated[bool, typer.Option("--with-ids", help="write patient ids into the tables")]
To = Annotated[list[str] | None, typer.Option("--to", help="format; may be given several times")]
Patients = Annotated[
    list[str] | None,
    typer.Option("--patient", help="also draw this patient's cascades; may be given several times"),
]
Gmt = Annotated[Path | None, typer.Option(help="gene sets for --to gsea; else the pathways")]


def main() -> None:
    """What the command `pathgnn` runs."""
    with without_values():
        app()


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="run folder")] = Path("pathgnn-demo"),
    patients: Annotated[int, typer.Option(help="how many are simulated", min=60)] = 600,
    seed: Annotated[int, typer.Option(help="decides everything random", min=0)] = 1,
) -> None:
    """Run the whole job on a simulated trial whose truth is known."""
    with errors():
        from pathgnn.demo import demo_input

        say("Simulating a trial on the curated signaling graph ...")
        given = demo_input(patients, seed)
        results = _go(given, out)
        if results is not None:
            show_truth(results)
            show_results(results, out)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="folder with the cohort's tables")],
    out: Annotated[Path | None, typer.Option(help="study file; else FOLDER/study.toml")] = None,
) -> None:
    """Look at a folder of tables and write a commented study.toml for it."""
    with errors():
        from pathgnn.init import write_study

        path = write_study(folder, out or folder / "study.toml")
        say(f"Wrote {path}. Read every line, then: pathgnn check {path}")


@app.command()
def check(study: StudyFile, data: Data = None, out: Out = None) -> None:
    """Say what the cohort, the graph and the treatment are good for, before any training."""
    with errors():
        from pathgnn.cli_check import show
        from pathgnn.run import Options, see

        given = _read(study, data)
        target, seen = _out(given, out), see(given)
        show(seen, target / "check.html")
        _go(given, target, Options(until="check", seen=seen))


@app.command()
def run(
    study: StudyFile,
    data: Data = None,
    out: Out = None,
    start: Start = None,
    risk: Risk = False,
    ids: Ids = False,
    launcher: Where = None,
    cluster: ClusterFile = None,
) -> None:
    """Run all stages: check, fit, explain, export; finished ones are taken up again."""
    if launcher is None:
        _stage(study, data, out, Asked("export", risk, ids, start))
        return
    files = {"--data": data, "--from": start}
    words = [w for name, path in files.items() if path for w in (name, str(path.resolve()))]
    words += ["--accept-risk"] * risk + ["--with-ids"] * ids
    launch(study, out, words, (launcher.value, cluster))


@app.command()
def fit(
    study: StudyFile,
    data: Data = None,
    out: Out = None,
    start: Start = None,
    risk: Risk = False,
) -> None:
    """Train cross-fitted networks and the ladder; the model is kept in the run folder."""
    _stage(study, data, out, Asked("fit", risk, start=start))


@app.command()
def explain(
    study: StudyFile,
    data: Data = None,
    out: Out = None,
    start: Start = None,
    risk: Risk = False,
    patient: Patients = None,
    ids: Annotated[bool, typer.Option("--with-ids", help="--patient names your own ids")] = False,
) -> None:
    """Attribute the benefit to genes, edges, pathways and cascades.

    Patients are named as in the report, such as P00012.
    """
    asked = Asked("explain", risk, ids, start, patients=tuple(patient or ()))
    _stage(study, data, out, asked)


@app.command()
def export(
    study: StudyFile,
    data: Data = None,
    out: Out = None,
    start: Start = None,
    risk: Risk = False,
    ids: Ids = False,
    to: To = None,
    gmt: Gmt = None,
) -> None:
    """Write tables, ranks, graphs, figures and the report, or the formats that --to names.

    Formats: tables, parquet, figures, rnk, gmt, graphml, cx2, sif, cyjs, h5ad, gsea, report.
    """
    _stage(study, data, out, Asked("export", risk, ids, start, tuple(to or ()), gmt))


@app.command()
def controls(
    study: StudyFile,
    data: Data = None,
    out: Out = None,
    draws: Annotated[int, typer.Option(help="trainings per kind of graph", min=2)] = 5,
    start: Start = None,
    risk: Risk = False,
) -> None:
    """Retrain on rewired, shuffled and empty graphs: do edges and pathways help, what survives?"""
    with errors():
        from pathgnn.controls import Plan, run_controls, tables
        from pathgnn.lock import locked
        from pathgnn.run import Options, fitted_of
        from pathgnn.train.controls import CONTROLS
        from pathgnn.train.encoder_file import load_encoder

        given = _read(study, data)
        target = _out(given, out)
        encoder = None if start is None else load_encoder(start)
        _go(given, target, Options(risk, until="fit", start=encoder))
        with progress_bar(draws * len(CONTROLS)) as step, locked(target):
            plan = Plan(draws, explain=given.study.explain, progress=step, healthy=given.healthy)
            outcome = run_controls(fitted_of(target), given.nodes, plan, target / "controls")
        for finding in outcome.findings:
            say(f"[{finding.severity}] {finding.sentence}")
        for name, table in tables(outcome).items():
            if name != "findings" and len(table):
                print_table(table, name)
        say(f"Tables: {target / 'controls'}")


class Asked(NamedTuple):
    """What the user asks of a run, as typed."""

    until: str
    risk: bool
    ids: bool = False
    start: Path | None = None
    to: tuple[str, ...] = ()
    gmt: Path | None = None
    patients: tuple[str, ...] = ()


def _stage(study: Path, data: Path | None, out: Path | None, asked: Asked) -> None:
    with errors():
        from pathgnn.export.formats import Order, chosen
        from pathgnn.run import Options
        from pathgnn.train.encoder_file import load_encoder

        order = Order(asked.ids, asked.to, asked.gmt)
        # Before the tables are read, which takes its time.
        names = chosen(order)
        given = _read(study, data)
        target, patients = _out(given, out), places(given, asked.patients, asked.ids)
        encoder = None if asked.start is None else load_encoder(asked.start)
        results = _go(given, target, Options(asked.risk, order, asked.until, start=encoder))
        if results is None:
            say(f"Finished {asked.until}; see {target}")
        elif asked.to:
            say(f"Wrote {', '.join(names)}; see {target}")
        else:
            show_results(results, target)
        if results is not None and patients:
            show_patients(results, given, patients, asked.ids, target)


def _read(study: Path, data: Path | None) -> Input:
    from pathgnn.run import read_input
    from pathgnn.study import read_study

    return read_input(read_study(study), study.parent, data)


def _out(given: Input, out: Path | None) -> Path:
    return out or Path(given.study.out)


def _go(given: Input, out: Path, options: Options | None = None) -> Results | None:
    from pathgnn.ranks import joined
    from pathgnn.run import Options, sized_for
    from pathgnn.run import run as run_stages
    from pathgnn.train.crossfit import n_steps

    options = options or Options()
    fit = sized_for(given).fit
    n = n_steps(fit.folds, fit.half_samples)
    with joined() as ranks:
        silent = options.until == "check" or not ranks.leads
        with progress_bar(n, silent) as step:
            options = options._replace(progress=step, ranks=ranks)
            results = run_stages(given, out, options)
    if not ranks.leads:
        # The first process speaks.
        raise typer.Exit
    return results
