"""The space of a sweep, read from the ranges that the settings carry, and points in it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from pydantic.fields import FieldInfo
from scipy.stats import qmc

from pathgnn.errors import ConfigError
from pathgnn.model.config import FitConfig, NetConfig
from pathgnn.seeds import rng_for
from pathgnn.settings import parse
from pathgnn.train.fit import Recipe
from pathgnn.train.sweep_config import Choice, SweepConfig

GROUPS: Mapping[str, type[NetConfig] | type[FitConfig]] = {"net": NetConfig, "fit": FitConfig}
GRAPH, PATHWAYS = "graph", "pathways"
# The graph, or the pathways, that the study itself names.
OWN = "study"
# A range this many times as high as low is searched by its logarithm.
LOG_FROM = 10
LARGEST_GRID = 1_000_000
# Key of a random stream that nothing else uses.
POINTS = 31

Values = dict[str, Choice]


class Range(NamedTuple):
    """From low to high, both included."""

    low: float
    high: float
    whole: bool

    @property
    def log(self) -> bool:
        """Is it searched by the logarithm?"""
        return not self.whole and self.low > 0 and self.high / self.low >= LOG_FROM

    def at(self, share: float) -> Choice:
        """The value when this share of the range, in [0, 1), lies below."""
        if self.whole:
            return int(self.low + math.floor(share * (self.high - self.low + 1)))
        wide = self.high / self.low if self.log else 0.0
        value = self.low * wide**share if self.log else self.low + share * (self.high - self.low)
        # Three digits, as a person would write it into a study.
        return min(max(float(f"{value:.3g}"), self.low), self.high)


class Choices(NamedTuple):
    """One of several values."""

    values: tuple[Choice, ...]

    def at(self, share: float) -> Choice:
        """The value at this share, in [0, 1), of the list."""
        return self.values[int(share * len(self.values))]


Space = dict[str, Range | Choices]


def space_of(config: SweepConfig, recipe: Recipe) -> Space:
    """What is tuned, by name; what the recipe itself has is always inside.

    Raises:
        ConfigError: an unknown setting, one without a range, or values that it cannot have.
    """
    named = config.settings or _all_that_count(recipe)
    space: Space = {}
    for name in dict.fromkeys((*named, *config.ranges, *config.choices)):
        own = own_value(recipe, name)
        if name in config.choices:
            values = config.choices[name]
            space[name] = Choices(values if own in values else (own, *values))
        else:
            space[name] = _range(name, config.ranges.get(name), own)
    _check_ends(space, recipe)
    for name, more in ((GRAPH, config.graphs), (PATHWAYS, config.collections)):
        if OWN in more:
            raise ConfigError(f"sweep: {OWN!r} is the study's own {name}; give another name")
        if more:
            space[name] = Choices((OWN, *more))
    return space


def own_values(space: Space, recipe: Recipe) -> Values:
    """The point in the space where the recipe itself lies."""
    return {n: OWN if n in (GRAPH, PATHWAYS) else own_value(recipe, n) for n in space}


def own_value(recipe: Recipe, name: str) -> Choice:
    """What the recipe has for a setting such as net.depth."""
    group, field = _split(name)
    value: Choice = getattr(getattr(recipe, group), field)
    return value


def with_values(recipe: Recipe, values: Mapping[str, Any]) -> Recipe:
    """The recipe with other settings; graph and pathways are not among them."""
    found: dict[str, dict[str, Any]] = {group: {} for group in GROUPS}
    for name, value in values.items():
        if name not in (GRAPH, PATHWAYS):
            group, field = _split(name)
            found[group][field] = value
    net = parse(NetConfig, recipe.net.model_dump() | found["net"], "sweep: [net]")
    fit = parse(FitConfig, recipe.fit.model_dump() | found["fit"], "sweep: [fit]")
    return recipe._replace(net=net, fit=fit)


def points(space: Space, config: SweepConfig, own: Values, seed: int) -> list[Values]:
    """Settings of every trial, the recipe's own first; empty where they are not known beforehand.

    More trials have the same first points.

    Raises:
        ConfigError: a grid over a range that is not whole, or too large a grid.
    """
    n = config.trials - 1
    if config.sampler == "grid":
        return [own, *_grid(space, n, own, seed)]
    if config.sampler == "qmc":
        return [own, *_sobol(space, n, seed)]
    if config.sampler == "random":
        rngs = (rng_for(seed, POINTS, i) for i in range(n))
        return [own, *(_at(space, rng.random(len(space))) for rng in rngs)]
    return [own, *({} for _ in range(n))]


def _check_ends(space: Space, recipe: Recipe) -> None:
    for name, part in space.items():
        for value in part.values if isinstance(part, Choices) else (part.low, part.high):
            with_values(recipe, {name: value})


def _sobol(space: Space, n: int, seed: int) -> list[Values]:
    """Scrambled Sobol points, which lie more evenly than random ones."""
    if n == 0:
        return []
    sobol = qmc.Sobol(len(space), scramble=True, seed=rng_for(seed, POINTS))
    # All of a power of two: fewer at once would make scipy warn of their balance.
    return [_at(space, row) for row in sobol.random_base2((n - 1).bit_length())[:n]]


def _grid(space: Space, n: int, own: Values, seed: int) -> list[Values]:
    """Points of the full grid but the recipe's own, in random order."""
    axes = [_axis(name, part) for name, part in space.items()]
    size = math.prod(map(len, axes))
    if size > LARGEST_GRID:
        raise ConfigError(f"a grid of {size:,} points is too large; tune fewer settings")
    every = [dict(zip(space, values, strict=True)) for values in itertools.product(*axes)]
    order = rng_for(seed, POINTS).permutation(size)
    return [every[i] for i in order if every[i] != own][:n]


