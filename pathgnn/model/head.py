"""Outcome head: the one abstract interface between the network's scores and an outcome."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

from jaxtyping import Bool, Float
from torch import Tensor, nn

from pathgnn.graph.nodes import Nodes


class Prediction(NamedTuple):
    """What is expected of each patient in each arm; a higher outcome is better.

    `mean` is P(good outcome), the expected value, or for survival the mean time lived up to the
    last time of the curve. Curves have one time, 0, and the value 1 where there is no survival.
    With competing risks the curve is 1 - the cumulative incidence: the share free of the event.
    """

    mean: Float[Tensor, "patient arm"]
    survival: Float[Tensor, "patient arm time"]
    times: Float[Tensor, " time"]


class Observed(NamedTuple):
    """Outcomes of rows: the value, months for survival, and what ended the months.

    Neither event nor competing: censored.
    """

    value: Float[Tensor, " row"]
    event: Bool[Tensor, " row"]
    competing: Bool[Tensor, " row"]


def observed(nodes: Nodes) -> Observed:
    """The outcomes of a projected cohort's rows."""
    return Observed(nodes.value, nodes.event, nodes.competing)


class Head(nn.Module, ABC):
    """From prognosis m and effect delta (0 in the reference arm) to loss and prediction.

    `needs_everyone` says that the loss of some rows depends on all others.
    """

    needs_everyone = False

    @abstractmethod
    def prepare(self, rows: Observed, horizon: float) -> None:
        """Learn scale or time bins from training rows, once, before the first step."""

    @abstractmethod
    def loss(
        self,
        m: Float[Tensor, " row"],
        delta: Float[Tensor, " row"],
        rows: Observed,
    ) -> Float[Tensor, ""]:
        """Mean negative log-likelihood of the observed outcomes."""

    @abstractmethod
    def predict(
        self, m: Float[Tensor, " patient"], delta: Float[Tensor, "patient arm"]
    ) -> Prediction:
        """Expected outcomes per arm."""
