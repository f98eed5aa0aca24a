"""The command `pathgnn modalities`: which omics are worth measuring?"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Literal

import typer

from pathgnn.bar import progress_bar
from pathgnn.cli_say import errors, print_table, say


def modalities(
    study: Annotated[Path, typer.Argument(help="the study file")],
    data: Annotated[Path | None, typer.Option(help="folder of the tables")] = None,
    out: Annotated[Path | None, typer.Option(help="run folder; else as the study says")] = None,
    cost: Annotated[list[str] | None, typer.Option(help="OMIC=NUMBER (again)")] = None,
    learner: Annotated[str, typer.Option(help="linear, or network: slow")] = "linear",
    risk: Annotated[bool, typer.Option("--accept-risk", help="go on where refused")] = False,
) -> None:
    """Value of every subset of omics for benefit and prognosis, and the cheapest good one."""
    with errors():
        from pathgnn.export.to_modality_value import (
            in_words,
            shares_table,
            write_value,
        )
        from pathgnn.lock import locked
        from pathgnn.run import check_study, read_input, sized_for
        from pathgnn.run_folder import Keeper
        from pathgnn.study import estimand_of, read_study, unexplained
        from pathgnn.train.check import refuse
        from pathgnn.train.fit import Recipe
        from pathgnn.train.modality_value import modality_value, players_of

        given = read_input(unexplained(read_study(study)), study.parent, data)
        refuse(check_study(given), risk)
        chosen, prices, kind = sized_for(given), _prices(cost or []), _learner(learner)
        recipe = Recipe(given.graph, estimand_of(given.study, given.nodes), chosen.net, chosen.fit)
        players = players_of(given.nodes)
        with progress_bar(2 ** len(players)) as step:
            worth = modality_value(given.nodes, recipe, given.study.seed, prices, kind, step)
        full = {player: prices.get(player, 1.0) for player in players}
        run_folder = out or Path(given.study.out)
        target = run_folder / "modalities"
        with locked(run_folder):
            write_value(worth, full, target)
            Keeper(given, run_folder, None).made_beside_fit()
        print_table(shares_table(worth).round(3), "what each omic adds")
        said = "\n".join(in_words(one) for one in worth)
        say(f"{said}\nIntervals hold the models fixed. Tables and pictures: {target}")


def _prices(cost: list[str]) -> dict[str, float]:
    from pathgnn.errors import ConfigError

    out = {}
    for text in cost:
        name, _, number = text.partition("=")
        try:
            out[name] = float(number)
        except ValueError:
            raise ConfigError(f"--cost {text!r} is no OMIC=NUMBER, such as protein=300") from None
        if not 0 <= out[name] < math.inf:
            raise ConfigError(f"--cost {text!r}: a cost is a number of 0 or more")
    return out


def _learner(name: str) -> Literal["linear", "network"]:
    from pathgnn.errors import ConfigError

    if name == "linear":
        return "linear"
    if name == "network":
        return "network"
    raise ConfigError(f"--learner {name!r}: it is linear or network")
