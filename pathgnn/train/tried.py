"""What became of the trials of a sweep, and which is the best."""

from __future__ import annotations

from typing import NamedTuple

from optuna.trial import FrozenTrial, TrialState

from pathgnn.errors import ConfigError
from pathgnn.train.search_space import Values
from pathgnn.train.trial_store import Store
from pathgnn.train.trials import ERROR, PLACE, SURPLUS

# Kept of the whole sweep.
OBJECTIVES = "objectives"
ENDED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)


class Tried(NamedTuple):
    """One trial: complete, given up, failed, waiting or running; `seconds` where it has ended."""

    number: int
    place: int
    state: str
    values: tuple[float, ...]
    settings: Values
    seconds: float
    error: str


def tried(store: Store) -> tuple[Tried, ...]:
    """Every trial by number."""
    return tuple(
        _tried(t) for t in store.trials() if PLACE in t.user_attrs and SURPLUS not in t.user_attrs
    )


def best_of(store: Store) -> Tried:
    """The complete trial with the least risk; of several objectives, on their front."""
    front = {t.number for t in store.study.best_trials} if _complete(store) else set()
    at = list(store.study.user_attrs.get(OBJECTIVES, ["risk"])).index("risk")
    known = [t for t in tried(store) if t.number in front]
    if not known:
        raise ConfigError("no trial of the sweep is complete yet; run `pathgnn sweep` first")
    return min(known, key=lambda t: (t.values[at], t.place))


def _complete(store: Store) -> bool:
    return bool(store.trials(TrialState.COMPLETE))


def _tried(trial: FrozenTrial) -> Tried:
    spent = trial.duration.total_seconds() if trial.state in ENDED and trial.duration else 0.0
    values = tuple(trial.values or ()) if trial.state == TrialState.COMPLETE else ()
    fixed = trial.system_attrs.get("fixed_params", {})
    error = str(trial.user_attrs.get(ERROR, ""))
    words = {TrialState.PRUNED: "given up", TrialState.FAIL: "failed" if error else "lost"}
    state = words.get(trial.state, trial.state.name.lower())
    settings = dict(trial.params or fixed)
    place = int(trial.user_attrs[PLACE])
    return Tried(trial.number, place, state, values, settings, spent, error)
