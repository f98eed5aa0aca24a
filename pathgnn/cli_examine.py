"""The commands `pathgnn examine` and `pathgnn nulls`: is an explanation worth believing?"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pathgnn.bar import progress_bar
from pathgnn.cli_say import errors, print_table, say

if TYPE_CHECKING:
    from pathgnn.export.results import Results
    from pathgnn.run_folder import Input

StudyFile = Annotated[Path, typer.Argument(help="the study file")]
Data = Annotated[Path | None, typer.Option(help="folder of the tables; else as the study says")]
Out = Annotated[Path | None, typer.Option(help="run folder; else as the study says")]
Risk = Annotated[bool, typer.Option("--accept-risk", help="go on where a safeguard refuses")]
SHOWN_ROWS = 12
# The rest is in the table that is written; a screen has no room for it.
SHOWN_NULL = ("Term", "importance", "of_permuted", "p", "q")


class Kind(StrEnum):
    """What a null permutes."""

    TREATMENT = "treatment"
    OUTCOME = "outcome"


def examine(
    study: StudyFile,
    data: Data = None,
    out: Out = None,
    draws: Annotated[int, typer.Option(help="walks and permutations behind each p", min=19)] = 39,
    shapley: Annotated[
        int, typer.Option(help="orders behind Shapley values of pathways; 0: none", min=0)
    ] = 0,
    risk: Risk = False,
) -> None:
    """Test an explanation without training: faithful, sane, stable, cascades beyond chance?"""
    with errors():
        from pathgnn.attribute.examine import examination_tables, pathway_table
        from pathgnn.attribute.examine import examine as examine_explanation
        from pathgnn.attribute.outcome_null import outcome_null_tables
        from pathgnn.attribute.reference import Compared
        from pathgnn.export.dictionary import write_dictionary
        from pathgnn.files import write_csv
        from pathgnn.lock import locked

        given, target, results = _explained(study, data, out, risk)
        contrast = results.explanation.attribution.contrast
        config = given.study.explain
        who = Compared(results.fitted, given.nodes, config, contrast, given.healthy)
        found = examine_explanation(who, results.explanation, draws, shapley)
        for finding in found.findings:
            say(f"[{finding.severity}] {finding.sentence}")
        pathways = pathway_table(found, results.explanation.attribution)
        print_table(pathways.head(SHOWN_ROWS), "pathways, mean absolute part of the benefit")
        null = outcome_null_tables(found.outcome_null)
        shown = null["outcome_null_pathways"][list(SHOWN_NULL)].head(SHOWN_ROWS)
        print_table(shown, "pathways' importance to the benefit, and with permuted outcomes")
        with locked(target):
            written = {**examination_tables(found), "pathway_accounts": pathways}
            for name, table in written.items():
                write_csv(target / "examination" / f"{name}.csv", table)
            write_dictionary(written, results.benefit.estimand.unit, target / "examination")
        say(f"Tables: {target / 'examination'}")


def nulls(
    study: StudyFile,
    data: Data = None,
    out: Out = None,
    kind: Annotated[Kind, typer.Option(help="what is permuted")] = Kind.TREATMENT,
    draws: Annotated[int, typer.Option(help="trainings; 20 can show p = .05", min=1)] = 20,
    processes: Annotated[
        int, typer.Option(help="how many work at once, one thread each", min=1)
    ] = 1,
    risk: Risk = False,
) -> None:
    """Train on permuted arms or outcomes: which genes and pathways stand out from that?"""
    with errors():
        from pathgnn.draws import Pool
        from pathgnn.export.dictionary import write_dictionary
        from pathgnn.files import write_csv
        from pathgnn.lock import locked
        from pathgnn.nulls import Nulling, null_tables, run_nulls

        given, target, results = _explained(study, data, out, risk)
        with progress_bar(draws) as step, locked(target):
            plan = Nulling(kind.value, draws, Pool(processes, step), given.healthy)
            config = given.study.explain
            done = run_nulls(results.fitted, given.nodes, config, plan, target / "nulls")
            written, folder = null_tables(done), target / "nulls" / kind.value
            for name, table in written.items():
                write_csv(folder / f"{name}.csv", table)
            write_dictionary(written, results.benefit.estimand.unit, folder)
        for name, table in written.items():
            print_table(table.head(SHOWN_ROWS), name)
        say(f"Tables: {folder}")


def _explained(
    study: Path, data: Path | None, out: Path | None, risk: bool
) -> tuple[Input, Path, Results]:
    """A run up to its explanation; finished stages are taken up."""
    from pathgnn.errors import ConfigError
    from pathgnn.run import Options, read_input, run
    from pathgnn.study import read_study

    given = read_input(read_study(study), study.parent, data)
    target = out or Path(given.study.out)
    results = run(given, target, Options(risk, until="explain"))
    if results is None:
        raise ConfigError(f"nothing is explained in {target}; run `pathgnn explain` first")
    return given, target, results
