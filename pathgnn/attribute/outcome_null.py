"""Importance against permuted outcomes, encoders frozen: does the graph's shape alone make it?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, Int
from torch import Tensor

from pathgnn.attribute.exchangeable import Exchangeable, centred, exchangeable, permuted
from pathgnn.attribute.reference import Compared
from pathgnn.attribute.significance import ROUNDING, among, benjamini_hochberg, with_measured
from pathgnn.model.scales import Standardised
from pathgnn.seeds import rng_for
from pathgnn.train.folds import independent_units
from pathgnn.train.part import Member

# A pathway's mean gradient over genes is read at so many patients of a fold, spread evenly over
# them: rounds of messages are nearly straight, and a pass per pathway costs.
READ_AT = 16
# Permuted outcomes times patients, or times genes and omics, worked on at once.
PIECE = 2**24

Activities = Float[np.ndarray, "patient pathway"]


class Importance(NamedTuple):
    """How much each item moves what is predicted, and its mean with permuted outcomes.

    Both are standard deviations over patients. p is one-sided, (b + 1) / (m + 1), against the same
    item with permuted outcomes; q is that of Benjamini and Hochberg. Both are NaN where nothing of
    the item was measured.
    """

    value: Float[np.ndarray, " item"]
    of_permuted: Float[np.ndarray, " item"]
    p: Float[np.ndarray, " item"]
    q: Float[np.ndarray, " item"]


class OutcomeNull(NamedTuple):
    """Importance of genes and pathways to the benefit, of pathways to the outcome of any arm.

    That of genes is what they add through the pathways. `least_p` is as small as p can be,
    `movable` the share of the outcomes that a permutation can move.
    """

    genes: tuple[str, ...]
    pathways: tuple[str, ...]
    gene: Importance
    pathway: Importance
    prognostic: Importance
    least_p: float
    movable: float


class _Frozen(NamedTuple):
    """Rows of the two arms: outcome less its mean in arm and fold, and what reads slopes off it."""

    outcome: Float[np.ndarray, " row"]
    read: Float[np.ndarray, "slope row"]
    moves: Exchangeable


class _Readers(NamedTuple):
    """Spreads over patients that turn slopes of pathways into importance."""

    genes: list[Float[np.ndarray, "pathway gene modality"]]
    activity: Float[np.ndarray, " pathway"]
    trunk: Float[np.ndarray, " pathway"]

    def importance(
        self, slopes: Float[np.ndarray, "draw slope"]
    ) -> tuple[Float[np.ndarray, "draw _"], ...]:
        """Of genes and of pathways to the benefit, of pathways to the outcome."""
        benefit, prognosis = np.split(slopes, 2, axis=1)
        by_fold = [(np.tensordot(benefit, one, 1) ** 2).sum(2) ** 0.5 for one in self.genes]
        pathway = np.abs(benefit) * self.activity
        return np.mean(by_fold, axis=0), pathway, np.abs(prognosis) * self.trunk


def outcome_null(who: Compared, draws: int) -> OutcomeNull:
    """Slopes of pathways refitted in closed form, on the outcomes as they are and permuted.

    Each patient's activities are those of networks that never saw them, so that their outcome can
    be permuted, inside its arm and fold, with the networks as they are. A patient of several arms
    and a group of patients move as one. A hub of the graph needs more importance than others to
    stand out, as it has more with permuted outcomes, too. How often p is small where nothing is to
    be found: benchmarks/outcome_null.py.

    Args:
        who: The cohort and the contrast.
        draws: Permutations.
    """
    activity, trunk = _activities(who)
    frozen = _frozen(who, activity, trunk)
    spreads = [_spread(who, at, members) for at, members in _folds(who)]
    readers = _Readers(spreads, activity.std(0), trunk.std(0))
    found = _compared(frozen, readers, draws, rng_for(who.fitted.seed, 7, 13))
    gene, pathway, prognostic = _of_measured(who, found)
    return OutcomeNull(
        genes=who.nodes.genes,
        pathways=who.fitted.recipe.graph.pathways,
        gene=gene,
        pathway=pathway,
        prognostic=prognostic,
        least_p=1 / (1 + draws),
        movable=frozen.moves.movable,
    )


def _of_measured(who: Compared, found: tuple[Importance, ...]) -> list[Importance]:
    """Families of the genes that are measured, and of the pathways that hold one; NaN elsewhere."""
    measured, graph = who.nodes.measured, who.fitted.recipe.graph
    named = with_measured(graph.members, measured, len(graph.pathways))
    out = []
    for one, known in zip(found, (measured, named, named), strict=True):
        p = one.p[known]
        out.append(one._replace(p=among(known, p), q=among(known, benjamini_hochberg(p))))
    return out


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
    moves = exchangeable(independent_units(who.nodes)[patient], block, patient)
    return _Frozen(outcome, per_size[:, None] * read, moves)


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


def _spread(
    who: Compared, at: Int[np.ndarray, " held"], members: tuple[Member, ...]
) -> Float[np.ndarray, "pathway gene modality"]:
    """What a standard deviation of each measured value adds to each pathway's activity."""
    held = who.nodes.take(torch.from_numpy(at))
    some = torch.linspace(0, len(at) - 1, min(READ_AT, len(at))).long()
    total = torch.zeros(())
    for member in members:
        inputs = member.net.scales(held)
        z = inputs.z[:, some].clone().requires_grad_(True)
        few = Standardised(z, inputs.clinical[some])
        gradient = [_gradient(a, z) for a in member.net(few).activity.mean(0)]
        by_pathway = torch.stack(gradient) if gradient else z.new_zeros(0, len(z), z.shape[2])
        total = total + by_pathway * inputs.z.std(1, correction=0) / len(members)
    return np.asarray(total.numpy())


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


def _compared(
    frozen: _Frozen, readers: _Readers, draws: int, rng: np.random.Generator
) -> tuple[Importance, ...]:
    """Importance with the outcomes as they are beside that with permuted ones, by family."""
    real = readers.importance((frozen.read @ frozen.outcome)[None])
    total, exceed = [[np.zeros(x.shape[1]) for x in real] for _ in range(2)]
    wide = max(len(frozen.outcome), *(one[0].size for one in readers.genes))
    step = max(1, PIECE // max(1, wide))
    for first in range(0, draws, step):
        dealt = permuted(frozen.outcome, frozen.moves, min(step, draws - first), rng)
        slopes = dealt @ frozen.read.T
        for i, found in enumerate(readers.importance(slopes)):
            total[i] += found.sum(0)
            exceed[i] += (found >= real[i] - ROUNDING * np.abs(real[i]).max(initial=0.0)).sum(0)
    out = []
    for of, summed, above in zip(real, total, exceed, strict=True):
        p = (1 + above) / (1 + draws)
        out.append(Importance(of[0], summed / max(1, draws), p, p))
    return tuple(out)
