"""Leakage guard: single inputs and whole omics that tell the outcome too well to be true."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int
from scipy.special import gammaln
from scipy.stats import norm, rankdata
from scipy.stats import t as student

from pathgnn.benefit.questions import Question, classes
from pathgnn.benefit.verdict import Finding
from pathgnn.cohort.pieces import pieces
from pathgnn.cohort.split import fold_of

# Almost perfect: honest single markers reach .9 of AUC at most, honest omics seldom .97.
PERFECT_AUC, PERFECT_RHO = 0.97, 0.95
SURE = 0.01
FEWEST_MEASURED, FEWEST_PER_CLASS = 20, 5
OMIC_AUC, OMIC_LOW, OMIC_FEWEST = 0.97, 0.92, 15
N_FOLDS = 5
NAMED = 3


class Hit(NamedTuple):
    """An input that separates: its name, AUC or |Spearman|, p before any correction, patients."""

    feature: str
    strength: float
    p: float
    n: int


def input_findings(
    table: pd.DataFrame,
    where: str,
    patients: tuple[str, ...],
    questions: tuple[Question, ...],
) -> tuple[Finding, ...]:
    """A finding for each question that some column answers almost perfectly.

    Args:
        table: patient x feature.
        where: "Omic 'x'" or "Clinical covariates", the sentence's first words.
        patients: Whom the questions' values belong to.
        questions: Outcome and arms.

    A column must be almost perfect and stay significant after Bonferroni over all columns.
    """
    hits: list[list[Hit]] = [[] for _ in questions]
    for piece in pieces(table, patients):
        ranked: dict[bytes, Float[np.ndarray, "known feature"]] = {}
        for listed, question in zip(hits, questions, strict=True):
            on = question.known
            key = on.tobytes()
            # Sorting is what takes the time, and most questions are asked of the same patients.
            if key not in ranked:
                ranked[key] = ranks_of(piece.values[on])
            listed += _hits(piece.features, ranked[key], question)
    n_tests = max(1, table.shape[1] * len(questions))
    out, said = [], set[str]()
    for listed, question in zip(hits, questions, strict=True):
        sure = [h for h in listed if h.p * n_tests < SURE and h.feature not in said]
        said |= {h.feature for h in sure}
        if sure:
            out.append(_separates(where, sorted(sure, key=lambda h: -h.strength), question))
    return tuple(out)


def ranks_of(values: Float[np.ndarray, "patient feature"]) -> Float[np.ndarray, "patient feature"]:
    """Ranks within each feature, ties at their mean, NaN where not measured."""
    return np.asarray(rankdata(values, axis=0, nan_policy="omit"), dtype=float)


def separation(
    ranks: Float[np.ndarray, "known feature"], question: Question
) -> tuple[
    Float[np.ndarray, " feature"], Float[np.ndarray, " feature"], Float[np.ndarray, " feature"]
]:
    """How well each feature tells the answer, its p, and how many patients were compared.

    Args:
        ranks: Of the patients for whom the answer is known.
        question: What is asked.

    AUC from .5 to 1 for classes, |Spearman| for numbers; p of the permutation distribution with
    ties, by its normal (classes) or t (numbers) approximation, exact where classes are perfectly
    apart. Features measured too seldom have strength 0.
    """
    on = question.known
    seen = ~np.isnan(ranks)
    n = seen.sum(0).astype(float)
    y = question.value[on] if question.binary else rankdata(question.value[on])
    with np.errstate(invalid="ignore", divide="ignore"):
        r = _correlation(np.nan_to_num(ranks), seen, y, n)
        if question.binary:
            strength, p = _auc(np.nan_to_num(ranks), seen, y, r)
        else:
            strength = np.abs(r)
            p = 2 * student.sf(strength * np.sqrt((n - 2) / (1 - r**2).clip(1e-12)), n - 2)
    enough = (n >= FEWEST_MEASURED) & np.isfinite(strength) & np.isfinite(p)
    return np.where(enough, strength, 0.0), np.where(enough, p, 1.0), n


def omic_finding(
    name: str,
    gram: Float[np.ndarray, "patient patient"],
    has: Bool[np.ndarray, " patient"],
    questions: tuple[Question, ...],
    rng: np.random.Generator,
    group: Int[np.ndarray, " patient"] | None = None,
) -> tuple[Finding, ...]:
    """Does a plain ridge on this omic alone tell the outcome almost perfectly?

    Args:
        name: The omic.
        gram: Inner products of its patients.
        has: Who was measured.
        questions: About the outcome.
        rng: Deals the folds.
        group: A number per group of patients that stays in one fold; None: each is alone.
    """
    question = classes(questions)
    if question is None:
        return ()
    on = has & ~np.isnan(question.value)
    y = question.value[on]
    if min((y == 0).sum(), (y == 1).sum()) < OMIC_FEWEST:
        return ()
    auc, low = cross_validated_auc(
        gram[np.ix_(on, on)], y, rng, None if group is None else group[on]
    )
    if auc < OMIC_AUC or low < OMIC_LOW:
        return ()
    said = f"Omic '{name}' alone tells {question.what} almost perfectly: a cross-validated ridge "
    said += f"reaches AUC {auc:.3f} (95 % from {low:.3f}) in {len(y)} patients. Were the classes "
    said += "measured, called or filtered apart? Rebuild the table for all patients in one way, or "
    said += "leave the omic out; keep it only if the difference is known to be that large."
    return (Finding("warning", "leak", auc, said),)


def cross_validated_auc(
    gram: Float[np.ndarray, "patient patient"],
    y: Float[np.ndarray, " patient"],
    rng: np.random.Generator,
    group: Int[np.ndarray, " patient"] | None = None,
) -> tuple[float, float]:
    """AUC of a kernel ridge over five folds, and its lower 95 % limit.

    One penalty, the mean of the diagonal: nothing is tuned. Limit: Hanley & McNeil 1982.
    """
    codes = None if group is None else np.unique(group, return_inverse=True)[1]
    if codes is not None and codes.max() + 1 < N_FOLDS:
        codes = None
    fold = fold_of(y.astype(int), np.arange(len(y)), N_FOLDS, rng, codes)
    k = gram.astype(float)
    k = k / np.trace(k).clip(1e-12) * len(y)
    score = np.empty(len(y))
    for f in range(N_FOLDS):
        train, test = fold != f, fold == f
        centred = y[train] - y[train].mean()
        alpha = np.linalg.solve(k[np.ix_(train, train)] + np.eye(train.sum()), centred)
        score[test] = k[np.ix_(test, train)] @ alpha
    n1, n0 = float(y.sum()), float((1 - y).sum())
    auc = float((rankdata(score)[y == 1].sum() - n1 * (n1 + 1) / 2) / (n1 * n0))
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    spread = auc * (1 - auc) + (n1 - 1) * (q1 - auc**2) + (n0 - 1) * (q2 - auc**2)
    return auc, auc - 1.96 * float(np.sqrt(max(spread, 0.0) / (n1 * n0)))


def gram_matrix(
    table: pd.DataFrame, patients: tuple[str, ...], scaled: bool
) -> Float[np.ndarray, "patient patient"]:
    """Inner products of patients over centred features, gaps at the mean.

    Args:
        table: patient x feature.
        patients: Rows and columns of the answer.
        scaled: Unit variance per feature; not for mutations, where rare genes would rule.
    """
    out = np.zeros((len(patients), len(patients)), dtype=np.float32)
    for piece in pieces(table, patients):
        seen = ~np.isnan(piece.values)
        n = seen.sum(0).clip(1)
        x = piece.values - (np.nansum(piece.values, 0, dtype=float) / n).astype(np.float32)
        x = np.where(seen, x, np.float32(0))
        if scaled:
            spread = np.sqrt((x**2).sum(0) / n)
            x = x / np.where(spread > 1e-6, spread, np.inf).astype(np.float32)
        out += x @ x.T
    return out


def _hits(
    features: tuple[str, ...], ranks: Float[np.ndarray, "known feature"], question: Question
) -> list[Hit]:
    strength, p, n = separation(ranks, question)
    least = PERFECT_AUC if question.binary else PERFECT_RHO
    at = np.flatnonzero(strength >= least)
    return [Hit(features[j], float(strength[j]), float(p[j]), int(n[j])) for j in at]


def _correlation(
    ranks: Float[np.ndarray, "patient feature"],
    seen: Bool[np.ndarray, "patient feature"],
    y: Float[np.ndarray, " patient"],
    n: Float[np.ndarray, " feature"],
) -> Float[np.ndarray, " feature"]:
    """Pearson over the patients seen; ranks are 0 elsewhere."""
    held = seen.astype(float)
    mean_x, mean_y = ranks.sum(0) / n, (y @ held) / n
    cov = y @ ranks / n - mean_x * mean_y
    var_x = (ranks**2).sum(0) / n - mean_x**2
    var_y = (y**2 @ held) / n - mean_y**2
    return np.asarray(cov / np.sqrt(var_x * var_y))


def _auc(
    ranks: Float[np.ndarray, "patient feature"],
    seen: Bool[np.ndarray, "patient feature"],
    y: Float[np.ndarray, " patient"],
    r: Float[np.ndarray, " feature"],
) -> tuple[Float[np.ndarray, " feature"], Float[np.ndarray, " feature"]]:
    n = seen.sum(0).astype(float)
    n1 = y @ seen.astype(float)
    n0 = n - n1
    auc = ((y @ ranks) / n1 - (n1 + 1) / 2) / n0
    strength = np.maximum(auc, 1 - auc)
    p = 2 * norm.sf(np.abs(r) * np.sqrt(n - 1))
    exact = 2 * np.exp(gammaln(n1 + 1) + gammaln(n0 + 1) - gammaln(n + 1))
    p = np.where(strength > 1 - 1e-9, np.minimum(p, exact), p)
    enough = np.minimum(n1, n0) >= FEWEST_PER_CLASS
    return np.where(enough, strength, 0.0), np.where(enough, p, 1.0)


def _separates(where: str, hits: list[Hit], question: Question) -> Finding:
    best = hits[0]
    number = "AUC" if question.binary else "|Spearman|"
    names = ", ".join(f"'{h.feature}'" for h in hits[:NAMED])
    more = f" and {len(hits) - NAMED} more" if len(hits) > NAMED else ""
    said = f"{where}: {names}{more} tell{'' if len(hits) > 1 else 's'} {question.what} almost "
    said += f"perfectly ({number} {best.strength:.3f} in {best.n} patients). "
    if question.topic == "leak":
        said += "What was made from the outcome, or is known only after it, must not be an input: "
        said += "find out where it comes from, and leave it out."
    else:
        said += "It may be the treatment itself or follow from it: an input must be known before "
        said += "treatment, so leave it out unless it is."
    return Finding("warning", question.topic, best.strength, said)
