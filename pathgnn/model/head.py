"""Outcome head: the one abstract interface between the network's scores and an outcome."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

from jaxtyping import Bool, Float
from torch import Tensor, nn


class Prediction(NamedTuple):
    """What is expected of each patient in each arm; a higher outcome is better.

    `mean` is P(good outcome), the expected value, or for survival the mean time lived up to the
    last time of the curve. Curves have one time, 0, and the value 1 where there is no survival.
    """

    mean: Float[Tensor, "patient arm"]
    survival: Float[Tensor, "patient arm time"]
    times: Float[Tensor, " time"]


class Head(nn.Module, ABC):
    """From prognosis m and effect delta (0 in the reference arm) to loss and prediction."""

    @abstractmethod
    def prepare(
        self, value: Float[Tensor, " row"], event: Bool[Tensor, " row"], horizon: float
    ) -> None:
        """Learn scale or time bins from training rows, once, before the first step."""

    @abstractmethod
    def loss(
        self,
        m: Float[Tensor, " row"],
        delta: Float[Tensor, " row"],
        value: Float[Tensor, " row"],
        event: Bool[Tensor, " row"],
    ) -> Float[Tensor, ""]:
        """Mean negative log-likelihood of the observed outcomes."""

    @abstractmethod
    def predict(
        self, m: Float[Tensor, " patient"], delta: Float[Tensor, "patient arm"]
    ) -> Prediction:
        """Expected outcomes per arm."""
