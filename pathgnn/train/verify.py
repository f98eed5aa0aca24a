"""The winner of a sweep on the patients that the sweep never saw."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.stats import norm

from pathgnn.benefit import metrics
from pathgnn.benefit.metrics import Estimate
from pathgnn.errors import ConfigError
from pathgnn.graph.nodes import Nodes
from pathgnn.seeds import rng_for, seed_for
from pathgnn.train.fit import Recipe
from pathgnn.train.folds import independent_units
from pathgnn.train.nuisance import Nuisances, fit_nuisances
from pathgnn.train.part import learn, places, predict_part
from pathgnn.train.risk import Losses, losses

# Keys of random streams that nothing else uses.
PARTS, HALVES = 36, 37
FEWEST_RESERVED = 20


class Verified(NamedTuple):
    """One contrast on reserved patients, by models of the others; p is valid if asked once.

    `autoc` and `slope` are the winner's, `own_autoc` that of the study's own settings; `ahead` is
    by how much the winner's AUTOC is above.
    """

    arm: str
    n: int
    autoc: Estimate
    p: float
    slope: Estimate
    own_autoc: Estimate
    ahead: Estimate


class Verification(NamedTuple):
    """All contrasts, and the risk of the study's own settings minus the winner's (with its SE).

    `is_own`: the winner is the study's own settings, so that there is nothing to compare.
    """

    contrasts: tuple[Verified, ...]
    risk: float
    own_risk: float
    gained: Estimate
    is_own: bool


def verify(
    winner: tuple[Recipe, Nodes],
    own: tuple[Recipe, Nodes],
    reserved: Bool[np.ndarray, " patient"],
    seed: int,
) -> Verification:
    """Winner and own settings, both learned from the patients of the sweep, on the reserved ones.

    The test of the ranking is valid: neither a weight nor a setting has seen these patients. Ask
    once; a sweep that is changed after this answer has seen them.

    Args:
        winner: The chosen recipe and the cohort on its graph; it may be the study's own.
        own: The study's own.
        reserved: From `Tuned`.
        seed: That of the sweep.

    Raises:
        ConfigError: no patients, or too few, were reserved.
    """
    if reserved.sum() < FEWEST_RESERVED:
        raise ConfigError(
            f"{reserved.sum()} patients were reserved, {FEWEST_RESERVED} are the least: set "
            "`sweep.reserved` before the sweep; whom it has seen cannot judge its winner"
        )
    recipe, nodes = own
    test, train = nodes.take(places(reserved)), nodes.take(places(~reserved))
    scores = fit_nuisances(train, test, recipe.fit.scaling, recipe.estimand)
    # Units of chance are the cohort's: of few reserved groups each patient would count alone.
    scores = scores._replace(group=independent_units(nodes)[reserved])
    path = (seed_for(seed, PARTS), 0)
    is_own = _are_alike(winner[0], recipe)
    tau, *others = (
        predict_part(learn(n, ~reserved, r, path), n.take(places(reserved)), r).default
        for r, n in ((winner,) if is_own else (winner, own))
    )
    ours = tau if is_own else others[0]
    everyone = np.ones(test.n_patients, dtype=bool)
    theirs, mine = (losses(test, scores, t, everyone) for t in (ours, tau))
    contrasts = [
        _contrast(arm, scores, (tau, ours), k, seed) for k, arm in enumerate(nodes.arms[1:])
    ]
    gained = _difference(theirs, mine, scores.group[mine.patient])
    return Verification(tuple(contrasts), mine.risk, theirs.risk, gained, is_own)


def _are_alike(one: Recipe, other: Recipe) -> bool:
    same_graph = one.graph.sha256 == other.graph.sha256
    return same_graph and (one.net, one.fit) == (other.net, other.fit)


def _contrast(
    arm: str,
    scores: Nuisances,
    benefits: tuple[Float[np.ndarray, "patient contrast"], ...],
    k: int,
    seed: int,
) -> Verified:
    on, rng = scores.informs[:, k], rng_for(seed, HALVES, k)
    gain, group = scores.gain[on, k], scores.group[on]
    tau, own = (b[on, k] for b in benefits)
    autoc = metrics.autoc_with_se(tau, gain, rng, group)
    z = autoc.value / autoc.se if autoc.se > 0 else 0.0
    return Verified(
        arm=arm,
        n=int(on.sum()),
        autoc=autoc,
        p=float(2 * norm.sf(abs(z))),
        slope=metrics.blp_slope(tau, gain, group),
        own_autoc=metrics.autoc_with_se(own, gain, rng, group),
        ahead=metrics.autoc_difference(tau, own, gain, rng, group),
    )


def _difference(theirs: Losses, ours: Losses, group: Int[np.ndarray, " unit"]) -> Estimate:
    """Weighted mean of the paired differences of losses, and its standard error."""
    return metrics.mean_gain(theirs.loss - ours.loss, group, ours.weight)
