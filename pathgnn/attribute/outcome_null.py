"""Importance against permuted outcomes, encoders frozen: does the graph's shape alone make it?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, Int
from torch import Tensor

from pathgnn.attribute.reference import Compared
from pathgnn.attribute.significance import benjamini_hochberg, centred, shuffled
from pathgnn.model.scales import Standardised
from pathgnn.seeds import rng_for
from pathgnn.train.part import Member

# A pathway's mean gradient over genes is read at so many patients of a fold: rounds of messages
# are nearly straight, and a pass per pathway costs.
READ_AT = 16
# Permuted outcomes times patients, or times genes and omics, worked on at once.
PIECE = 2**24

Activities = Float[np.ndarray, "patient pathway"]


class Importance(NamedTuple):
    """How much each item moves what is predicted, and its mean with permuted outcomes.

    Both are standard deviations over patients. p is one-sided, (b + 1) / (m + 1), against the same
    item with permuted outcomes; q is that of Benjamini and Hochberg.
    """

    value: Float[np.ndarray, " item"]
    of_permuted: Float[np.ndarray, " item"]
    p: Float[np.ndarray, " item"]
    q: Float[np.ndarray, " item"]


class OutcomeNull(NamedTuple):
    """Importance of genes and pathways to the benefit, of pathways to the outcome of any arm.

    That of genes is what they add through the pathways.
    """

    genes: tuple[str, ...]
    pathways: tuple[str, ...]
    gene: Importance
    pathway: Importance
    prognostic: Importance


class _Frozen(NamedTuple):
    """Rows of the two arms: outcome within arm and fold, and what reads slopes off it."""

    outcome: Float[np.ndarray, " row"]
    block: Int[np.ndarray, " row"]
    read: Float[np.ndarray, "slope row"]


def outcome_null(who: Compared, draws: int) -> OutcomeNull:
    """Slopes of pathways refitted in closed form, on the outcomes as they are and permuted.

    Each patient's activities are those of networks that never saw them, so that their outcome can
    be permuted, inside its arm and fold, with the networks as they are. A hub of the graph needs
    more importance than others to stand out, as it has more with permuted outcomes, too: of 508
    genes up to three times the median. In 60 simulated trials whose outcomes were permuted before
    training, a pathway's p was .05 or less in 5.6 % (benefit) and in 4.2 % (outcome).

    Args:
        who: The cohort and the contrast.
        draws: Permutations.
    """
    activity, trunk = _activities(who)
    frozen = _frozen(who, activity, trunk)
    slopes = _slopes(frozen, draws, rng_for(who.fitted.seed, 7, 11))
    benefit, prognosis = np.split(slopes, 2, axis=1)
    return OutcomeNull(
        genes=who.nodes.genes,
        pathways=who.fitted.recipe.graph.pathways,
        gene=_compared(_by_gene(who, benefit)),
        pathway=_compared(np.abs(benefit) * activity.std(0)),
        prognostic=_compared(np.abs(prognosis) * trunk.std(0)),
    )


def outcome_null_tables(found: OutcomeNull) -> dict[str, pd.DataFrame]:
    """Genes and pathways, the most important beyond the graph's shape first."""
    columns = ("importance", "of_permuted", "p", "q")
    gene = dict(zip(columns, found.gene, strict=True))
    pathway = dict(zip(columns, found.pathway, strict=True))
    prognostic = {f"prognostic_{c}": x for c, x in zip(columns, found.prognostic, strict=True)}
    tables = {
        "outcome_null_genes": pd.DataFrame({"symbol": found.genes, **gene}),
        "outcome_null_pathways": pd.DataFrame({"Term": found.pathways, **pathway, **prognostic}),
    }
    return {
        name: table.sort_values(["p", "importance"], ascending=[True, False], ignore_index=True)
        for name, table in tables.items()
    }


