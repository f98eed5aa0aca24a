"""A cross-fitted cohort: networks, out-of-fold predictions and scores of every patient."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from pathgnn.benefit.metrics import Estimate
from pathgnn.card import Card, Shown
from pathgnn.errors import CohortError
from pathgnn.graph.nodes import Nodes
from pathgnn.train.fit import Recipe
from pathgnn.train.linear import Benefits
from pathgnn.train.nuisance import Nuisances
from pathgnn.train.over_time import OverTime
from pathgnn.train.part import STACKED, Member
from pathgnn.train.stack import NETWORK, Stack


@dataclass(frozen=True, repr=False)
class Fitted(Shown):
    """Cross-fitted networks and, for every patient, out-of-fold predictions and scores.

    `ladder` holds the predicted benefit of every learner, the network's under "network" and the
    default prediction under "stacked"; `sequential` its AUTOC in each later fold, ranked by a
    model of the earlier folds. `stacks` has one entry per fold; none where the network is alone.
    `spread` is the standard error of each patient's benefit by half-sampling, where it was asked;
    `over_time` the average benefit by each month of a survival outcome. `cohort` is a hash of the
    patients in their order: everything here is by their place.
    """

    recipe: Recipe
    seed: int
    members: tuple[Member, ...]
    fold: Int[np.ndarray, " patient"]
    mu: Float[np.ndarray, "patient arm"]
    scores: Nuisances
    ladder: Mapping[str, Benefits]
    sequential: Mapping[str, tuple[tuple[Estimate, ...], ...]]
    stacks: tuple[Stack, ...] = ()
    spread: Float[np.ndarray, "patient contrast"] | None = None
    over_time: OverTime | None = None
    cohort: str = ""

    def refuse_others(self, nodes: Nodes) -> None:
        """Stop before numbers of one patient are taken for those of another.

        Raises:
            CohortError: not the patients that this was fitted on, or in another order.
        """
        if self.cohort not in ("", hash_of(nodes)):
            raise CohortError(
                "these are not the patients that the networks were fitted on, or they come in "
                "another order; give the nodes that were given to `fit`"
            )

    @property
    def default(self) -> str:
        """The learner whose prediction is the default: the stack, or the network alone."""
        return STACKED if self.stacks else NETWORK

    @property
    def benefit(self) -> Benefits:
        """The default prediction of the benefit, before shrinkage."""
        return self.ladder[self.default]

    @property
    def n_folds(self) -> int:
        """How many folds there are."""
        return self.recipe.fit.folds

    def network_share(self, fold: int) -> float:
        """The share of the network in the benefit of a fold's patients."""
        return self.stacks[fold].network_share if self.stacks else 1.0

    def card(self) -> Card:
        """How it was trained, with the spread of every learner's predicted benefit."""
        recipe, share = self.recipe, np.mean([self.network_share(k) for k in range(self.n_folds)])
        facts = (
            ("patients", len(self.fold)),
            ("benefit", recipe.estimand.unit),
            ("networks", f"{len(self.members)} in {self.n_folds} folds"),
            ("default prediction", f"{self.default}, {share:.0%} of it the network's"),
            ("graph", repr(recipe.graph)),
            ("seed", self.seed),
        )
        rows = [(name, float(tau[:, 0].std())) for name, tau in self.ladder.items()]
        return Card("Fitted", facts, ("learner", "sd of predicted benefit"), rows)


def hash_of(nodes: Nodes) -> str:
    """Of all patient ids in their order; it names nobody."""
    return hashlib.sha256("\n".join(nodes.patients).encode()).hexdigest()
