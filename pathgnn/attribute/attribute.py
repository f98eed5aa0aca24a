"""Attribution of a cohort: accounts of its folds, summed up; in shards where it is large."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from pathgnn.attribute.account import Account, account
from pathgnn.attribute.attribution import Attribution
from pathgnn.attribute.reference import Compared, in_words
from pathgnn.errors import ConfigError
from pathgnn.model.memory import LOST, kept_per_patient, sizes_of
from pathgnn.train.folds import independent_units

# Features of the patients that are explained at once, on the way there and back.
AT_ONCE_BYTES = 2**30
GENES = ("score", "prognostic", "treated")
PATIENTS = ("clinical", "explained", "pathway", "prognostic_pathway")
PROGNOSIS_HELD = "prognosis held at the patient's own"


@dataclass(frozen=True)
class Shard:
    """Some patients' accounts: parts per patient, and sums over them.

    `member` is each network's sum of absolute scores per gene, `counted` over how many patients.
    """

    patients: Int[Tensor, " patient"]
    parts: dict[str, Tensor]
    edge: Float[Tensor, " edge"]
    slope: Float[Tensor, " gene"]
    member: Float[Tensor, "member gene"]
    counted: Int[Tensor, " member"]


def attribute(who: Compared) -> Attribution:
    """Attribution of one contrast's benefit to genes, modalities, pathways and edges.

    Args:
        who: Cross-fitted networks, the cohort they were fitted on, method and reference.

    Raises:
        CohortError: as `shard` does.
    """
    return finished(who, [shard(who, torch.arange(who.nodes.n_patients))])


def shard(who: Compared, patients: Int[Tensor, " patient"]) -> Shard:
    """Accounts of some patients of the cohort, so that several machines can share the work.

    Memory is bounded by `explain.patients_at_once`, beyond what is returned.

    Raises:
        CohortError: not the cohort that the networks were fitted on, or in another order.
    """
    fitted = who.fitted
    fitted.refuse_others(who.nodes)
    sign = high_minus_low(fitted.benefit[:, who.contrast])
    fold = torch.from_numpy(fitted.fold)[patients]
    out = _empty(who, patients)
    for i, member in enumerate(fitted.members):
        n_members = sum(m.fold == member.fold for m in fitted.members)
        mine = torch.nonzero(fold == member.fold)[:, 0]
        for rows in torch.split(mine, who.config.patients_at_once or _fitting(who)):
            at = patients[rows]
            if not len(at):
                continue
            one = account(who, member, at, sign[at])
            _add(out, one, rows, 1 / n_members)
            out.member[i] += one.score.sum(2).abs().sum(1)
        out.counted[i] = len(mine)
    return out


def finished(who: Compared, shards: list[Shard]) -> Attribution:
    """The attribution from shards that hold every patient once.

    Raises:
        ConfigError: a patient is in no shard, or in two.
    """
    fitted, nodes = who.fitted, who.nodes
    patients = torch.cat([s.patients for s in shards])
    order = torch.argsort(patients)
    if not torch.equal(patients[order], torch.arange(nodes.n_patients)):
        n_different = len(set(patients.tolist()))
        raise ConfigError(
            f"the shards hold {len(patients)} accounts of {n_different} patients; the cohort has "
            f"{nodes.n_patients}, each to be in one shard"
        )
    parts = {name: torch.cat([s.parts[name] for s in shards])[order] for name in shards[0].parts}
    counted = sum((s.counted for s in shards), torch.zeros(len(fitted.members), dtype=torch.long))
    member = sum((s.member for s in shards), torch.zeros_like(shards[0].member))
    total = parts["score"].sum((1, 2)) + parts["clinical"].sum(1)
    n = nodes.n_patients
    return Attribution(
        contrast=who.contrast,
        arm=nodes.arms[who.contrast + 1],
        reference_arm=nodes.arms[0],
        unit=fitted.recipe.estimand.unit,
        reference=f"{in_words(who)}; {PROGNOSIS_HELD}",
        method=who.config.method,
        gap=parts["explained"] - total,
        edge=sum((s.edge for s in shards), torch.zeros_like(shards[0].edge)),
        slope=sum((s.slope for s in shards), torch.zeros_like(shards[0].slope)) / n,
        member=member / counted.clamp(min=1)[:, None],
        genes=nodes.genes,
        modalities=nodes.modalities,
        pathways=fitted.recipe.graph.pathways,
        n_seen=nodes.seen.sum(1),
        group=torch.from_numpy(independent_units(nodes)),
        **parts,
    )


def high_minus_low(benefit: Float[np.ndarray, " patient"]) -> Float[Tensor, " patient"]:
    """Weights whose sum over patients is the mean of the top third minus that of the bottom."""
    order = np.argsort(benefit, kind="stable")
    third = max(1, len(order) // 3)
    weight = np.zeros(len(order), dtype=np.float32)
    weight[order[:third]], weight[order[-third:]] = -1 / third, 1 / third
    return torch.from_numpy(weight)


def _add(out: Shard, one: Account, rows: Int[Tensor, " row"], weight: float) -> None:
    for name in GENES:
        out.parts[name][rows] += getattr(one, name).permute(1, 0, 2) * weight
    for name in PATIENTS:
        out.parts[name][rows] += getattr(one, name) * weight
    out.edge.add_(one.edge, alpha=weight)
    out.slope.add_(one.slope, alpha=weight)


def _empty(who: Compared, patients: Int[Tensor, " patient"]) -> Shard:
    nodes, graph, n = who.nodes, who.fitted.recipe.graph, len(patients)
    n_genes, n_members = len(nodes.genes), len(who.fitted.members)
    parts = {name: torch.zeros(n, n_genes, len(nodes.modalities)) for name in GENES}
    parts |= {
        "clinical": torch.zeros(n, len(nodes.covariates)),
        "explained": torch.zeros(n),
        "pathway": torch.zeros(n, len(graph.pathways)),
        "prognostic_pathway": torch.zeros(n, len(graph.pathways)),
    }
    return Shard(
        patients=patients,
        parts=parts,
        edge=torch.zeros(graph.edges.shape[1]),
        slope=torch.zeros(n_genes),
        member=torch.zeros(n_members, n_genes),
        counted=torch.zeros(n_members, dtype=torch.long),
    )


def _fitting(who: Compared) -> int:
    """Patients whose features fit into a gigabyte."""
    nodes, recipe = who.nodes, who.fitted.recipe
    sizes = sizes_of(recipe.graph, len(nodes.modalities), nodes.n_patients, recipe.net)
    return max(1, int(AT_ONCE_BYTES / (LOST * kept_per_patient(sizes))))
