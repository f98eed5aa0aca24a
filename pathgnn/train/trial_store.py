"""Where the trials of a sweep are kept: SQLite, PostgreSQL or a journal file, safe from kills."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import sleep
from typing import Any, NamedTuple

import optuna
from optuna.storages import BaseStorage, InMemoryStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock
from optuna.storages.journal._file import BaseJournalFileLock
from optuna.trial import FrozenTrial, TrialState

from pathgnn.errors import ConfigError

# How often a worker says that it is alive, and after how long a silence it counts as dead.
BEAT_SECONDS, SILENCE_SECONDS = 30, 180
# How long SQLite waits for another process that writes.
WAIT_SECONDS = 120
BEAT = "beat"
JOURNAL_ENDS, SQLITE_ENDS = (".journal", ".log"), (".db", ".sqlite", ".sqlite3")


class Store(NamedTuple):
    """A study of Optuna, and the storage below it."""

    study: Any
    storage: BaseStorage

    def trials(self, *states: TrialState) -> list[FrozenTrial]:
        """The trials in these states, or all, by number."""
        found: list[FrozenTrial] = self.study.get_trials(deepcopy=False, states=states or None)
        return found

    def close(self) -> None:
        """Give the connections back."""
        self.storage.remove_session()
        if isinstance(self.storage, RDBStorage):
            self.storage.engine.dispose()

    def id_of(self, number: int) -> int:
        """The storage's id of a trial."""
        name = self.storage.get_study_id_from_name(self.study.study_name)
        return int(self.storage.get_trial_id_from_study_id_trial_number(name, number))


def open_store(
    where: str, name: str, directions: tuple[str, ...], sampler: Any, pruner: Any
) -> Store:
    """The study of this name, made where it is not there yet.

    Args:
        where: postgresql://..., or a path: FILE.journal for several machines on a network drive,
            FILE.db (SQLite, never on a network drive) for one machine. Empty: in memory.
        name: Name of the study in the storage.
        directions: minimize or maximize, one per objective.
        sampler: Optuna's sampler.
        pruner: Optuna's pruner.

    Raises:
        ConfigError: a storage that cannot be opened.
    """
    with storage_errors(where), _readable(where), quiet():
        storage = _storage(where)
        study = optuna.create_study(
            storage=storage,
            study_name=name,
            directions=list(directions),
            sampler=sampler,
            pruner=pruner,
            load_if_exists=True,
        )
    return Store(study, storage)


def find_store(where: str, name: str) -> Store:
    """The study of this name, which must be there.

    Raises:
        ConfigError: no such study.
    """
    nothing = f"no sweep {name!r} in {shown(where)} yet; `pathgnn sweep STUDY` starts one"
    if "://" not in where and not Path(where).is_file():
        raise ConfigError(nothing)
    with storage_errors(where), _readable(where), quiet():
        storage = _storage(where)
        try:
            study = optuna.load_study(storage=storage, study_name=name)
        except KeyError as error:
            raise ConfigError(nothing) from error
    return Store(study, storage)


@contextmanager
def quiet() -> Iterator[None]:
    """Optuna keeps what it would tell of new studies to itself."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)


@contextmanager
def storage_errors(where: str) -> Iterator[None]:
    """What a storage cannot do, in one sentence of ours; no password is in it."""
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
        cause = str(error.__cause__ or error).splitlines()[0]
        raise ConfigError(f"the storage {shown(where)} cannot be used: {cause}") from error
    except ImportError as error:
        raise ConfigError(
            f'no driver for {shown(where)}: pip install "pathgnn[postgres]" brings PostgreSQL\'s'
        ) from error


@contextmanager
def _readable(where: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"the storage {shown(where)} cannot be read ({error}); is it a sweep's, and whole?"
        ) from error


def shown(where: str) -> str:
    """The storage's name without a password."""
    from sqlalchemy.engine import make_url

    return make_url(where).render_as_string(hide_password=True) if "://" in where else where


def still(store: Store, number: int) -> None:
    """Say that the worker of a running trial is alive."""
    if isinstance(store.storage, RDBStorage):
        store.storage.record_heartbeat(store.id_of(number))
    else:
        now = datetime.now(UTC).timestamp()
        store.storage.set_trial_user_attr(store.id_of(number), BEAT, now)


