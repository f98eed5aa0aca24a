"""Storages of a sweep: torn and broken files, passwords, silent machines."""

from __future__ import annotations

import time

import pytest
from optuna.trial import TrialState
from trial_work import PLANNED, opened, search, square

from pathgnn.errors import ConfigError
from pathgnn.train import trial_store
from pathgnn.train.trial_store import fail_silent, find_store, shown, still
from pathgnn.train.trial_worker import SEPARATOR
from pathgnn.train.trials import WORKER, fill, reap, take, work

FILES = ("sweep.db", "sweep.journal")
COMPLETE, RUNNING, FAIL = TrialState.COMPLETE, TrialState.RUNNING, TrialState.FAIL


def test_a_torn_line_is_cut_off_before_anybody_appends_to_it(tmp_path):
    path = tmp_path / "sweep.journal"
    store = opened(str(path))
    work(store, search(3), square)
    whole = path.read_bytes()
    with path.open("ab") as handle:
        handle.write(whole.splitlines()[-1][:20])
    # Others that hold the journal open go on, and so does who opens it afterwards.
    work(store, search(4), square)
    assert path.read_bytes().startswith(whole)
    with path.open("ab") as handle:
        handle.write(b"{" + b"x" * 9000)
    late = opened(str(path))
    work(late, search(5), square)
    assert [t.state for t in late.trials()] == [COMPLETE] * 5 == [t.state for t in store.trials()]


def test_a_broken_journal_or_another_file_is_refused_in_a_sentence(tmp_path):
    path = tmp_path / "sweep.journal"
    work(opened(str(path)), search(2), square)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:2], b"nonsense\n", *lines[2:]]))
    with pytest.raises(ConfigError, match="cannot be read"):
        opened(str(path))
    (tmp_path / "sweep.db").write_text("no database, whatever its name says " * 9)
    with pytest.raises(ConfigError, match="cannot be used"):
        opened(str(tmp_path / "sweep.db"))
    with pytest.raises(ConfigError, match=r"name a FILE.db, a FILE.journal, or postgresql"):
        opened(str(tmp_path / "sweep"))
    with pytest.raises(ConfigError, match="no sweep 'test' in"):
        find_store(str(tmp_path / "none.db"), "test")
    assert not (tmp_path / "none.db").exists()


def test_no_password_is_told(monkeypatch):
    monkeypatch.setattr(trial_store, "sleep", lambda _: None)
    url = "postgresql://me:secret@localhost:1/none?connect_timeout=1"
    assert "secret" not in shown(url)
    with pytest.raises(ConfigError) as caught:
        opened(url)
    assert "secret" not in str(caught.value)
    assert "me:***@localhost" in str(caught.value)


@pytest.mark.parametrize("name", FILES)
def test_a_silent_worker_of_another_machine_is_given_up_and_a_speaking_one_is_not(name, tmp_path):
    store = opened(str(tmp_path / name))
    fill(store, PLANNED[:1], store.trials())
    taken = take(store, search(1), store.trials())
    far = SEPARATOR.join(("elsewhere", "1", "2", "3"))
    taken.set_user_attr(WORKER, far)
    still(store, 0)
    fail_silent(store)
    reap(store, store.trials(), {})
    assert [t.state for t in store.trials()] == [RUNNING]
    if name.endswith("journal"):
        taken.set_user_attr("beat", time.time() - trial_store.SILENCE_SECONDS - 1)
    else:
        with store.storage.engine.begin() as connection:
            long_ago = "UPDATE trial_heartbeats SET heartbeat = '2001-01-01 00:00:00'"
            connection.exec_driver_sql(long_ago)
    fail_silent(store)
    reap(store, store.trials(), {})
    assert [t.state for t in store.trials()] == [FAIL]
