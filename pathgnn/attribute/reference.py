"""References: the patient that everybody is compared with."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Int
from torch import Tensor

from pathgnn.cohort.small_cells import shown_count
from pathgnn.errors import ConfigError
from pathgnn.graph.nodes import Nodes
from pathgnn.model.config import ExplainConfig
from pathgnn.model.scales import Standardised
from pathgnn.seeds import rng_for
from pathgnn.train.fitted import Fitted
from pathgnn.train.part import Member

MEAN, CONTROL, HEALTHY = "mean", "control arm", "healthy"
OPPOSITE, DISTRIBUTION = "opposite third", "distribution"
# Patients of the opposite third with the nearest prognosis, whose mean is the reference.
NEAREST = 10

IN_WORDS = {
    MEAN: "training mean, wild type",
    CONTROL: "mean of the training patients in the reference arm",
    HEALTHY: "mean of the healthy samples",
    OPPOSITE: "patients of the opposite third of benefit with the nearest prognosis",
    DISTRIBUTION: "every one of a sample of training patients, then the mean",
}


class Compared(NamedTuple):
    """Who is explained, and what is known to compare with.

    `at` are places in the cohort; `healthy` samples of tissue without disease on the same graph.
    """

    fitted: Fitted
    nodes: Nodes
    config: ExplainConfig
    contrast: int
    healthy: Nodes | None = None


def in_words(who: Compared) -> str:
    """The reference in words; of healthy samples, what they tell and what they do not."""
    healthy = who.healthy
    if who.config.reference != HEALTHY or healthy is None:
        return IN_WORDS[who.config.reference]
    counts = dict(zip(healthy.modalities, healthy.seen.any(0).sum(0).tolist(), strict=True))
    have = ", ".join(f"{shown_count(n)} with {name}" for name, n in counts.items() if n)
    lack = [name for name, n in counts.items() if not n]
    lack += ["clinical covariates"] * (not healthy.clinical_seen.any())
    rest = f"; of {', '.join(lack)} the training mean or wild type" if lack else ""
    return f"{IN_WORDS[HEALTHY]} ({have}){rest}"


def healthy_digest(healthy: Nodes | None) -> str:
    """Names the healthy samples' values; empty without any."""
    if healthy is None:
        return ""
    parts = (healthy.x, healthy.seen, healthy.clinical, healthy.clinical_seen)
    return hashlib.sha256(b"".join(part.numpy().tobytes() for part in parts)).hexdigest()


def references(who: Compared, member: Member, at: Int[Tensor, " patient"]) -> list[Standardised]:
    """The references of some held-out patients, learned on the network's training patients.

    What was not seen of a patient stays at 0 in its references, so it gets no attribution.

    Raises:
        ConfigError: healthy samples are asked for and not given, or are on another graph.
    """
    held = who.nodes.take(at)
    inputs = member.net.scales(held)
    seen, known = held.seen, held.clinical_seen
    name = who.config.reference
    if name == MEAN:
        starts = [Standardised(*(torch.zeros_like(x) for x in inputs))]
    elif name == OPPOSITE:
        starts = [_opposite(who, member, at)]
    elif name == DISTRIBUTION:
        train = member.net.scales(who.nodes.take(_drawn(who, member)))
        starts = [
            Standardised(train.z[:, [i]], train.clinical[[i]]) for i in range(train.z.shape[1])
        ]
    else:
        starts = [_mean(_others(who, member), member)]
    return [Standardised(s.z * seen, s.clinical * known) for s in starts]


def _others(who: Compared, member: Member) -> Nodes:
    """Healthy samples, or the reference arm's training patients."""
    if who.config.reference == CONTROL:
        train = _training(who, member)
        own = who.nodes.patient_of.numpy()[who.nodes.arm.numpy() == 0]
        return who.nodes.take(torch.from_numpy(train[np.isin(train, own)]))
    if who.healthy is None:
        raise ConfigError(
            'explain.reference = "healthy" needs healthy samples: `read_input` reads those of '
            "[explain.healthy]; or pass `healthy`, a projected cohort of them on the same graph"
        )
    same = who.healthy.genes == who.nodes.genes and who.healthy.modalities == who.nodes.modalities
    if not same or who.healthy.covariates != who.nodes.covariates:
        raise ConfigError(
            "the healthy samples have other genes, omics or covariates than the cohort; project "
            "them on the same graph with the same omics"
        )
    return who.healthy


def _training(who: Compared, member: Member) -> np.ndarray:
    return np.flatnonzero(who.fitted.fold != member.fold)


def _drawn(who: Compared, member: Member) -> Int[Tensor, " draw"]:
    """The same sample for every patient of a fold, whatever is explained together."""
    rng = rng_for(who.fitted.seed, 7, 5, member.fold)
    train = _training(who, member)
    n = min(who.config.draws, len(train))
    return torch.from_numpy(np.sort(rng.choice(train, n, replace=False)))


def _mean(others: Nodes, member: Member) -> Standardised:
    """Mean of what was seen."""
    inputs = member.net.scales(others)
    z = _seen_mean(inputs.z, others.seen, 1)
    return Standardised(z, _seen_mean(inputs.clinical, others.clinical_seen, 0))


def _seen_mean(x: Tensor, seen: Bool[Tensor, "..."], axis: int) -> Tensor:
    n = seen.sum(axis, keepdim=True).clamp(min=1)
    return (x * seen).sum(axis, keepdim=True) / n


def _opposite(who: Compared, member: Member, at: Int[Tensor, " patient"]) -> Standardised:
    """For the upper half of benefit the lower third of the training patients, and so on.

    Those with the nearest predicted outcome without treatment, so that the difference is one of
    benefit and not of prognosis.
    """
    benefit, mu = who.fitted.benefit[:, who.contrast], who.fitted.mu[:, 0]
    train = _training(who, member)
    order = train[np.argsort(benefit[train], kind="stable")]
    third = max(1, len(order) // 3)
    low, high, middle = order[:third], order[-third:], np.median(benefit[train])
    z, clinical = [], []
    for i in at.numpy():
        there = low if benefit[i] > middle else high
        nearest = there[np.argsort(np.abs(mu[there] - mu[i]), kind="stable")[:NEAREST]]
        mean = _mean(who.nodes.take(torch.from_numpy(np.sort(nearest))), member)
        z.append(mean.z)
        clinical.append(mean.clinical)
    return Standardised(torch.cat(z, 1), torch.cat(clinical, 0))
