"""What became of the trials of a sweep, and what they depend on."""

from __future__ import annotations

import math
from typing import NamedTuple

import optuna
from optuna.trial import FrozenTrial, TrialState

from pathgnn.train.pruner import PLACE
from pathgnn.train.search_space import Values
from pathgnn.train.trial_store import Store, quiet
from pathgnn.train.trials import ERROR, LOSSES, SURPLUS

# Kept of the whole sweep.
OBJECTIVES = "objectives"
# Fewer different risks say nothing of what they depend on.
FEWEST_COMPARED = 4
ENDED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)


class Tried(NamedTuple):
    """One trial: complete, given up, failed, lost with its worker, waiting or running.

    `excess` is its risk minus that of the study's own settings on the same `folds`, NaN where
    nothing is known; `seconds` where it has ended; `losses` by block of patients, of the folds that
    it has done, none in sweeps of older versions.
    """

    number: int
    place: int
    state: str
    values: tuple[float, ...]
    excess: float
    folds: int
    settings: Values
    seconds: float
    error: str
    losses: tuple[float, ...] = ()


def tried(store: Store) -> tuple[Tried, ...]:
    """Every trial by number."""
    mine, at = _mine(store), risk_at(store)
    first = next((t for t in mine if t.user_attrs[PLACE] == 0 and _is_complete(t)), None)
    return tuple(_tried(t, first, at) for t in mine)


def importance(store: Store) -> dict[str, float]:
    """The share of each setting in what trials differ by, the largest first; empty if too few.

    By the excess over the study's own settings, so that trials that were given up count, too.
    """
    with quiet():
        out = optuna.create_study(storage=optuna.storages.InMemoryStorage())
    for trial, known in zip(_mine(store), tried(store), strict=True):
        if math.isfinite(known.excess):
            out.add_trial(
                optuna.trial.create_trial(
                    params=trial.params, distributions=trial.distributions, value=known.excess
                )
            )
    if len({t.value for t in out.trials}) < FEWEST_COMPARED:
        return {}
    found = optuna.importance.get_param_importances(out)
    return {name: float(share) for name, share in found.items()}


def risk_at(store: Store) -> int:
    """Which of the objectives is the risk."""
    return list(store.study.user_attrs.get(OBJECTIVES, ["risk"])).index("risk")


def _mine(store: Store) -> list[FrozenTrial]:
    return [t for t in store.trials() if PLACE in t.user_attrs and SURPLUS not in t.user_attrs]


def _is_complete(trial: FrozenTrial) -> bool:
    return bool(trial.state == TrialState.COMPLETE)


def _tried(trial: FrozenTrial, first: FrozenTrial | None, at: int) -> Tried:
    ended = trial.state in ENDED and trial.duration is not None
    error = str(trial.user_attrs.get(ERROR, ""))
    words = {TrialState.PRUNED: "given up", TrialState.FAIL: "failed" if error else "lost"}
    excess, folds = math.nan, len(trial.intermediate_values)
    if first is not None and trial.last_step in first.intermediate_values:
        step = trial.last_step
        excess = trial.intermediate_values[step] - first.intermediate_values[step]
    elif first is not None and _is_complete(trial):
        excess = trial.values[at] - first.values[at]
    return Tried(
        number=trial.number,
        place=int(trial.user_attrs[PLACE]),
        state=words.get(trial.state, trial.state.name.lower()),
        values=tuple(trial.values) if _is_complete(trial) else (),
        excess=excess,
        folds=folds,
        settings=dict(trial.params or trial.system_attrs.get("fixed_params", {})),
        seconds=trial.duration.total_seconds() if ended else 0.0,
        error=error,
        losses=tuple(trial.user_attrs.get(LOSSES, ())),
    )
