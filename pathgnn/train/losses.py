"""What training makes small: outcome loss, orthogonal benefit loss, and penalties."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from pathgnn.benefit.estimand import Estimand
from pathgnn.graph.nodes import Nodes
from pathgnn.model.config import FitConfig
from pathgnn.model.conv_attention import AttentionConv
from pathgnn.model.head import observed
from pathgnn.model.network import PathwayNet, Scores
from pathgnn.train.nuisance import Nuisances

# Penalty of slopes that are to be nearly free, and finite for a level nobody died of.
FREE = 0.5


class Targets(NamedTuple):
    """Benefit scores of the training patients as tensors, in units of their spread."""

    gain: Float[Tensor, "patient contrast"]
    weight: Float[Tensor, "patient contrast"]
    mu: Float[Tensor, "patient arm"]
    value: Float[Tensor, " row"]
    propensity: Float[Tensor, "row arm"]
    unit: float

    def take(self, patients: Int[Tensor, " chosen"], rows: Int[Tensor, " picked"]) -> Targets:
        """Those of some patients and their rows."""
        return Targets(
            self.gain[patients],
            self.weight[patients],
            self.mu[patients],
            self.value[rows],
            self.propensity[rows],
            self.unit,
        )

    def to(self, device: torch.device) -> Targets:
        """The same on another device."""
        tensors = (self.gain, self.weight, self.mu, self.value, self.propensity)
        gain, weight, mu, value, propensity = (part.to(device) for part in tensors)
        return Targets(gain, weight, mu, value, propensity, self.unit)


def targets_of(scores: Nuisances) -> Targets:
    """Nuisances as tensors."""
    parts = (scores.gain, scores.weight, scores.mu, scores.value, scores.propensity)
    tensors = (torch.from_numpy(np.asarray(part, dtype=np.float32)) for part in parts)
    gain, weights, mu, value, propensity = tensors
    return Targets(gain, weights, mu, value, propensity, max(float(scores.value.std()), 1e-6))


def outcome_loss(net: PathwayNet, train: Nodes, scores: Scores) -> Float[Tensor, ""]:
    """Mean negative log-likelihood of the observed outcomes."""
    m, delta = scores.m[train.patient_of], scores.delta[train.patient_of, train.arm]
    loss: Tensor = net.head.loss(m, delta, observed(train))
    return loss


def benefit_loss(
    net: PathwayNet, train: Nodes, scores: Scores, targets: Targets, estimand: Estimand
) -> Float[Tensor, ""]:
    """Orthogonal loss: squares of DR scores in a trial, residual on residual otherwise.

    The prognosis is held, so that only the effect head and what it reads can move.

    Source: Kennedy, arXiv 2004.14497 (DR); Nie & Wager, Biometrika 2021, 108:299 (R).
    """
    tau = estimand(net.head.predict(scores.m.detach(), scores.delta))
    loss = _dr_loss(tau, targets) if train.randomised else _r_loss(tau, train, targets)
    return loss / targets.unit**2


def _dr_loss(tau: Float[Tensor, "patient contrast"], targets: Targets) -> Float[Tensor, ""]:
    return (targets.weight * (targets.gain - tau).square()).sum() / targets.weight.sum().clamp(
        min=1e-6
    )


def _r_loss(
    tau: Float[Tensor, "patient contrast"], train: Nodes, targets: Targets
) -> Float[Tensor, ""]:
    e, mu = targets.propensity, targets.mu[train.patient_of]
    expected = (e * mu).sum(1)
    treated = torch.nn.functional.one_hot(train.arm, len(train.arms)).float()
    moved = ((treated - e)[:, 1:] * tau[train.patient_of]).sum(1)
    # Residual on residual has var(W) = e(1 - e) of the curvature of the DR loss.
    overlap = (e[:, 1:] * (1 - e[:, 1:])).mean()
    return (targets.value - expected - moved).square().mean() / overlap


class Penalty:
    """Sum of squares around what was known beforehand, over the number of training patients.

    Gates, attention and messages are drawn towards 0, or towards the weights of a pretrained
    encoder, which the network holds when this is made.
    """

    def __init__(
        self,
        net: PathwayNet,
        fit: FitConfig,
        edges: Int[Tensor, "2 edge"],
        known: Mapping[str, Tensor],
        n_measured: int,
    ) -> None:
        self.net, self.fit, self.edges, self.known = net, fit, edges, known
        self.n_measured = n_measured

    def __call__(self, n_patients: int) -> Float[Tensor, ""]:
        """The penalty at the network's present weights."""
        net, fit = self.net, self.fit
        effect = net.effect
        slopes = [effect.pooled, effect.clinical, effect.others]
        # The square root is smoothed near 0, or L-BFGS would stall at its kink.
        lasso = (effect.slopes().square().sum(1) + 1e-3).sqrt().sum()
        total = (
            fit.group_lasso * lasso
            + fit.ridge * _squares(slopes)
            + self._of_prognosis()
            + 10 * fit.ridge * _squares([effect.bend, effect.by_arm])
            + fit.gene_ridge * self._away(lambda name: name == "embed.own")
            + fit.attention_ridge * self._away(_is_attention)
            + fit.message_ridge * self._away(_is_message)
            + fit.smoothness * self._roughness()
            + _squares([net.read - 1 / net.read.shape[2]]) * net.read.shape[2]
        )
        return total / n_patients

    def _of_prognosis(self) -> Float[Tensor, ""]:
        """Slopes of the trunk; those of the clinical block are nearly free."""
        net, fit = self.net, self.fit
        n_rows = net.pool.n_rows
        first, last = net.trunk_first, net.trunk_last
        pathways = [net.trunk_linear.weight, first.weight[:, :n_rows]]
        others = [net.trunk_clinical, first.weight[:, n_rows:], last.weight]
        return (
            fit.trunk_ridge * n_rows * _squares(pathways)
            + FREE * _squares(others)
            + fit.wide_ridge * self.n_measured * _squares([net.wide])
        )

    def _away(self, is_meant: Callable[[str], bool]) -> Float[Tensor, ""]:
        """Squared distance from what is known of them, of the weights whose names are meant."""
        named = [(k, w) for k, w in self.net.named_parameters() if is_meant(k)]
        return _squares([w - self.known[k] if k in self.known else w for k, w in named])

    def _roughness(self) -> Float[Tensor, ""]:
        """Squared differences of the gene-specific weights at the two ends of the edges."""
        own: Tensor = self.net.embed.own
        if "embed.own" in self.known:
            own = own - self.known["embed.own"]
        source, target = self.edges
        return (own[source] - own[target]).square().sum()


def _is_attention(name: str) -> bool:
    return name == "pool.logit" or name.endswith(AttentionConv.LEARNED)


def _is_message(name: str) -> bool:
    attends = name.endswith((*AttentionConv.LEARNED, ".offers"))
    return name.startswith(("convs.", "crosstalk.")) and not attends


def _squares(weights: Sequence[Tensor]) -> Float[Tensor, ""]:
    return torch.stack([w.square().sum() for w in weights]).sum() if weights else torch.zeros(())
