"""A run as a job of a cluster: as many processes as asked, started again when they are stopped."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pathgnn.errors import ConfigError
from pathgnn.files import whole_file
from pathgnn.settings import Settings, parse, read_toml, setting

if TYPE_CHECKING:
    from submitit.helpers import DelayedSubmission

JOBS = "jobs"


class Cluster(Settings):
    """What a job asks of the cluster."""

    nodes: int = setting(1, "machines", ge=1)
    processes: int = setting(4, "processes on each; they share the folds", ge=1)
    cpus: int = setting(2, "CPUs of each process", ge=1)
    gpus: int = setting(0, "GPUs of each machine; give as many as processes, or none", ge=0)
    memory_gb: float = setting(16.0, "memory of each machine", gt=0)
    minutes: int = setting(240, "until the cluster stops it; it then goes on in a new job", ge=1)
    restarts: int = setting(20, "Slurm: how often it may go on so before it is given up", ge=0)
    partition: str = setting("", "Slurm: partition; empty: the cluster's default")
    account: str = setting("", "Slurm: account that pays; empty: your default")
    qos: str = setting("", "Slurm: quality of service; empty: the default")
    setup: tuple[str, ...] = setting((), "Slurm: shell lines before the job, such as a module")
    more: dict[str, str] = setting({}, "Slurm: other options of sbatch, by their long names")


def template() -> str:
    """A commented TOML file with every setting of a job at its default."""
    lines = ["# What `pathgnn run --launcher slurm --cluster FILE` asks of the cluster."]
    for name, field in Cluster.model_fields.items():
        lines.append(f"# {field.description}")
        lines.append(f"{name} = {_toml(field.default)}")
    return "\n".join(lines) + "\n"


def read_cluster(path: Path) -> Cluster:
    """The settings of a job.

    Raises:
        ConfigError: no such file: a template is written there, to be read first.
    """
    if not path.exists():
        with whole_file(path) as part:
            part.write_text(template(), encoding="utf-8")
        raise ConfigError(
            f"no cluster file at {path}: one with the defaults was written there; read every line, "
            "then run the same command again"
        )
    return parse(Cluster, read_toml(path), str(path))


def submit(words: list[str], launcher: str, cluster: Cluster, folder: Path) -> str:
    """Hand a command to the cluster; its id.

    Args:
        words: What follows `pathgnn` on the command line.
        launcher: "slurm", or "local" for processes of this machine.
        cluster: What is asked.
        folder: Run folder; the logs of the job go into its folder `jobs`.

    Raises:
        ConfigError: submitit is not installed, or the cluster refuses.
    """
    if find_spec("submitit") is None:
        raise ConfigError('--launcher needs submitit: pip install "pathgnn[hpc]"')
    import submitit

    try:
        executor = submitit.AutoExecutor(
            folder / JOBS, cluster=launcher, slurm_max_num_timeout=cluster.restarts
        )
        executor.update_parameters(**_asked(cluster, launcher))
        job = executor.submit(Command(words, cluster.cpus))
    except (RuntimeError, OSError, submitit.core.utils.FailedJobError) as error:
        raise ConfigError(f"{launcher} did not take the job: {error}") from error
    return str(job.job_id)


class Command:
    """A command of pathgnn in each process of a job, on so many CPUs."""

    def __init__(self, words: list[str], cpus: int) -> None:
        self.words, self.cpus = words, cpus

    def __call__(self) -> None:
        """Tell the processes of each other, then run."""
        from submitit.helpers import TorchDistributedEnvironment

        TorchDistributedEnvironment().export(set_cuda_visible_devices=False)
        # Where the cluster does not bind processes to CPUs, each would take all of the machine's.
        threads = {"OMP_NUM_THREADS": str(self.cpus)}
        words = [sys.executable, "-m", "pathgnn", *self.words]
        subprocess.run(words, check=True, env=threads | os.environ)

    def checkpoint(self) -> DelayedSubmission:
        """Out of time, or pushed aside: the same command again, which goes on where it stopped."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)


def _asked(cluster: Cluster, launcher: str) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "name": "pathgnn",
        "nodes": cluster.nodes,
        "tasks_per_node": cluster.processes,
        "cpus_per_task": cluster.cpus,
        "mem_gb": cluster.memory_gb,
        "timeout_min": cluster.minutes,
    }
    if cluster.gpus:
        asked["gpus_per_node"] = cluster.gpus
    if launcher == "slurm":
        named = {n: getattr(cluster, n) for n in ("partition", "account", "qos")}
        asked |= {f"slurm_{name}": value for name, value in named.items() if value}
        asked |= {"slurm_setup": list(cluster.setup)} if cluster.setup else {}
        asked |= {"slurm_additional_parameters": cluster.more} if cluster.more else {}
    return asked


def _toml(value: Any) -> str:
    import tomli_w

    return (
        tomli_w.dumps({"x": list(value) if isinstance(value, tuple) else value})[4:].strip() or "{}"
    )
