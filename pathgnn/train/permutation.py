"""Permutation test of the ranking: arms permuted inside strata, everything trained anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.special import gammaln

from pathgnn.benefit.evidence_findings import PermutationTest
from pathgnn.benefit.metrics import autoc_with_se
from pathgnn.errors import ConfigError
from pathgnn.graph.nodes import Nodes
from pathgnn.seeds import rng_for, seed_for
from pathgnn.train.crossfit import fit_networks
from pathgnn.train.fit import Recipe
from pathgnn.train.linear import Benefits
from pathgnn.train.nuisance import Nuisances

# Keys of random streams that cross-fitting does not use: draws, arms, half-samples.
DRAW, ARMS, HALVES = 1001, 11, 12
# With fewer ways to assign the arms no p could be below 5 %.
FEWEST_ASSIGNMENTS = 40
NULL_POINTS = (0.05, 0.5, 0.95)
# A ranking that is constant but for rounding has an AUTOC and an error of 0.


def check_exchangeable(nodes: Nodes) -> None:
    """Refuse a cohort whose arms cannot be permuted validly.

    Raises:
        ConfigError: an observational cohort, or strata too fine for the arms to move.
    """
    known = nodes.propensity.shape[1] > 0
    if not (nodes.randomised or nodes.crossover or known):
        raise ConfigError(
            "arms can be permuted only where chance assigned them, and this cohort is "
            "observational: what decided on the treatment would look like a difference in "
            "benefit. The sequential test of the report is the valid one here; in a trial set "
            "`randomised = true`, with its `strata`"
        )
    n = _log_assignments(nodes)
    if n < np.log(FEWEST_ASSIGNMENTS):
        raise ConfigError(
            f"inside the strata there are only {np.exp(n):.0f} ways to assign the arms, too few "
            f"for a test ({FEWEST_ASSIGNMENTS} at least): almost every stratum, or probability "
            "of treatment, is one patient's or one arm's. Use coarser `strata`"
        )


def permuted(
    nodes: Nodes, rng: np.random.Generator, effect: Float[np.ndarray, " contrast"] | None = None
) -> Nodes:
    """The cohort with its arms permuted where chance could have dealt them so.

    Rows trade arms inside a randomisation stratum, and inside equal known probabilities of
    treatment; in a crossover only a patient's own rows do. Where whole groups were given one arm,
    groups trade arms with groups of their size and strata. Every stratum keeps its counts. All
    arms are permuted together: with several, the p of one contrast is exact where no arm's benefit
    differs between patients, and right in large samples where only its own does not.

    Args:
        nodes: The cohort.
        rng: Decides the permutation.
        effect: Effect of each arm against the reference that everybody keeps: it is taken out of
            the outcomes before and put back under the new arms. None: no effect.

    Raises:
        ConfigError: a cohort whose arms cannot be permuted.
    """
    check_exchangeable(nodes)
    unit, block = _exchangeable(nodes)
    arm = nodes.arm.numpy()
    first = np.unique(unit, return_index=True)[1]
    of_unit = arm[first].copy()
    there = np.argsort(block, kind="stable")
    of_unit[there] = of_unit[np.lexsort((rng.random(len(block)), block))]
    new = of_unit[unit]
    value = nodes.value
    if effect is not None:
        each = np.concatenate([[0.0], effect])
        value = (value.double() + torch.from_numpy(each[new] - each[arm])).to(value.dtype)
    return replace(nodes, arm=torch.from_numpy(new), value=value)


def constant_effect(nodes: Nodes, scores: Nuisances) -> Float[np.ndarray, " contrast"]:
    """The average effects that everybody keeps when arms are permuted; 0 unless continuous.

    A class cannot be shifted, nor can months without moving their censoring along: there the test
    relies on its statistic alone, see `statistic`.
    """
    if nodes.outcome != "continuous":
        return np.zeros(len(nodes.arms) - 1)
    n_informing = scores.informs.sum(0).clip(1)
    return np.asarray((scores.gain * scores.informs).sum(0) / n_informing)


def statistic(
    benefit: Benefits, scores: Nuisances, rng: np.random.Generator
) -> Float[np.ndarray, " contrast"]:
    """Pooled AUTOC of every contrast over its half-sample standard error.

    The AUTOC compares gains with their mean, so a constant effect leaves it at 0. Dividing by the
    error gives permuted and real cohorts the same distribution in large samples, also where an
    average effect makes outcomes of the permuted cohort spread more.

    Source: Chung & Romano, Annals of Statistics 2013, 41:484; Ding, Feller & Miratrix, JRSS B
    2016, 78:655 (the effect taken out before permuting).
    """
    out = np.zeros(benefit.shape[1])
    for k in range(len(out)):
        on = scores.informs[:, k]
        autoc = autoc_with_se(benefit[on, k], scores.gain[on, k], rng, scores.group[on])
        out[k] = autoc.value / autoc.se if autoc.se > 0 else 0.0
    return out


def one_draw(
    nodes: Nodes,
    recipe: Recipe,
    effect: Float[np.ndarray, " contrast"],
    path: tuple[int, int],
) -> Float[np.ndarray, " contrast"]:
    """The statistic of one permuted cohort with folds, nuisances, networks and stack trained anew.

    Args:
        nodes: The cohort as it was observed.
        recipe: As for the run that is tested. Settings that were tuned on the benefit of the same
            patients make p too small: the draws do not tune.
        effect: From `constant_effect`, or 0.
        path: Seed and number of the draw; they alone decide it.
    """
    seed = seed_for(path[0], DRAW, path[1])
    drawn = permuted(nodes, rng_for(seed, ARMS), effect)
    fitted = fit_networks(drawn, recipe, seed)
    return statistic(fitted.benefit, fitted.scores, rng_for(seed, HALVES))


def permutation_test(observed: float, drawn: Sequence[float | None]) -> PermutationTest:
    """p of one contrast from the statistics of permuted cohorts.

    The observed cohort counts as one draw more, so that p is never 0. Two-sided p is twice the
    smaller one-sided one.

    Args:
        observed: Statistic of the cohort as it is.
        drawn: Those of the draws; None where a draw could not be trained: it counts against.

    Source: Phipson & Smyth, Stat Appl Genet Mol Biol 2010, 9:39.
    """
    known = np.array([d for d in drawn if d is not None], dtype=float)
    failed = len(drawn) - len(known)
    up, down = (
        (1 + failed + int(beyond.sum())) / (1 + len(drawn))
        for beyond in (known >= observed, known <= observed)
    )
    points = np.quantile(known, NULL_POINTS) if len(known) else np.full(3, np.nan)
    low, median, high = points.tolist()
    return PermutationTest(
        observed, min(1.0, 2 * min(up, down)), up, low, median, high, len(drawn), failed
    )


def _exchangeable(nodes: Nodes) -> tuple[Int[np.ndarray, " row"], Int[np.ndarray, " unit"]]:
    """The unit of each row, and the block of each unit, inside which units may trade arms."""
    patient_of = nodes.patient_of.numpy()
    fixed = [nodes.stratum.numpy(), *nodes.propensity.double().numpy().round(6).T]
    fixed += [patient_of] if nodes.crossover else []
    like = np.unique(np.stack(fixed, 1), axis=0, return_inverse=True)[1].reshape(-1)
    unit = _units(nodes)
    order = np.lexsort((like, unit))
    ends = np.flatnonzero(np.diff(unit[order])) + 1
    # Units that hold the same strata as often; that includes the same size.
    held = [tuple(part) for part in np.split(like[order], ends)]
    number = {strata: i for i, strata in enumerate(dict.fromkeys(held))}
    return unit, np.array([number[strata] for strata in held])


def _units(nodes: Nodes) -> Int[np.ndarray, " row"]:
    """What got its arm as one: a row, or a whole group where no group has two arms."""
    rows = np.arange(len(nodes.arm))
    if nodes.crossover:
        return rows
    group = np.unique(nodes.group.numpy()[nodes.patient_of.numpy()], return_inverse=True)[1]
    pairs = np.unique(np.stack([group, nodes.arm.numpy()]), axis=1)
    return group if pairs.shape[1] == group.max() + 1 else rows


def _log_assignments(nodes: Nodes) -> float:
    """Logarithm of the number of different assignments that permuting can reach."""
    unit, block = _exchangeable(nodes)
    arm = nodes.arm.numpy()[np.unique(unit, return_index=True)[1]]
    count = np.zeros((block.max() + 1, len(nodes.arms)))
    np.add.at(count, (block, arm), 1)
    return float((gammaln(count.sum(1) + 1) - gammaln(count + 1).sum(1)).sum())
