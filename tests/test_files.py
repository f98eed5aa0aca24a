"""Folders are replaced whole: a kill at any moment leaves the one before or the one after."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pathgnn.files import OLD, PART, sweep_parts, whole_folder


def _write(path: Path, text: str) -> None:
    with whole_folder(path) as part:
        (part / "model").write_text(text)


@pytest.fixture
def killed(tmp_path, monkeypatch):
    """A model that was put aside when its writer was killed, before the new one came."""
    path, moves = tmp_path / "bundle", []
    _write(path, "first")

    def move(source: Path, target: Path) -> None:
        moves.append(target)
        if len(moves) == 2:
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
