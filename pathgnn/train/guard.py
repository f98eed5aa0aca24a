"""The guard of a sweep: the study's own settings stay unless a trial is clearly better."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from pathgnn.benefit.sweep_findings import Rival, choice_finding
from pathgnn.benefit.verdict import Finding
from pathgnn.errors import ConfigError
from pathgnn.seeds import rng_for
from pathgnn.train.tried import Tried

# Key of a random stream that nothing else uses.
SIGNS = 39
FLIPS = 9999
# Trials whose flipped sums are held at once.
AT_ONCE = 500
# Sums in units of their spread that differ by less differ by rounding.
TINY = 1e-9
COMPARED = ("complete", "given up")


class Guard(NamedTuple):
    """The trial of the study's own settings, that of least risk, the winner, and why it wins.

    `p` by number of the complete trial: NaN where no losses were kept; the study's own has none.
    `n_rivals` have been compared with the study's own settings.
    """

    own: Tried
    least: Tried
    chosen: Tried
    p: Mapping[int, float]
    level: float
    n_rivals: int

    @property
    def finding(self) -> Finding:
        """Which settings win, and why, in words."""
        chosen, least = (
            Rival(t.number, -t.excess, self.p[t.number]) if t.place else None
            for t in (self.chosen, self.least)
        )
        return choice_finding(chosen, least, self.level, self.n_rivals)


def guard_of(trials: Sequence[Tried], level: float, seed: int) -> Guard:
    """Of the study's own settings and the trials that are clearly better, that of least risk.

    Clearly better is a trial with `p` at or below `level`; at level 1 all are, and the least risk
    wins. Where none is better in truth, the own settings stay with a probability of about 1 - level
    (see `chances`).

    Args:
        trials: Of a sweep that may still go on.
        level: In (0, 1].
        seed: Decides the signs in `chances`.

    Raises:
        ConfigError: the trial of the study's own settings is not complete.
    """
    own = next((t for t in trials if t.place == 0 and t.state == "complete"), None)
    if own is None:
        raise ConfigError("the study's own settings are not tried yet; run `pathgnn sweep` first")
    rivals = [t for t in trials if t.place and t.state in COMPARED]
    done = [t for t in rivals if t.state == "complete"]
    p = dict(zip((t.number for t in rivals), _chances(own, rivals, seed), strict=True))
    clear = [t for t in done if level == 1 or p[t.number] <= level]
    least, chosen = (min((own, *some), key=_by_risk) for some in (done, clear))
    return Guard(own, least, chosen, {t.number: p[t.number] for t in done}, level, len(rivals))


def chances(
    ahead: Float[np.ndarray, "trial block"], rng: np.random.Generator
) -> Float[np.ndarray, " trial"]:
    """How likely the best of these trials is so far ahead when none is better, for each.

    A trial is ahead by the sum of its paired differences over blocks of patients, in units of
    their root sum of squares. Where it is no better, each difference might as well have the other
    sign. The largest over all trials is compared with what it is under random signs, the same for
    all trials: the choice among many is paid for, and cheap where they hardly differ.

    Trials that were given up count by the folds that they had: each could have been the largest.
    Exact for differences that are symmetric about 0, otherwise for many blocks: of 225 patients
    whose differences all lean one way, 1 to 10 % were taken at 5 %. It speaks of the models trained
    here, not of others by the same settings. A sampler that learns from finished trials has seen
    the losses, and is ahead by chance more often.

    Args:
        ahead: Losses of the study's own settings minus those of a trial, 0 where it has none.
        rng: Draws the signs.

    Source: White, Econometrica 2000, 68:1097 (largest of many); Hemerik, Goeman & Finos, J R Stat
    Soc B 2020, 82:841 (signs); Bayle et al., NeurIPS 2020, arXiv 2007.12671 (losses of all folds).
    """
    spread = np.sqrt((ahead**2).sum(1, keepdims=True))
    unit = np.divide(ahead, spread, out=np.zeros_like(ahead), where=spread > 0)
    sign = rng.choice([-1.0, 1.0], (FLIPS, ahead.shape[1]))
    largest = np.full(FLIPS, -np.inf)
    for first in range(0, len(unit), AT_ONCE):
        found = sign @ unit[first : first + AT_ONCE].T
        largest = np.maximum(largest, found.max(1))
    below = np.searchsorted(np.sort(largest), unit.sum(1) - TINY)
    return np.asarray((1 + FLIPS - below) / (1 + FLIPS))


def _chances(own: Tried, rivals: Sequence[Tried], seed: int) -> list[float]:
    """Of each rival; NaN where it, or the study's own trial, kept no losses."""
    kept = [bool(own.losses and t.losses) for t in rivals]
    out = np.full(len(rivals), math.nan)
    if any(kept):
        ahead = np.zeros((sum(kept), len(own.losses)))
        some = (t.losses for t, is_kept in zip(rivals, kept, strict=True) if is_kept)
        for row, lost in zip(ahead, some, strict=True):
            row[: len(lost)] = np.subtract(own.losses[: len(lost)], lost)
        out[kept] = chances(ahead, rng_for(seed, SIGNS))
    return [float(p) for p in out]


def _by_risk(trial: Tried) -> tuple[float, int]:
    return trial.excess, trial.place
