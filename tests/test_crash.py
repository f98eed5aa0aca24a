"""A run that is killed, starved or disturbed loses nothing, says why, and goes on."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from reliability_runs import fingerprint, pathgnn, start
from small_study import write_small_study
from typer.testing import CliRunner

from pathgnn import files
from pathgnn.cli import app
from pathgnn.errors import ConfigError, StorageError
from pathgnn.files import write_text
from pathgnn.lock import LOCK, locked

HOLD = """
import sys, time
from pathlib import Path
from pathgnn.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A small study and the tables of an undisturbed run."""
    study = write_small_study(tmp_path_factory.mktemp("study"), n=60)
    out = study.parent / "whole"
    assert pathgnn("run", study, "--out", out).status == 0
    return study, fingerprint(out)


def test_a_run_that_is_killed_while_it_trains_gives_the_same_tables(whole, tmp_path):
    study, expected = whole
    out = tmp_path / "run"
    process = start("run", study, "--out", out)
    while process.poll() is None and not list(out.glob("fit-parts/[a-z]*.safetensors")):
        time.sleep(0.005)
    process.kill()
    assert (out / LOCK).is_file()
    assert not (out / "fit").exists()
    assert pathgnn("run", study, "--out", out).status == 0
    assert "finished parts taken up" in (out / "run.log").read_text()
    assert fingerprint(out) == expected
    assert len(expected) > 20
    assert not list(out.rglob(".*"))
    assert not (out / LOCK).exists()
    assert not (out / "fit-parts").exists()


@pytest.fixture
def holder(tmp_path):
    """Another process that holds a folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_second_process_is_refused_by_name_and_takes_over_when_the_first_is_dead(
    holder, tmp_path
):
    with (
        pytest.raises(ConfigError, match=f"process {holder.pid} on .* is at work"),
        locked(tmp_path),
    ):
        pass
    holder.kill()
    holder.wait()
    assert json.loads((tmp_path / LOCK).read_text())["pid"] == holder.pid
    with locked(tmp_path):
        assert json.loads((tmp_path / LOCK).read_text())["pid"] == os.getpid()
    assert not (tmp_path / LOCK).exists()


def test_the_lock_of_another_machine_is_not_taken_over(tmp_path):
    (tmp_path / LOCK).write_text('{"pid": 1, "host": "elsewhere", "since": "yesterday"}')
    with (
        pytest.raises(ConfigError, match=r"process 1 on elsewhere .*delete .*run\.lock"),
        locked(tmp_path),
    ):
        pass
    assert (tmp_path / LOCK).exists()


def test_a_job_that_is_put_on_another_node_takes_its_own_lock_over(tmp_path, monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    words = {"pid": 1, "host": "elsewhere", "since": "yesterday", "job": "18"}
    (tmp_path / LOCK).write_text(json.dumps(words))
    with pytest.raises(ConfigError, match="on elsewhere"), locked(tmp_path):
        pass
    (tmp_path / LOCK).write_text(json.dumps(words | {"job": "17"}))
    with locked(tmp_path):
        assert json.loads((tmp_path / LOCK).read_text())["job"] == "17"


def test_a_lock_that_was_cut_off_is_taken_over(tmp_path):
    (tmp_path / LOCK).write_text('{"pid": 1, "ho')
    with locked(tmp_path):
        assert json.loads((tmp_path / LOCK).read_text())["pid"] == os.getpid()


def test_a_folder_is_free_again_after_an_error(tmp_path):
    with pytest.raises(KeyError), locked(tmp_path):
        raise KeyError
    with locked(tmp_path):
        assert json.loads((tmp_path / LOCK).read_text())["pid"] == os.getpid()


def _full(*_, **__):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("when", ["replace", "mkstemp"])
def test_a_full_disk_leaves_the_old_file_and_says_so(when, tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    write_text(path, "old")
    monkeypatch.setattr(
        *(files.os, "replace") if when == "replace" else (files.tempfile, "mkstemp"), _full
    )
    with pytest.raises(StorageError, match=r"a\.txt: No space left on device; what was finished"):
        write_text(path, "new")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_a_disk_that_fills_up_while_training_ends_in_a_sentence_and_resumes(tmp_path, monkeypatch):
    study, n = write_small_study(tmp_path, n=60), []

    def later(source, target):
        n.append(target)
        if len(n) > 12 and "fit-parts" in str(target):
            _full()
        return replace(source, target)

    replace = os.replace
    with monkeypatch.context() as patch:
        patch.setattr(files.os, "replace", later)
        result = CliRunner().invoke(app, ["fit", str(study)])
    assert result.exit_code == 2, result.output
    assert "No space left on device" in result.stderr
    assert "Traceback" not in result.output
    assert not list((tmp_path / "run").rglob(".part-*"))
    assert CliRunner().invoke(app, ["fit", str(study)]).exit_code == 0
    assert (tmp_path / "run" / "fit" / "model" / "manifest.json").is_file()


def test_an_input_removed_after_a_run_is_named_and_nothing_is_lost(whole, tmp_path):
    study, _ = whole
    table = study.parent / "expression.csv"
    table.rename(tmp_path / "away.csv")
    try:
        result = CliRunner().invoke(app, ["run", str(study), "--out", str(study.parent / "whole")])
    finally:
        (tmp_path / "away.csv").rename(table)
    assert result.exit_code == 2
    assert "no file at" in result.stderr
    assert "expression.csv" in result.stderr
    assert fingerprint(study.parent / "whole") == whole[1]


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    study = write_small_study(tmp_path, n=60)
    (tmp_path / "taken").write_text("a file")
    result = CliRunner().invoke(
        app, ["check", str(study), "--out", str(tmp_path / "taken" / "run")]
    )
    assert result.exit_code == 2
    assert f"cannot write {Path('taken') / 'run'}" in result.stderr.replace(f"{tmp_path}/", "")


def test_what_nobody_foresaw_says_where_but_not_what(tmp_path):
    code = "from pathgnn import cli_say, cli\ncli.app = lambda: {}['CANARYPT-007']\ncli.main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "an unforeseen KeyError" in done.stderr
    assert "CANARYPT" not in done.stdout + done.stderr.replace("cli.app = lambda: {}['CANARYPT", "")