def fail_silent(store: Store) -> None:
    """End the trials of workers that have been silent for too long.

    Optuna does so by the database's clock; a journal has the workers' own, which must agree within
    a minute.
    """
    if isinstance(store.storage, RDBStorage):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            optuna.storages.fail_stale_trials(store.study)
        return
    latest = datetime.now(UTC).timestamp() - SILENCE_SECONDS
    for trial in store.trials(TrialState.RUNNING):
        if BEAT in trial.user_attrs and trial.user_attrs[BEAT] < latest:
            end_lost(store, trial.number)


def end_lost(store: Store, number: int) -> None:
    """End the trial of a dead worker, unless somebody else has done so."""
    try:
        store.storage.set_trial_state_values(store.id_of(number), state=TrialState.FAIL)
    except optuna.exceptions.UpdateFinishedTrialError:
        return


def _storage(where: str) -> BaseStorage:
    if not where:
        return InMemoryStorage()
    return _journal(where) if where.endswith(JOURNAL_ENDS) else _database(where)


def _database(where: str) -> RDBStorage:
    from sqlalchemy import event

    url = _url(where)
    local = url.get_backend_name() == "sqlite"
    # A server that closes idle connections must not end a sweep of days.
    options = {"connect_args": {"timeout": WAIT_SECONDS}} if local else {"pool_pre_ping": True}
    storage = _connected(url.render_as_string(hide_password=False), options)
    if local:
        # SQLite has no lock of a row: two workers could read that a trial waits, and both take it.
        event.listen(storage.engine, "connect", _prepared)
        event.listen(storage.engine, "begin", _begin_immediate)
        storage.engine.dispose()
    return storage


def _url(where: str) -> Any:
    from sqlalchemy.engine import URL, make_url

    if "://" not in where:
        if not where.endswith(SQLITE_ENDS):
            raise ConfigError(
                f"no storage {where}: name a FILE.db, a FILE.journal, or postgresql://..."
            )
        Path(where).parent.mkdir(parents=True, exist_ok=True)
        return URL.create("sqlite", database=where)
    url = make_url(where)
    postgres = url.get_backend_name() == "postgresql"
    return url.set(drivername="postgresql+psycopg") if postgres else url


def _connected(url: str, options: dict[str, Any]) -> RDBStorage:
    """The database with its tables; two that make them at once get in each other's way."""
    from sqlalchemy.exc import SQLAlchemyError

    tries = 3
    while True:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
                return RDBStorage(
                    url,
                    engine_kwargs=options,
                    heartbeat_interval=BEAT_SECONDS,
                    grace_period=SILENCE_SECONDS,
                )
        except SQLAlchemyError:
            tries -= 1
            if not tries:
                raise
            sleep(1)


def _prepared(connection: Any, _: Any) -> None:
    connection.isolation_level = None
    # A write-ahead log stays whole when a process is killed, without a wait for the disk each time.
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")


def _begin_immediate(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _journal(where: str) -> JournalStorage:
    path = Path(where)
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = _MendingLock(path, JournalFileSymlinkLock(where))
    if path.exists():
        # What a killed worker left, before anything is read.
        lock.acquire()
        lock.release()
    return JournalStorage(JournalFileBackend(where, lock_obj=lock))


class _MendingLock(BaseJournalFileLock):  # type: ignore[misc]
    """A lock that cuts off a torn last line before anybody appends to it.

    A worker that is killed while it appends leaves half a line; the next would be glued to it, and
    nothing behind could be read any more. What was cut off had not been acknowledged to anybody.
    """

    def __init__(self, path: Path, lock: BaseJournalFileLock) -> None:
        self._path, self._lock = path, lock

    def acquire(self) -> bool:
        """Wait for the lock, then mend."""
        held = bool(self._lock.acquire())
        try:
            _mend(self._path)
        except BaseException:
            self._lock.release()
            raise
        return held

    def release(self) -> None:
        """Give the lock back."""
        self._lock.release()


def _mend(path: Path) -> None:
    """Cut a file back to its last line end."""
    with path.open("r+b") as handle:
        end = handle.seek(0, 2)
        keep = end
        while keep > 0:
            start = max(0, keep - 4096)
            handle.seek(start)
            found = handle.read(keep - start).rfind(b"\n")
            if found >= 0:
                keep = start + found + 1
                break
            keep = start
        if keep < end:
            handle.truncate(keep)
