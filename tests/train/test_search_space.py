"""The space of a sweep is read from the settings, and holds what the study itself has."""

from __future__ import annotations

import pytest

from pathgnn.benefit.estimand import mean_gained
from pathgnn.errors import ConfigError
from pathgnn.graph.load import GraphSource
from pathgnn.model.config import FitConfig, NetConfig
from pathgnn.train.fit import Recipe
from pathgnn.train.search_space import (
    Choices,
    Range,
    own_values,
    points,
    space_of,
    with_values,
)
from pathgnn.train.sweep_config import SweepConfig

RECIPE = Recipe(None, mean_gained(), NetConfig(), FitConfig())


def test_every_range_that_the_settings_carry_is_tuned_but_the_idle_ones():
    space = space_of(SweepConfig(), RECIPE)
    carried = {
        f"{group}.{name}": tuple(info.json_schema_extra["sweep"])
        for group, kind in (("net", NetConfig), ("fit", FitConfig))
        for name, info in kind.model_fields.items()
        if "sweep" in info.json_schema_extra
    }
    idle = {"fit.outlook_rounds", "fit.benefit_rounds", "fit.learning_rate"}
    assert space.keys() == carried.keys() - idle
    assert {n: (r.low, r.high) for n, r in space.items()} == {n: carried[n] for n in space}
    batches = RECIPE._replace(fit=FitConfig(batch=64, stack=False))
    assert {"fit.learning_rate", "fit.benefit_rounds"} <= space_of(SweepConfig(), batches).keys()
    ridge = RECIPE._replace(net=NetConfig(linear="genes"))
    assert "net.depth" not in space_of(SweepConfig(), ridge)


def test_what_the_study_has_is_always_inside():
    config = SweepConfig(
        settings=("fit.ridge", "net.depth"),
        ranges={"fit.ridge": (2, 4)},
        choices={"net.messages": ("attention",)},
        graphs={"other": GraphSource(file="o.pathgraph")},
    )
    space = space_of(config, RECIPE)
    assert space == {
        "fit.ridge": Range(1.0, 4, False),
        "net.depth": Range(0, 4, True),
        "net.messages": Choices(("signed", "attention")),
        "graph": Choices(("study", "other")),
    }
    assert own_values(space, RECIPE) == {
        "fit.ridge": 1.0,
        "net.depth": 2,
        "net.messages": "signed",
        "graph": "study",
    }


def test_shares_of_a_range_known_answer():
    assert [Range(1, 100, False).at(u) for u in (0, 0.5, 0.9999)] == [1.0, 10.0, 100.0]
    assert [Range(0, 2, False).at(u) for u in (0, 0.5, 0.123456)] == [0.0, 1.0, 0.247]
    assert [Range(2, 4, True).at(u) for u in (0, 0.34, 0.67, 0.9999)] == [2, 3, 4, 4]
    assert [Choices(("a", "b")).at(u) for u in (0, 0.49, 0.5)] == ["a", "a", "b"]
    # Three digits may round beyond an end, which nothing may leave.
    assert Range(0.0012345, 0.0012346, False).at(0.5) in (0.0012345, 0.0012346)


@pytest.mark.parametrize("sampler", ("qmc", "random", "grid"))
def test_more_trials_have_the_same_first_points(sampler):
    config = SweepConfig(
        sampler=sampler,
        settings=("net.depth", "net.channels"),
        choices={"net.messages": ("signed", "attention")},
        trials=9,
    )
    space = space_of(config, RECIPE)
    own = own_values(space, RECIPE)
    few = points(space, config, own, 5)
    many = points(space, config.model_copy(update={"trials": 40}), own, 5)
    assert few == many[:9]
    assert few[0] == own
    assert len({str(p) for p in many}) > 30
    assert points(space, config, own, 6) != few
    for values in many:
        assert with_values(RECIPE, values).net.depth in range(5)


def test_a_grid_is_whole_and_has_no_point_twice():
    config = SweepConfig(
        sampler="grid", settings=("net.depth",), choices={"fit.ridge": (1.0, 2.0)}, trials=99
    )
    space = space_of(config, RECIPE)
    found = points(space, config, own_values(space, RECIPE), 1)
    assert len(found) == len({str(p) for p in found}) == 10


def test_samplers_that_learn_plan_the_studys_own_settings_alone():
    config = SweepConfig(sampler="tpe", trials=3, settings=("net.depth",))
    space = space_of(config, RECIPE)
    assert points(space, config, own_values(space, RECIPE), 1) == [{"net.depth": 2}, {}, {}]
    assert points(space, SweepConfig(trials=1), own_values(space, RECIPE), 1) == [{"net.depth": 2}]


@pytest.mark.parametrize(
    ("given", "words"),
    (
        ({"settings": ("net.dept",)}, "no setting 'net.dept'; write it as net.depth"),
        ({"settings": ("depth",)}, "no setting 'depth'"),
        ({"settings": ("net.messages",)}, "net.messages carries no range; list its values"),
        ({"ranges": {"net.messages": (1, 2)}}, "net.messages cannot go from 1.0 to 2.0"),
        ({"ranges": {"net.depth": (1, 2.5)}}, "net.depth cannot go from 1.0 to 2.5"),
        ({"ranges": {"fit.ridge": (3, 2)}}, "fit.ridge must go from low to high"),
        ({"ranges": {"net.depth": (1, 30)}}, "setting 'depth' is 30"),
        ({"choices": {"net.messages": ("smoke",)}}, "setting 'messages' is 'smoke'"),
        ({"graphs": {"study": GraphSource()}}, "'study' is the study's own graph"),
    ),
)
def test_what_cannot_be_tuned_is_refused_by_name(given, words):
    with pytest.raises(ConfigError, match=words):
        space_of(SweepConfig(**given), RECIPE)


def test_a_grid_over_a_range_is_refused():
    config = SweepConfig(sampler="grid", settings=("fit.ridge",))
    space = space_of(config, RECIPE)
    with pytest.raises(ConfigError, match=r"a grid needs values of fit.ridge"):
        points(space, config, own_values(space, RECIPE), 1)
    config = SweepConfig(sampler="grid", choices={"fit.ridge": tuple(range(1, 3000))})
    space = space_of(config.model_copy(update={"settings": ("net.trunk", "net.channels")}), RECIPE)
    with pytest.raises(ConfigError, match="too large"):
        points(space, config, own_values(space, RECIPE), 1)
