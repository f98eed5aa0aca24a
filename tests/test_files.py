"""Folders are replaced whole: a kill at any moment leaves the one before or the one after."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest

from pathgnn.errors import ConfigError, StorageError
from pathgnn.files import OLD, PART, refuse_others, sweep_parts, whole_folder, write_csv


def _write(path: Path, text: str) -> None:
    with whole_folder(path, "model") as part:
        (part / "model").write_text(text)


@pytest.fixture
def killed(tmp_path, monkeypatch):
    """A model that was put aside when its writer was killed, before the new one came."""
    path, moves = tmp_path / "bundle", []
    _write(path, "first")

    def move(source: Path, target: Path) -> None:
        moves.append(target)
        # A killed process moves nothing more.
        if len(moves) >= 2:
            raise KeyboardInterrupt
        os.rename(source, target)

    with monkeypatch.context() as here:
        here.setattr("pathgnn.files.os.replace", move)
        # A killed process cleans up nothing.
        here.setattr("pathgnn.files.shutil.rmtree", lambda *_, **__: None)
        with pytest.raises(KeyboardInterrupt):
            _write(path, "second")
    assert not path.exists()
    assert (tmp_path / f"{OLD}bundle").exists()
    return path


def test_what_was_put_aside_comes_back_and_what_is_half_written_goes(killed):
    sweep_parts(killed.parent)
    assert (killed / "model").read_text() == "first"
    assert [path.name for path in killed.parent.iterdir()] == ["bundle"]


def test_the_next_writer_replaces_what_was_put_aside(killed):
    _write(killed, "third")
    assert (killed / "model").read_text() == "third"
    assert not list(killed.parent.glob(f"{OLD}*"))


def test_what_was_replaced_already_is_deleted(tmp_path):
    _write(tmp_path / "bundle", "second")
    (tmp_path / f"{OLD}bundle").mkdir()
    (tmp_path / f"{PART}x").mkdir()
    sweep_parts(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


@pytest.mark.parametrize("error", [OSError(5, "input/output error"), KeyboardInterrupt()])
def test_where_the_new_one_cannot_come_the_old_one_stays(tmp_path, monkeypatch, error):
    path, moves = tmp_path / "bundle", []
    _write(path, "first")

    def move(source: Path, target: Path) -> None:
        moves.append(target)
        if len(moves) == 2:
            raise error
        os.rename(source, target)

    with monkeypatch.context() as here:
        here.setattr("pathgnn.files.os.replace", move)
        with pytest.raises((StorageError, KeyboardInterrupt)):
            _write(path, "second")
    assert (path / "model").read_text() == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_files_of_somebody_else_are_never_replaced(tmp_path):
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "thesis.docx").write_text("all of it")
    for path in (tmp_path / "work", tmp_path / "work" / "thesis.docx"):
        with pytest.raises(ConfigError, match="other files, which would be lost"):
            _write(path, "model")
    assert (tmp_path / "work" / "thesis.docx").read_text() == "all of it"
    assert not list(tmp_path.rglob(f"{PART}*"))


def test_what_a_user_put_beside_ours_is_not_lost(tmp_path):
    (tmp_path / "mark").write_text("")
    refuse_others(tmp_path, "mark", {"mark", "table.csv"})
    (tmp_path / "notes.txt").write_text("all of it")
    with pytest.raises(ConfigError, match=r"also holds notes\.txt"):
        refuse_others(tmp_path, "mark", {"mark", "table.csv"})


def test_an_empty_folder_the_current_one_and_a_link_are_written_to(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "here")
    for text in ("first", "second"):
        _write(tmp_path / "link", text)
        assert (tmp_path / "here" / "model").read_text() == text
    assert (tmp_path / "link").is_symlink()
    monkeypatch.chdir(tmp_path / "here")
    _write(Path("."), "third")
    assert (tmp_path / "here" / "model").read_text() == "third"


def test_no_cell_and_no_header_of_a_csv_runs_as_a_formula(tmp_path):
    table = pd.DataFrame({"=a()": ["=x", "-1;1"], "kind": pd.Categorical(["@y", "b"]), "n": [1, 2]})
    write_csv(tmp_path / "t.csv", table)
    lines = (tmp_path / "t.csv").read_text().splitlines()
    assert lines == ["'=a(),kind,n", "'=x,'@y,1", "-1;1,b,2"]


def test_the_disk_has_the_content_before_the_name(tmp_path, monkeypatch):
    path, done = tmp_path / "table.csv", []
    monkeypatch.setattr("pathgnn.files.os.fsync", lambda handle: done.append(path.exists()))
    write_csv(path, pd.DataFrame({"gene": ["TP53"]}))
    _write(tmp_path / "bundle", "first")
    assert done == [False, True]
