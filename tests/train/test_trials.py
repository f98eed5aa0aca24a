"""The loop of a sweep's workers: nothing lost, nothing twice, whoever is killed whenever."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import sqlalchemy
from optuna.samplers import NSGAIISampler, TPESampler
from optuna.trial import TrialState
from postgres_server import running
from trial_work import PLANNED, SPACE, opened, search, square

from pathgnn.errors import ConfigError
from pathgnn.train import trial_store, trials
from pathgnn.train.guard import guard_of
from pathgnn.train.pruner import PLACE
from pathgnn.train.search_space import Choices
from pathgnn.train.trial_worker import SEPARATOR, identity, is_dead
from pathgnn.train.trials import (
    Search,
    by_place,
    fill,
    reap,
    take,
    work,
)
from pathgnn.train.tried import importance, tried

FILES = ("sweep.db", "sweep.journal")
COMPLETE, RUNNING, FAIL = TrialState.COMPLETE, TrialState.RUNNING, TrialState.FAIL


@pytest.fixture(scope="module")
def server():
    with running() as url:
        yield url


@pytest.fixture(params=[*FILES, "postgresql"])
def where(request, tmp_path):
    """A storage of each kind, with nothing in it."""
    if request.param != "postgresql":
        return str(tmp_path / "deep" / request.param)
    url = request.getfixturevalue("server")
    engine = sqlalchemy.create_engine(url.replace("://", "+psycopg://"))
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    engine.dispose()
    return url


def _killed(where, n, at):
    """A process that is killed in its trial number `at`."""
    here = Path(__file__).parents[1]
    command = [sys.executable, str(here / "trial_work.py"), where, str(n), str(at)]
    env = os.environ | {"PYTHONPATH": str(here.parent)}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == -9, done.stderr


def test_three_workers_do_every_trial_once_and_find_the_best_of_one(where, tmp_path):
    each = [opened(where) for _ in range(3)]
    fill(each[0], PLANNED[:20], [])
    threads = [threading.Thread(target=work, args=(s, search(20), square)) for s in each]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    many, alone = opened(where), opened(str(tmp_path / "alone.journal"))
    work(alone, search(20), square)
    assert [t.number for t in many.trials()] == list(range(20))
    assert sorted(t.user_attrs[PLACE] for t in many.trials(COMPLETE)) == list(range(20))
    one, other = (guard_of(tried(s), 0.05, 1) for s in (alone, many))
    ours, theirs = one.least, other.least
    assert (ours.place, ours.settings) == (theirs.place, theirs.settings)
    assert ours.values == theirs.values
    assert ours.values[0] == pytest.approx(min(t.values[0] for t in tried(many)))
    assert (one.chosen.place, one.finding.severity) == (other.chosen.place, other.finding.severity)
    assert sorted(one.p.values()) == pytest.approx(sorted(other.p.values()))
    assert {len(t.losses) for t in tried(many)} == {10}
    for store in (*each, many):
        store.close()


def test_a_killed_workers_trial_is_done_again_with_the_same_settings(where):
    _killed(where, 6, 3)
    store = opened(where)
    assert len(store.trials(RUNNING)) == 1
    work(store, search(6), square)
    known = tried(store)
    assert [t.state for t in known].count("complete") == 6
    assert not store.trials(RUNNING, TrialState.WAITING)
    (lost,) = (t for t in known if t.state == "lost")
    again = [t for t in known if t.place == lost.place and t.state == "complete"]
    assert [t.settings for t in again] == [lost.settings] == [PLANNED[lost.place]]
    assert again[0].number == 6
    assert {t.state: len(t.losses) for t in known} == {"complete": 10, "lost": 0}
    store.close()


def test_a_trial_without_a_worker_is_given_up_after_a_while(tmp_path, monkeypatch):
    store = opened(str(tmp_path / "sweep.journal"))
    fill(store, PLANNED[:1], store.trials())
    store.storage.set_trial_state_values(store.id_of(0), state=RUNNING)
    seen: dict[int, float] = {}
    reap(store, store.trials(), seen)
    assert [t.state for t in store.trials()] == [RUNNING]
    monkeypatch.setattr(trials, "UNNAMED_SECONDS", -1)
    reap(store, store.trials(), seen)
    work(store, search(1), square)
    assert [t.state for t in store.trials()] == [FAIL, COMPLETE]


def test_who_is_dead_is_told_from_who_only_has_the_number():
    machine, pid, started, thread = identity().split(SEPARATOR)
    assert not is_dead(identity())
    assert is_dead(SEPARATOR.join((machine, "4194305", started, thread)))
    assert is_dead(SEPARATOR.join((machine, pid, f"{started}0", thread)))
    assert not is_dead(SEPARATOR.join(("elsewhere", "4194305", started, thread)))
    assert not is_dead("what another version wrote")


def test_a_setting_that_fails_is_said_and_the_first_ends_the_sweep(tmp_path):
    def fails(values, report):
        if values["x"] < 0:
            raise ConfigError("x is below 0")
        if values["x"] > 3.5:
            raise ValueError("patient S00007 has 3.7")
        return (float("nan"),) if values["x"] > 1.5 and values["word"] == "a" else (1.0,)

    store = opened(str(tmp_path / "sweep.journal"))
    plan = [{"x": x, "word": "a"} for x in (0.0, -1.0, 2.0, 3.7)]
    work(store, search()._replace(planned=plan), fails)
    said = ["", "x is below 0", "the risk is not a number", "ValueError"]
    assert [t.error for t in tried(store)] == said
    assert [t.state for t in tried(store)] == ["complete", "failed", "failed", "failed"]
    other = opened(str(tmp_path / "other.journal"))
    with pytest.raises(ConfigError, match=r"own settings cannot be tried \(x is below 0\)"):
        work(other, search()._replace(planned=plan[1:]), fails)


def test_a_trial_that_was_taken_away_and_then_fails_ends_nobody(tmp_path):
    store = opened(str(tmp_path / "sweep.journal"))

    def taken_away(values, report):
        if values["x"] < 0:
            (running,) = store.trials(RUNNING)
            trial_store.end_lost(store, running.number)
            raise ConfigError("too late")
        return (values["x"] ** 2,)

    work(store, search()._replace(planned=[{"x": x, "word": "a"} for x in (0.0, -1.0)]), taken_away)
    assert tried(store)[0].state == "complete"
    assert all(t.error == "" for t in tried(store))


def test_an_interrupt_ends_the_worker_and_its_trial_is_done_later(tmp_path):
    def stopped(values, report):
        raise KeyboardInterrupt

    store = opened(str(tmp_path / "sweep.journal"))
    with pytest.raises(KeyboardInterrupt):
        work(store, search(2), stopped)
    assert [t.state for t in store.trials()] == [FAIL, TrialState.WAITING]
    work(store, search(2), square)
    assert {p: [t.state for t in ts] for p, ts in by_place(store.trials()).items()} == {
        0: [FAIL, COMPLETE],
        1: [COMPLETE],
    }


def test_a_trial_that_always_ends_its_worker_is_given_up(tmp_path):
    store = opened(str(tmp_path / "sweep.journal"))
    for _ in range(trials.MOST_TRIES + 2):
        fill(store, PLANNED[:1], store.trials())
        for trial in store.trials(TrialState.WAITING):
            trial_store.end_lost(store, trial.number)
    assert len(store.trials()) == trials.MOST_TRIES
    assert trials.is_done(store.trials(), PLANNED[:1])
    with pytest.raises(ConfigError, match="killed 10 times; is there enough memory"):
        work(store, search(2, first_alone=True), square)


def test_a_trial_that_somebody_else_queued_is_left_alone(tmp_path):
    store = opened(str(tmp_path / "sweep.journal"))
    store.study.enqueue_trial({"x": 0.0, "word": "a"})
    work(store, search(2), square)
    assert [t.state for t in store.trials()] == [TrialState.WAITING, COMPLETE, COMPLETE]
    assert [t.number for t in tried(store)] == [1, 2]


def test_two_machines_that_start_at_once_do_each_trial_once(tmp_path):
    store, done = opened(str(tmp_path / "sweep.journal")), []
    for values in PLANNED[:5] * 2:
        store.study.enqueue_trial(values, user_attrs={PLACE: PLANNED.index(values)})

    def counted(values, report):
        done.append(values)
        return square(values, report)

    work(store, search(5), counted)
    assert done == PLANNED[:5]
    assert [t.place for t in tried(store)] == list(range(5))


@pytest.mark.parametrize("make", (TPESampler, NSGAIISampler))
def test_a_sampler_that_learns_proposes_the_same_after_a_break(make, tmp_path):
    plan = Search(SPACE, [PLANNED[0], *[{}] * 14], 3, lambda seed: make(seed=seed))
    whole, broken = (opened(str(tmp_path / f"{n}.journal")) for n in "ab")
    work(whole, plan, square)
    for n in (4, 12, 15):
        work(opened(str(tmp_path / "b.journal")), plan._replace(planned=plan.planned[:n]), square)
    assert [t.settings for t in tried(broken)] == [t.settings for t in tried(whole)]
    assert len({t.settings["x"] for t in tried(whole)}) == 15


def test_the_reference_gives_up_what_is_worse_than_the_first_on_two_folds(tmp_path):
    risks = {0.0: (1, 1, 1), 1.0: (9, 1.1, 0), 2.0: (9, 0.9, 9), 3.0: (0, 0, 0.5)}

    def objective(values, report):
        for fold, risk in enumerate(risks[values["x"]]):
            if report(fold, risk, (risk,)) and fold < 2:
                return None
        return (float(risk),)

    for order in ((1.0, 2.0, 3.0), (3.0, 2.0, 1.0)):
        store = opened(str(tmp_path / f"{order[0]}.journal"), "reference")
        plan = [{"x": x, "word": "a"} for x in (0.0, *order)]
        work(store, search()._replace(planned=plan, first_alone=True), objective)
        found = {t.settings["x"]: (t.state, t.folds, t.excess) for t in tried(store)}
        assert found[1.0] == ("given up", 2, pytest.approx(0.1))
        assert found[2.0] == ("complete", 3, 8.0)
        assert found[3.0] == ("complete", 3, -0.5)
        kept = {t.settings["x"]: t.losses for t in tried(store)}
        assert kept == {x: risks[x][:2] if x == 1.0 else risks[x] for x in kept}
        assert guard_of(tried(store), 0.05, 1).least.settings["x"] == 3.0


def test_nothing_starts_before_the_first_trial_is_done(tmp_path):
    store = opened(str(tmp_path / "sweep.journal"), "reference")
    fill(store, PLANNED[:3], [])
    alone = search(3, first_alone=True)
    assert take(store, alone, store.trials()).number == 0
    assert take(store, alone, store.trials()) is None
    store.study.tell(0, 1.0)
    assert take(store, alone, store.trials()).number == 1


def test_of_two_objectives_the_best_is_the_least_risk_on_the_front(tmp_path):
    store = opened(str(tmp_path / "sweep.journal"), directions=("minimize", "maximize"))
    plan = [{"x": x, "word": "a"} for x in (0.0, 1.0, 2.0)]
    values = {0.0: (2.0, 0.9), 1.0: (1.0, 0.1), 2.0: (3.0, 0.5)}
    work(store, search()._replace(planned=plan), lambda v, report: values[v["x"]])
    assert guard_of(tried(store), 0.05, 1).least.values == (1.0, 0.1)
    assert {t.number for t in store.study.best_trials} == {0, 1}


def test_the_setting_that_decides_is_the_important_one(tmp_path):
    space = SPACE | {"idle": Choices((1, 2, 3))}
    plan = [{**p, "idle": i % 3 + 1} for i, p in enumerate(PLANNED[:12])]
    store = opened(str(tmp_path / "sweep.journal"))
    work(store, Search(space, plan, 0, search().sampler_of), square)
    found = importance(store)
    assert next(iter(found)) == "x"
    assert sum(found.values()) == pytest.approx(1)
    few = opened(str(tmp_path / "few.journal"))
    work(few, search(2), square)
    assert importance(few) == {}
