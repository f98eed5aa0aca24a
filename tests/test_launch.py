"""Runs as jobs of a cluster: settings, what is asked, and a real job of this machine."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import submitit
from small_study import write_small_study
from typer.testing import CliRunner

from pathgnn.cli import app
from pathgnn.errors import ConfigError
from pathgnn.launch import JOBS, Cluster, Command, _asked, read_cluster, submit, template


def test_the_template_holds_every_setting_at_its_default():
    assert Cluster.model_validate(tomllib.loads(template())) == Cluster()
    assert set(tomllib.loads(template())) == set(Cluster.model_fields)


def test_without_a_cluster_file_one_is_written_to_be_read_first(tmp_path):
    study = write_small_study(tmp_path)
    said = CliRunner().invoke(app, ["run", str(study), "--launcher", "slurm"])
    assert said.exit_code == 2
    assert "read every line" in said.output
    assert read_cluster(tmp_path / "cluster.toml") == Cluster()
    (tmp_path / "cluster.toml").write_text("procesess = 3\n")
    with pytest.raises(ConfigError, match="unknown setting 'procesess'"):
        read_cluster(tmp_path / "cluster.toml")


def test_slurm_is_asked_for_what_the_file_says():
    cluster = Cluster(nodes=2, processes=8, gpus=8, partition="gpu", setup=("module load x",))
    asked = _asked(cluster, "slurm")
    assert (asked["nodes"], asked["tasks_per_node"], asked["gpus_per_node"]) == (2, 8, 8)
    assert asked["slurm_partition"] == "gpu"
    assert asked["slurm_setup"] == ["module load x"]
    assert "slurm_account" not in asked
    assert not any(name.startswith("slurm") for name in _asked(cluster, "local"))


def test_a_long_run_may_go_on_as_often_as_the_file_says(tmp_path, monkeypatch):
    asked = {}

    def executor(folder, **named):
        asked.update(named)
        raise RuntimeError("enough seen")

    monkeypatch.setattr(submitit, "AutoExecutor", executor)
    with pytest.raises(ConfigError, match="enough seen"):
        submit(["graph", "list"], "slurm", Cluster(restarts=7), tmp_path)
    assert asked["slurm_max_num_timeout"] == 7


def test_a_process_takes_as_many_cpus_as_were_asked_for(monkeypatch):
    from submitit.helpers import TorchDistributedEnvironment

    seen = {}
    monkeypatch.setattr(TorchDistributedEnvironment, "__init__", lambda _: None)
    monkeypatch.setattr(TorchDistributedEnvironment, "export", lambda *_, **__: None)
    monkeypatch.setattr(subprocess, "run", lambda _, env, **__: seen.update(env))
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    Command(["run"], 3)()
    assert seen["OMP_NUM_THREADS"] == "3"
    assert seen["PATH"]
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    Command(["run"], 3)()
    assert seen["OMP_NUM_THREADS"] == "5"


def test_where_there_is_no_slurm_the_error_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ConfigError, match="slurm did not take the job"):
        submit(["graph", "list"], "slurm", Cluster(), tmp_path)


SUBMIT = """
import sys
from pathlib import Path
from pathgnn.launch import Cluster, submit
cluster = Cluster(processes=1, cpus=1, memory_gb=1.0, minutes=5)
print(submit(["graph", "list"], sys.argv[2], cluster, Path(sys.argv[1])))
"""


def _has_slurm() -> bool:
    if shutil.which("sbatch") is None or shutil.which("sinfo") is None:
        return False
    seen = subprocess.run(["sinfo", "--noheader"], capture_output=True, text=True, check=False)
    return seen.returncode == 0 and bool(seen.stdout.strip())


@pytest.mark.parametrize("launcher", ["local", "slurm"])
def test_a_job_runs_the_command(tmp_path, launcher):
    if launcher == "slurm" and not _has_slurm():
        pytest.skip("no Slurm here")
    # In a process of its own, as on a command line: the job outlives it.
    words = [sys.executable, "-c", SUBMIT, str(tmp_path), launcher]
    job = subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
    kind = submitit.SlurmJob if launcher == "slurm" else submitit.LocalJob
    assert kind(tmp_path / JOBS, job).result() is None
    logs = "".join(path.read_text() for path in Path(tmp_path / JOBS).glob("*.out"))
    assert "omnipath" in logs