def _axis(name: str, part: Range | Choices) -> Sequence[Choice]:
    if isinstance(part, Choices):
        return part.values
    if part.whole:
        return range(int(part.low), int(part.high) + 1)
    raise ConfigError(f"a grid needs values of {name}: list them in [sweep.choices]")


def _at(space: Space, shares: np.ndarray) -> Values:
    return {name: part.at(float(u)) for (name, part), u in zip(space.items(), shares, strict=True)}


def _range(name: str, given: tuple[float, float] | None, own: Choice) -> Range:
    info = _field(name)
    given = given or _carried(info)
    if given is None:
        raise ConfigError(
            f"sweep: {name} carries no range; list its values in [sweep.choices], or give "
            "[sweep.ranges] lowest and highest"
        )
    whole = info.annotation is int
    if isinstance(own, str | bool) or (whole and any(end != int(end) for end in given)):
        raise ConfigError(f"sweep: {name} cannot go from {given[0]} to {given[1]}; list its values")
    if given[0] >= given[1]:
        raise ConfigError(f"sweep: the range of {name} must go from low to high, not {given}")
    return Range(min(given[0], own), max(given[1], own), whole)


def _all_that_count(recipe: Recipe) -> tuple[str, ...]:
    """Every setting with a range that has a part in this training."""
    fit, net = recipe.fit, recipe.net
    idle = {"fit.outlook_rounds"}
    # With a stack it is a limit, and the inner folds say when to stop.
    idle |= {"fit.benefit_rounds"} if fit.stack else set()
    idle |= set() if fit.batch else {"fit.learning_rate"}
    idle |= {"net.channels", "net.depth", "net.crosstalk"} if net.linear else set()
    return tuple(
        name
        for group, kind in GROUPS.items()
        for field, info in kind.model_fields.items()
        if _carried(info) is not None and (name := f"{group}.{field}") not in idle
    )


def _carried(info: FieldInfo) -> tuple[float, float] | None:
    """The range that a setting carries."""
    extra: Any = info.json_schema_extra
    return tuple(extra["sweep"]) if isinstance(extra, dict) and "sweep" in extra else None


def _field(name: str) -> FieldInfo:
    group, field = _split(name)
    return GROUPS[group].model_fields[field]


def _split(name: str) -> tuple[str, str]:
    group, _, field = name.partition(".")
    if group not in GROUPS or field not in GROUPS[group].model_fields:
        raise ConfigError(
            f"sweep: no setting {name!r}; write it as net.depth or fit.ridge, after [net] or [fit]"
        )
    return group, field
