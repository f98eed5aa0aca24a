"""Settings of a sweep: what is tuned, how it is searched, and whose outcomes it may see."""

from __future__ import annotations

from typing import Literal

from pydantic import field_validator

from pathgnn.graph.load import GraphSource
from pathgnn.settings import Settings, setting

Choice = bool | int | float | str


class SweepConfig(Settings):
    """The table `[sweep]` of a study.

    With the samplers "qmc", "random" and "grid" every trial's settings are known beforehand, and
    the best is the same by any number of processes. "tpe" and "nsga2" learn from finished trials,
    so that it depends on which finished first.
    """

    settings: tuple[str, ...] = setting(
        (), "what to tune, as net.depth; empty: all that carry a range and count here"
    )
    ranges: dict[str, tuple[float, float]] = setting(
        {}, "setting -> lowest and highest, in place of its own; what the study has is always in"
    )
    choices: dict[str, tuple[Choice, ...]] = setting({}, "setting -> the values to choose from")
    graphs: dict[str, GraphSource] = setting({}, "graphs to try beside the study's, by name")
    collections: dict[str, str] = setting({}, "GMT files of pathways to try, by name")
    trials: int = setting(40, "trials; the first has the study's own settings", ge=1, le=100_000)
    folds: int = setting(3, "inner folds behind each trial's risk", ge=2, le=20)
    reserved: float = setting(
        0.25, "share of patients whose outcomes the sweep never sees; 0: none", ge=0, le=0.6
    )
    sampler: Literal["qmc", "random", "grid", "tpe", "nsga2"] = setting(
        "qmc", "how settings are proposed; tpe and nsga2 learn from finished trials"
    )
    pruner: Literal["reference", "median", "none"] = setting(
        "reference",
        "gives a trial up after a fold where it is worse than the study's own settings, or than "
        "half of the others; with one objective only",
    )
    objectives: tuple[Literal["risk", "stability"], ...] = setting(
        ("risk",), "what is asked: risk, and how far folds agree on the genes", min_length=1
    )
    level: float = setting(
        0.05,
        "chance, about, at which a trial that is no better may replace the study's own settings, "
        "over all trials; 1: the least risk wins",
        gt=0,
        le=1,
    )
    storage: str = setting(
        "",
        "postgresql://..., FILE.journal or FILE.db; empty: sweep.db in the run folder",
        # An address may hold a password; no file that a run writes shall.
        exclude=True,
    )

    @field_validator("objectives")
    @classmethod
    def _asks_of_risk(cls, objectives: tuple[str, ...]) -> tuple[str, ...]:
        if "risk" not in objectives:
            raise ValueError('"risk" must be among them: it decides which settings win')
        return objectives

    chosen: str = setting("", "written by `pathgnn sweep best`: how these settings were chosen")