def _frozen(who: Compared, activity: Activities, trunk: Activities) -> _Frozen:
    """A ridge of the outcome on activities times arm, which is benefit, and on activities.

    Its penalty is that of as many patients as there are slopes, whatever the outcome: permuted and
    real ones are read alike.
    """
    scores, arm, k = who.fitted.scores, who.nodes.arm.numpy(), who.contrast
    rows = np.flatnonzero(np.isin(arm, [0, k + 1]))
    patient, treated = who.nodes.patient_of.numpy()[rows], arm[rows] > 0
    e = scores.propensity[rows]
    chance = e[:, k + 1] / (e[:, 0] + e[:, k + 1])
    block = 2 * who.fitted.fold[patient] + treated
    both = np.concatenate([(treated - chance)[:, None] * activity[patient], trunk[patient]], 1)
    x = centred(both, block)
    size = np.sqrt((x**2).mean(0))
    per_size = np.where(size > 0, 1 / np.where(size > 0, size, 1), 0)
    x *= per_size
    read = np.linalg.solve(x.T @ x + x.shape[1] * np.eye(x.shape[1]), x.T)
    outcome = centred(scores.value[rows][:, None], block)[:, 0]
    return _Frozen(outcome, block, per_size[:, None] * read)


def _slopes(
    frozen: _Frozen, draws: int, rng: np.random.Generator
) -> Float[np.ndarray, "draw slope"]:
    """Of the outcome as it is, then of the permuted ones."""
    out = [frozen.read @ frozen.outcome]
    step = max(1, PIECE // len(frozen.outcome))
    for first in range(0, draws, step):
        drawn = shuffled(frozen.outcome, frozen.block, min(step, draws - first), rng)
        out.extend(drawn @ frozen.read.T)
    return np.stack(out)


def _activities(who: Compared) -> tuple[Activities, Activities]:
    """For benefit and for prognosis, mean over the networks that never saw the patient."""
    n, n_pathways = who.nodes.n_patients, len(who.fitted.recipe.graph.pathways)
    out = np.zeros((2, n, n_pathways))
    for at, members in _folds(who):
        held = who.nodes.take(torch.from_numpy(at))
        for member in members:
            with torch.no_grad():
                scores = member.net(member.net.scales(held))
            both = torch.stack([scores.activity, scores.trunk_activity[:, :n_pathways]])
            out[:, at] += both.double().numpy() / len(members)
    return out[0], out[1]


def _by_gene(
    who: Compared, slopes: Float[np.ndarray, "draw pathway"]
) -> Float[np.ndarray, "draw gene"]:
    """Spread of what each gene adds to the benefit through the pathways, mean over folds."""
    folds = _folds(who)
    out = np.zeros((len(slopes), len(who.nodes.genes)))
    for at, members in folds if slopes.shape[1] else []:
        spread = _spread(who, at, members)
        step = max(1, PIECE // spread[0].size)
        for first in range(0, len(slopes), step):
            part = np.tensordot(slopes[first : first + step], spread, 1)
            out[first : first + step] += np.sqrt((part**2).sum(2)) / len(folds)
    return out


def _spread(
    who: Compared, at: Int[np.ndarray, " held"], members: tuple[Member, ...]
) -> Float[np.ndarray, "pathway gene modality"]:
    """What a standard deviation of each measured value adds to each pathway's activity."""
    held = who.nodes.take(torch.from_numpy(at))
    total = torch.zeros(())
    for member in members:
        inputs = member.net.scales(held)
        z = inputs.z[:, :READ_AT].clone().requires_grad_(True)
        few = Standardised(z, inputs.clinical[:READ_AT])
        gradient = [_gradient(a, z) for a in member.net(few).activity.mean(0)]
        total = total + torch.stack(gradient) * inputs.z.std(1, correction=0) / len(members)
    return np.asarray(total.double().numpy())


def _gradient(value: Tensor, z: Tensor) -> Float[Tensor, "gene modality"]:
    (gradient,) = torch.autograd.grad(value, z, retain_graph=True)
    return gradient.sum(1)


def _folds(who: Compared) -> list[tuple[Int[np.ndarray, " held"], tuple[Member, ...]]]:
    """The patients of each fold and the networks that never saw them."""
    fitted = who.fitted
    return [
        (np.flatnonzero(fitted.fold == k), tuple(m for m in fitted.members if m.fold == k))
        for k in range(fitted.recipe.fit.folds)
    ]


def _compared(importance: Float[np.ndarray, "draw item"]) -> Importance:
    """The first row against the others."""
    real, permuted = importance[0], importance[1:]
    p = (1 + (permuted >= real - 1e-12).sum(0)) / (1 + len(permuted))
    return Importance(real, permuted.mean(0), p, benjamini_hochberg(p))
