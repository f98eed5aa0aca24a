"""The study file: cohort, graph, network, training and explanation in one TOML."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np

from pathgnn.benefit.estimand import (
    Estimand,
    default_estimand,
    mean_gained,
    months_gained,
    risk_avoided,
    survival_gained,
)
from pathgnn.cohort.sources import CohortSource
from pathgnn.errors import ConfigError
from pathgnn.graph.load import GraphSource
from pathgnn.graph.nodes import Nodes
from pathgnn.model.config import ExplainConfig, FitConfig, NetConfig
from pathgnn.settings import Settings, parse, read_toml, setting
from pathgnn.train.sweep_config import SweepConfig


class EstimandSource(Settings):
    """Which benefit is asked for; empty: the usual one of the outcome."""

    name: Literal["", "months_gained", "survival_gained", "risk_avoided", "mean_gained"] = setting(
        "", "months_gained, survival_gained, risk_avoided or mean_gained"
    )
    at: float = setting(0.0, "survival: the month it is read at; 0: the horizon", ge=0)
    known: float | None = setting(None, "average effect known from elsewhere, in this unit")
    known_se: float = setting(0.0, "its standard error", ge=0)
    reference_splits: int = setting(
        0, "random splits of the reference arm, whose halves must not differ; 0: none", ge=0
    )


class Study(Settings):
    """Everything `pathgnn run` needs, as read from study.toml."""

    name: str = setting("study", "title of the report")
    seed: int = setting(0, "decides everything random", ge=0)
    data: str = setting(".", "folder of the tables, relative to the study file")
    out: str = setting("run", "run folder, relative to the working folder")
    cohort: CohortSource = setting(..., "the cohort")
    graph: GraphSource = setting(GraphSource(), "the graph")
    estimand: EstimandSource = setting(EstimandSource(), "the benefit asked for")
    net: NetConfig = setting(NetConfig(), "the network")
    fit: FitConfig = setting(FitConfig(), "training")
    explain: ExplainConfig = setting(ExplainConfig(), "explanation")
    sweep: SweepConfig = setting(SweepConfig(), "what `pathgnn sweep` tunes, and how")


def read_study(path: Path | str) -> Study:
    """A study from its file.

    Raises:
        ConfigError: missing or broken file, or wrong setting, by name.
    """
    return parse(Study, read_toml(Path(path)), str(path))


def unexplained(study: Study) -> Study:
    """The same for who explains nothing: nothing is read that an explanation alone needs."""
    return study.model_copy(update={"explain": ExplainConfig()})


def estimand_of(study: Study, nodes: Nodes) -> Estimand:
    """The estimand a study asks for, checked against its outcome."""
    # As rounded as the horizon, with which it is compared.
    name, at = study.estimand.name, float(np.float32(study.estimand.at)) or nodes.horizon
    fitting = {
        "survival": ("months_gained", "survival_gained"),
        "binary": ("risk_avoided",),
        "continuous": ("mean_gained",),
    }[nodes.outcome]
    if not name:
        return _named(default_estimand(nodes.outcome, at, nodes.unit), nodes)
    if name not in fitting:
        raise ConfigError(
            f"estimand {name!r} does not fit a {nodes.outcome} outcome; use {fitting}"
        )
    if nodes.outcome != "survival":
        return risk_avoided() if name == "risk_avoided" else mean_gained(nodes.unit)
    if at > nodes.horizon:
        raise ConfigError(
            f"estimand.at = {at:g} lies beyond the horizon of {nodes.horizon:g} months"
        )
    return _named(months_gained(at) if name == "months_gained" else survival_gained(at), nodes)


def _named(estimand: Estimand, nodes: Nodes) -> Estimand:
    """In words: with competing risks it is the one event that does not come."""
    if not nodes.has_competing:
        return estimand
    months = estimand.name == "months_gained"
    gained = "months without the event gained" if months else "risk of the event avoided"
    return replace(estimand, unit=f"{gained} by month {estimand.at:g}")
