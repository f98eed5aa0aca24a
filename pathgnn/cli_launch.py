"""`pathgnn run --launcher`: its options, and the command handed to a cluster."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pathgnn.cli_say import errors, say


class Launcher(StrEnum):
    """Where a run is started."""

    SLURM = "slurm"
    LOCAL = "local"


Where = Annotated[Launcher | None, typer.Option(help="as a job: of Slurm, or of this machine")]
ClusterFile = Annotated[
    Path | None, typer.Option(help="what the job asks for; else cluster.toml beside the study")
]


def launch(study: Path, out: Path | None, words: list[str], where: tuple[str, Path | None]) -> None:
    """Submit `pathgnn run` with these options."""
    with errors():
        from pathgnn.launch import JOBS, read_cluster, submit
        from pathgnn.study import read_study

        launcher, cluster = where
        target = out or Path(read_study(study).out)
        asked = read_cluster(cluster or study.parent / "cluster.toml")
        words = ["run", str(study.resolve()), "--out", str(target.resolve()), *words]
        job = submit(words, launcher, asked, target)
        size = f"{asked.nodes} x {asked.processes} processes"
        say(f"Submitted job {job}, {size}; its logs: {target / JOBS}")
