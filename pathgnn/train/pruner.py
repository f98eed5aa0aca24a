"""When a sweep gives a trial up before all of its folds are done."""

from __future__ import annotations

from typing import Any

from optuna.pruners import BasePruner, MedianPruner, NopPruner
from optuna.trial import FrozenTrial, TrialState

# What a trial is called by: its place in the sweep; 0 is the study's own settings.
PLACE = "place"
# One fold has too few patients to give a trial up.
WARM_UP = 1
# Half of the others say something once there are so many.
FEWEST_OTHERS = 5


class ReferencePruner(BasePruner):  # type: ignore[misc]
    """Gives up what is worse, on the same folds, than the first trial: the study's own settings.

    Unlike the median of the others, that does not depend on which trials finished first, so that
    any number of processes gives up the same trials.
    """

    def prune(self, study: Any, trial: FrozenTrial) -> bool:
        """Is the mean risk of two folds or more above that of the study's own settings?

        These have the first place, which need not be the first number: a worker can die.
        """
        done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        own = [t for t in done if t.user_attrs.get(PLACE) == 0]
        step = trial.last_step
        if not own or step is None or step < WARM_UP:
            return False
        first = own[0].intermediate_values
        return step in first and bool(trial.intermediate_values[step] > first[step])


def pruner_of(name: str) -> BasePruner:
    """The pruner of this name."""
    if name == "reference":
        return ReferencePruner()
    if name == "median":
        return MedianPruner(n_startup_trials=FEWEST_OTHERS, n_warmup_steps=WARM_UP)
    return NopPruner()
