"""The loop of a worker: plan, take, try and tell trials; what a dead worker left is done again."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any, NamedTuple

import optuna
from optuna.trial import FrozenTrial, TrialState

from pathgnn.errors import ConfigError, PathgnnError
from pathgnn.seeds import seed_for
from pathgnn.train.pruner import PLACE
from pathgnn.train.search_space import Choices, Space, Values
from pathgnn.train.trial_store import BEAT_SECONDS, Store, end_lost, fail_silent, still
from pathgnn.train.trial_worker import identity, is_dead

# What is kept of a trial beside Optuna's own: its place in the plan, who works at it, what failed,
# whether two machines that started at once planned it twice, and its losses by block of patients.
WORKER, ERROR, SURPLUS, LOSSES = "worker", "error", "surplus", "losses"
# A trial that ends its worker so often is given up: it needs more memory than there is.
MOST_TRIES = 10
POLL_SECONDS = 0.5
# A worker writes its name at once when it takes a trial; one without a name for so long is dead.
UNNAMED_SECONDS = 20
# Key of a random stream that nothing else uses.
SAMPLER = 32
# What a setting can do to training, and is told of the trial; anything else ends the sweep.
FAILURES = (PathgnnError, ArithmeticError, ValueError, RuntimeError)

# Told the number of a fold, the risk so far and the fold's losses by block; True: give it up.
Report = Callable[[int, float, Sequence[float]], bool]
# From settings to one value per objective; None: given up.
Objective = Callable[[Values, Report], tuple[float, ...] | None]


class Search(NamedTuple):
    """What is searched and how; `sampler_of` makes Optuna's sampler from a seed.

    `planned` has the settings of every place, empty where a sampler proposes them. `first_alone`:
    nothing else starts before the first trial is finished.
    """

    space: Space
    planned: Sequence[Values]
    seed: int
    sampler_of: Callable[[int], Any]
    first_alone: bool = False


def work(
    store: Store,
    search: Search,
    objective: Objective,
    progress: Callable[[str], None] = lambda _: None,
) -> None:
    """Try trials until every place of the plan is done, by whoever works at the same store.

    Raises:
        ConfigError: the first trial, with the study's own settings, cannot be trained.
    """
    unnamed: dict[int, float] = {}
    while True:
        fail_silent(store)
        now = store.trials()
        if reap(store, now, unnamed) + fill(store, search.planned, now):
            now = store.trials()
        _check_first(now)
        trial = take(store, search, now)
        if trial is not None:
            progress(_try(store, search, trial, objective))
        elif is_done(now, search.planned):
            return
        else:
            time.sleep(POLL_SECONDS)


def fill(store: Store, planned: Sequence[Values], now: Sequence[FrozenTrial]) -> int:
    """Queue every place that has no trial, and again those whose worker died; how many.

    It can be broken off anywhere and called by several: it looks at what is there.
    """
    places = by_place(now)
    lacking = _open(places, planned)
    for place in lacking:
        tried = places.get(place, [])
        known: Values = next((t.params for t in reversed(tried) if t.params), {})
        store.study.enqueue_trial(planned[place] or known, user_attrs={PLACE: place})
    return len(lacking)


def is_done(now: Sequence[FrozenTrial], planned: Sequence[Values]) -> bool:
    """Has every place of the plan come to an end?"""
    places = by_place(now)
    unfinished = any(not t.state.is_finished() for tried in places.values() for t in tried)
    return not unfinished and not _open(places, planned)


def by_place(now: Sequence[FrozenTrial]) -> dict[int, list[FrozenTrial]]:
    """The trials of each place by number; trials of others in the same study have none."""
    out: dict[int, list[FrozenTrial]] = {}
    for trial in now:
        if PLACE in trial.user_attrs and SURPLUS not in trial.user_attrs:
            out.setdefault(trial.user_attrs[PLACE], []).append(trial)
    return out


def reap(store: Store, now: Sequence[FrozenTrial], unnamed: dict[int, float]) -> int:
    """End the trials of this machine's dead workers; how many.

    Args:
        store: Where they are kept.
        now: All trials; this worker is at none of them.
        unnamed: When this worker first saw a running trial without a worker, by number.
    """
    lost = [t.number for t in now if t.state == TrialState.RUNNING and _is_lost(t, unnamed)]
    for number in lost:
        end_lost(store, number)
    return len(lost)


def take(store: Store, search: Search, now: Sequence[FrozenTrial]) -> Any | None:
    """Take a waiting trial, which no other worker can take as well; None: there is none to take."""
    places = by_place(now)
    first = search.first_alone and not _finished(places.get(0, []))
    for waiting in now:
        place = waiting.user_attrs.get(PLACE)
        if waiting.state != TrialState.WAITING or place is None or (first and place != 0):
            continue
        number = store.id_of(waiting.number)
        try:
            if not store.storage.set_trial_state_values(number, state=TrialState.RUNNING):
                continue
        except optuna.exceptions.UpdateFinishedTrialError:
            continue
        still(store, waiting.number)
        store.storage.set_trial_user_attr(number, WORKER, identity())
        if any(t.number < waiting.number and _counts(t) for t in places[place]):
            # Two that start a sweep at the same moment queue each place twice.
            store.storage.set_trial_user_attr(number, SURPLUS, True)
            end_lost(store, waiting.number)
            continue
        # A sampler of its own for each place: a sweep that goes on proposes what it would have.
        store.study.sampler = search.sampler_of(seed_for(search.seed, SAMPLER, place))
        return optuna.trial.Trial(store.study, number)
    return None


def _open(places: Mapping[int, list[FrozenTrial]], planned: Sequence[Values]) -> list[int]:
    return [
        place
        for place in range(len(planned))
        if not any(_counts(t) for t in places.get(place, []))
        and len(places.get(place, [])) < MOST_TRIES
    ]


def _is_lost(trial: FrozenTrial, unnamed: dict[int, float]) -> bool:
    who = trial.user_attrs.get(WORKER)
    if who is not None:
        # One under this worker's own name was broken off.
        return who == identity() or is_dead(who)
    moment = time.monotonic()
    return moment - unnamed.setdefault(trial.number, moment) > UNNAMED_SECONDS


def _try(store: Store, search: Search, trial: Any, objective: Objective) -> str:
    """Try one trial and tell; what it came to, in words."""
    is_first = trial.user_attrs.get(PLACE) == 0
    several = len(store.study.directions) > 1
    losses: list[float] = []

    def report(fold: int, risk: float, lost: Sequence[float]) -> bool:
        losses.extend(map(float, lost))
        if several:
            return False
        trial.report(risk, fold)
        return not is_first and bool(trial.should_prune())

    try:
        with _beating(store, trial.number):
            values = _suggested(trial, search.space)
            found = objective(values, report)
            if found is not None and not all(map(math.isfinite, found)):
                raise ConfigError("the risk is not a number")
        # Before it is told: a trial that has ended has its losses, whoever is killed whenever.
        trial.set_user_attr(LOSSES, losses)
    except optuna.exceptions.UpdateFinishedTrialError:
        return _taken_away(trial)
    except FAILURES as error:
        # The words of a library may hold values of patients; ours do not.
        words = str(error) if isinstance(error, PathgnnError) else type(error).__name__
        return _fail(store, trial, words)
    except BaseException:
        # An interrupt: somebody else, or this one later, shall do it again.
        end_lost(store, trial.number)
        raise
    return _tell(store, trial, found)


def _fail(store: Store, trial: Any, words: str) -> str:
    try:
        trial.set_user_attr(ERROR, words)
        store.study.tell(trial, state=TrialState.FAIL)
    except (optuna.exceptions.UpdateFinishedTrialError, ValueError):
        return _taken_away(trial)
    return f"trial {trial.number}: failed"


def _taken_away(trial: Any) -> str:
    return f"trial {trial.number}: taken away, for its worker was silent for too long"


def _tell(store: Store, trial: Any, found: tuple[float, ...] | None) -> str:
    try:
        if found is None:
            store.study.tell(trial, state=TrialState.PRUNED)
            return f"trial {trial.number}: given up"
        store.study.tell(trial, list(found))
    except ValueError:
        # Optuna's word for a trial that another worker has ended meanwhile.
        return _taken_away(trial)
    return f"trial {trial.number}: {', '.join(f'{v:.4g}' for v in found)}"


def _suggested(trial: Any, space: Space) -> Values:
    out: Values = {}
    for name, part in space.items():
        if isinstance(part, Choices):
            out[name] = trial.suggest_categorical(name, list(part.values))
        elif part.whole:
            out[name] = trial.suggest_int(name, int(part.low), int(part.high))
        else:
            out[name] = trial.suggest_float(name, part.low, part.high, log=part.log)
    return out


@contextmanager
def _beating(store: Store, number: int) -> Iterator[None]:
    """Say every half minute that the worker of a trial is alive."""
    over = Event()

    def beat() -> None:
        while not over.wait(BEAT_SECONDS):
            try:
                still(store, number)
            except (
                optuna.exceptions.UpdateFinishedTrialError,
                optuna.exceptions.StorageInternalError,
            ):
                continue
        store.storage.remove_session()

    thread = Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _check_first(now: Sequence[FrozenTrial]) -> None:
    tried = by_place(now).get(0, [])
    why = next((t.user_attrs[ERROR] for t in tried if ERROR in t.user_attrs), "")
    if len(tried) >= MOST_TRIES and not any(_counts(t) for t in tried):
        why = f"their worker was killed {len(tried)} times; is there enough memory?"
    if why:
        raise ConfigError(
            f"the study's own settings cannot be tried ({why}); does `pathgnn fit` run on it? "
            "Start the sweep again under another name or storage"
        )


def _counts(trial: FrozenTrial) -> bool:
    """Waiting, running, done, given up, or failed for a reason that will not go away."""
    return trial.state != TrialState.FAIL or ERROR in trial.user_attrs


def _finished(tried: list[FrozenTrial]) -> bool:
    return any(t.state == TrialState.COMPLETE for t in tried)
