"""The commands of `pathgnn sweep`: run, status, best, verify."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from pathgnn.cli_say import errors, print_table, say

if TYPE_CHECKING:
    from pathgnn.benefit.verdict import Finding
    from pathgnn.run_folder import Input
    from pathgnn.study import Study

StudyFile = Annotated[Path, typer.Argument(help="the study file")]
Data = Annotated[Path | None, typer.Option(help="folder of the tables; else as the study says")]
Out = Annotated[Path | None, typer.Option(help="run folder; else as the study says")]
Name = Annotated[str, typer.Option(help="name of the sweep in its storage; else the study's")]
Storage = Annotated[
    str | None, typer.Option(help="postgresql://..., FILE.journal or FILE.db; else the study's")
]
LeastRisk = Annotated[
    bool, typer.Option("--least-risk", help="the trial of least risk, clearly better or not")
]
Risk = Annotated[bool, typer.Option("--accept-risk", help="go on where a safeguard refuses")]
BEST_SHOWN = 8
HONEST = (
    "The least of many risks is too good by chance: it ranks settings, and is no estimate of how "
    "well its settings do."
)
SEEN = (
    "A run of it on the same patients trains each fold without its patients, but their outcomes "
    "helped to choose the settings, so its test is not valid."
)


class StudyFirst(TyperGroup):
    """`pathgnn sweep study.toml` is `pathgnn sweep run study.toml`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The words after `pathgnn sweep`, with `run` before them where it was left out."""
        if args and args[0] not in self.commands and args[0] != "--help":
            args = ["run", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=StudyFirst,
    help="Tune settings on inner folds: `pathgnn sweep STUDY`, then status, best, verify.",
)


@app.command()
def run(
    study: StudyFile,
    data: Data = None,
    out: Out = None,
    trials: Annotated[int | None, typer.Option(help="else as the study says", min=1)] = None,
    processes: Annotated[
        int, typer.Option(help="how many work at once, one thread each", min=1)
    ] = 1,
    storage: Storage = None,
    name: Name = "",
    risk: Risk = False,
) -> None:
    """Try settings by doubly robust risk; started again, a sweep goes on where it stopped."""
    with errors():
        from tqdm.auto import tqdm

        from pathgnn.run import check_study
        from pathgnn.sweep import Sweeping, run_sweep
        from pathgnn.train.check import refuse

        asked = _study(study, storage, trials)
        given = _read(asked, study.parent, data)
        refuse(check_study(given), risk)
        target = out or Path(asked.out)
        with tqdm(total=asked.sweep.trials, file=sys.stderr) as bar:

            def show(n_ended: int) -> None:
                bar.update(n_ended - bar.n)

            run_sweep(given, study.parent, target, Sweeping(processes, name, show))
        _say_status(asked, target, name)
        say(HONEST)


@app.command()
def status(study: StudyFile, out: Out = None, storage: Storage = None, name: Name = "") -> None:
    """Say what a sweep has found so far; write its tables and pictures."""
    with errors():
        asked = _study(study, storage)
        _say_status(asked, out or Path(asked.out), name)


@app.command()
def best(
    study: StudyFile,
    out: Out = None,
    to: Annotated[
        Path | None, typer.Option(help="file to write, beside the study; else STUDY-best.toml")
    ] = None,
    trial: Annotated[int | None, typer.Option(help="this trial, whatever wins")] = None,
    least_risk: LeastRisk = False,
    storage: Storage = None,
    name: Name = "",
) -> None:
    """Write the study with the winning settings: its own, unless a trial is clearly better."""
    with errors():
        from pathgnn.sweep_results import kept_sweep, picked, write_winner
        from pathgnn.train.trial_store import shown

        asked = _study(study, storage)
        target = to or study.with_name(f"{study.stem}-best.toml")
        with closing(kept_sweep(asked, out or Path(asked.out), name)) as store:
            chosen, guard = picked(store, asked, trial, least_risk)
        write_winner(asked, study, target, chosen, guard)
        _say_finding(guard.finding)
        if chosen.place == 0:
            say(f"Wrote {target}: your own settings")
            return
        own = "" if chosen == guard.chosen else ", as asked"
        say(f"Wrote {target}: trial {chosen.number}{own}, risk {chosen.excess:+.4g} against yours")
        for setting, value in chosen.settings.items():
            say(f"  {setting} = {value}")
        if trial is not None and chosen != guard.chosen:
            say(f"{HONEST} {SEEN} `sweep verify` judges the winner, not a trial that was picked.")
            return
        words = {"--out": out, "--storage": storage and shown(storage), "--name": name or None}
        given = "".join(f" {option} {word}" for option, word in words.items() if word)
        judge = f"pathgnn sweep verify {study}{given}" + " --least-risk" * least_risk
        say(f"{HONEST} {SEEN} Reserved patients can judge it: {judge}")


@app.command()
def verify(
    study: StudyFile,
    data: Data = None,
    out: Out = None,
    least_risk: LeastRisk = False,
    storage: Storage = None,
    name: Name = "",
) -> None:
    """Judge the winner on the reserved patients, which the sweep never saw. Ask once."""
    with errors():
        from pathgnn.export.dictionary import write_described
        from pathgnn.export.to_sweep import UNIT
        from pathgnn.sweep import verify_sweep
        from pathgnn.sweep_results import verification_table, verified_findings

        asked = _study(study, storage)
        given = _read(asked, study.parent, data)
        target = out or Path(asked.out)
        found = verify_sweep(given, study.parent, target, name, least_risk)
        for finding in verified_findings(found):
            _say_finding(finding)
        tables = {"verification": verification_table(found)}
        write_described(tables, UNIT, target / "sweep", "sweep")
        say(f"Table: {target / 'sweep' / 'verification.csv'}")


def _say_finding(finding: Finding) -> None:
    say(f"[{finding.severity}] {finding.sentence}")


def _study(path: Path, storage: str | None, trials: int | None = None) -> Study:
    """The study, with what the command line says of its sweep."""
    from pathgnn.study import read_study

    study = read_study(path)
    given = {"storage": storage, "trials": trials}
    update = {key: value for key, value in given.items() if value is not None}
    return study.model_copy(update={"sweep": study.sweep.model_copy(update=update)})


def _read(study: Study, folder: Path, data: Path | None) -> Input:
    from pathgnn.run import read_input

    return read_input(study, folder, data)


def _say_status(study: Study, out: Path, name: str) -> None:
    from pathgnn.export.to_sweep import trials_table, write_sweep
    from pathgnn.sweep_results import kept_sweep, results_of

    with closing(kept_sweep(study, out, name)) as store:
        found = results_of(store, study)
    states = Counter(t.state for t in found.trials)
    said = ", ".join(f"{n} {state}" for state, n in states.items())
    say(f"{len(found.trials)} trials: {said}")
    table = trials_table(found)
    done = table[table["state"] == "complete"].sort_values("risk", kind="stable")
    shown = ["trial", *found.objectives, "excess", "p", "seconds"]
    if len(done):
        title = "least risk first; excess over the study's own; p of the best if none is better"
        print_table(done[shown].head(BEST_SHOWN), title)
    for setting, share in list(found.importance.items())[:BEST_SHOWN]:
        say(f"  {setting}: {share:.0%} of what trials differ by")
    for number, error in table.loc[table["error"] != "", ["trial", "error"]].itertuples(False):
        say(f"  trial {number} failed: {error}")
    if found.guard:
        _say_finding(found.guard.finding)
    write_sweep(found, out / "sweep")
    say(f"Tables and pictures: {out / 'sweep'}")
