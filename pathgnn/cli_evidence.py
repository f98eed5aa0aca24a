"""The commands `pathgnn permute` and `pathgnn repeat`: the costly tests of a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pathgnn.bar import progress_bar
from pathgnn.cli_say import errors, print_table, say

if TYPE_CHECKING:
    import pandas as pd

    from pathgnn.run_folder import Input

# What the screen has room for; the files hold all.
SHOWN = ("comparison", "repeat", "statistic", "average", "autoc", "slope", "z", "p", "agreement")

StudyFile = Annotated[Path, typer.Argument(help="the study file")]
Data = Annotated[Path | None, typer.Option(help="folder of the tables; else as the study says")]
Out = Annotated[Path | None, typer.Option(help="run folder; else as the study says")]
Risk = Annotated[bool, typer.Option("--accept-risk", help="go on where a safeguard refuses")]
Processes = Annotated[int, typer.Option(help="how many work at once, one thread each", min=1)]


def permute(
    study: StudyFile,
    data: Data = None,
    out: Out = None,
    draws: Annotated[int, typer.Option(help="permutations; 99 can show p = .02", min=1)] = 99,
    processes: Processes = 1,
    no_effect: Annotated[
        bool, typer.Option("--no-effect", help="permuted cohorts lose the average effect, too")
    ] = False,
    risk: Risk = False,
) -> None:
    """Permute the arms inside strata and train all anew: is the ranking better than chance?"""
    with errors():
        from pathgnn.draws import Pool
        from pathgnn.evidence import Permuting, permutation_tables, run_permutations
        from pathgnn.export.dictionary import write_described
        from pathgnn.lock import locked
        from pathgnn.run import fitted_of
        from pathgnn.train.permutation import check_exchangeable

        given = _read(study, data)
        check_exchangeable(given.nodes)
        target = out or Path(given.study.out)
        # Draws of one null are none of the other.
        folder = target / ("permutation-no-effect" if no_effect else "permutation")
        _fit(given, target, risk)
        with progress_bar(draws) as step, locked(target):
            plan = Permuting(draws, not no_effect, Pool(processes, step))
            fitted = fitted_of(target)
            tables = permutation_tables(run_permutations(fitted, given.nodes, plan, folder))
            write_described(tables, fitted.recipe.estimand.unit, folder, "permutation")
        _tell(tables, ("test",), folder)


def repeat(
    study: StudyFile,
    data: Data = None,
    out: Out = None,
    repeats: Annotated[int, typer.Option(help="cross-fittings, the run's included", min=2)] = 5,
    processes: Processes = 1,
    risk: Risk = False,
) -> None:
    """Cross-fit again with other folds and first weights: how far does the answer move?"""
    with errors():
        from pathgnn.draws import Pool
        from pathgnn.evidence import repeat_tables, run_repeats
        from pathgnn.export.dictionary import write_described
        from pathgnn.lock import locked
        from pathgnn.run import fitted_of

        given = _read(study, data)
        target = out or Path(given.study.out)
        _fit(given, target, risk)
        with progress_bar(repeats - 1) as step, locked(target):
            pool = Pool(processes, step)
            fitted, folder = fitted_of(target), target / "repeats"
            tables = repeat_tables(run_repeats(fitted, given.nodes, repeats, folder, pool))
            write_described(tables, fitted.recipe.estimand.unit, folder, "repeats")
        _tell(tables, ("together", "repeats"), folder)


def _read(study: Path, data: Path | None) -> Input:
    from pathgnn.run import read_input
    from pathgnn.study import read_study

    return read_input(read_study(study), study.parent, data)


def _fit(given: Input, target: Path, risk: bool) -> None:
    """The run itself; a finished one is taken up."""
    from pathgnn.run import Options, run, sized_for
    from pathgnn.train.crossfit import n_steps

    with progress_bar(n_steps(sized_for(given).fit.folds)) as step:
        run(given, target, Options(risk, until="fit", progress=step))


def _tell(tables: dict[str, pd.DataFrame], shown: tuple[str, ...], folder: Path) -> None:
    findings = tables["findings"]
    for severity, sentence in zip(findings["severity"], findings["sentence"], strict=True):
        say(f"[{severity}] {sentence}")
    for name in shown:
        table = tables[name]
        print_table(table[[c for c in SHOWN if c in table.columns]], name)
    say(f"Tables: {folder}")
