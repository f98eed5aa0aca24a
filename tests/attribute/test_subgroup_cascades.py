"""Cascades of subgroups: the same rule for small levels, one family of p, tables that say all."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pathgnn.attribute.cascade import cascades
from pathgnn.attribute.explain import explain
from pathgnn.attribute.keep import load_subgroup_cascades, save_subgroup_cascades
from pathgnn.attribute.subgroup_cascades import each_level, groups_of, subgroup_cascades
from pathgnn.errors import BundleError
from pathgnn.export.cascade_tables import cascade_table, subgroup_cascade_table
from pathgnn.model.config import ExplainConfig
from pathgnn.seeds import rng_for
from pathgnn.train.by_subgroup import by_subgroup, levels_of
from pathgnn.train.estimate import estimate

CONFIG = ExplainConfig(longest=9, permutations=199, edge_cost=0.1)


def _columns(n):
    """A column of two halves, one with a large level and two small ones, and a constant."""
    rare = ["a" if i < 8 else "b" if i < 16 else "c" for i in range(n)]
    return {"half": ["x", "y"] * (n // 2), "rare": rare, "same": ["z"] * n}


@pytest.fixture(scope="module")
def explanation(fitted, nodes):
    return explain(fitted, nodes, CONFIG)


@pytest.fixture(scope="module")
def levels(nodes):
    return levels_of(_columns(nodes.n_patients), ())


@pytest.fixture(scope="module")
def found(explanation, fitted, nodes, levels):
    return subgroup_cascades(explanation, fitted, nodes, CONFIG, levels)


def test_each_level_has_the_cascades_of_its_patients(found, explanation, fitted):
    half = found[0]
    assert [level.name for level in half.levels] == ["x", "y"]
    for start, level in enumerate(half.levels):
        assert level.patients.tolist() == list(range(start, len(fitted.fold), 2))
        rng = rng_for(fitted.seed, 7, 11)
        alone = cascades(explanation.attribution, fitted, CONFIG, rng, level.patients)
        assert level.cascades == alone
    assert half.levels[0].cascades


def test_levels_are_hidden_as_among_the_subgroups(found, fitted, nodes):
    known = by_subgroup(fitted, nodes, (estimate(fitted, nodes),), _columns(nodes.n_patients))
    for one, other in zip(found, known, strict=True):
        sizes = {level.name: len(level.patients) for level in one.levels}
        assert sizes == {level.name: level.n for level in other.levels}
        assert (one.n_hidden, one.why_empty) == (other.n_hidden, other.why_empty)
    assert found[1].n_hidden > 0
    assert found[2].not_shown == "everybody has the level 'z'"


def test_patients_that_tell_nothing_of_the_contrast_are_left_out(fitted, nodes, levels):
    informs = fitted.scores.informs.copy()
    informs[:20] = False
    fewer = replace(fitted, scores=fitted.scores._replace(informs=informs))
    half = groups_of(levels, fewer, nodes, 0)[0]
    assert min(min(level.patients) for level in half.levels) == 20


def test_another_column_changes_no_cascade(found, explanation, fitted, nodes, levels):
    alone = subgroup_cascades(explanation, fitted, nodes, CONFIG, levels[:1])
    assert [level.cascades for level in alone[0].levels] == [
        level.cascades for level in found[0].levels
    ]


def test_q_is_over_the_cascades_of_all_columns(found):
    numbers = iter([0.01, 0.04, 0.03, 0.5])
    one = found[0].levels[0].cascades[0]

    def two(_, level):
        return level._replace(cascades=tuple(replace(one, p=next(numbers)) for _ in range(2)))

    made = each_level((found[0]._replace(levels=found[0].levels[:1]), found[1]), two)
    assert [len(column.levels) for column in made] == [1, 1]
    # Four tests: 4 x .01; .04 and .03 share 4 x .04 / 3; .5 stays.
    assert made[0].levels[0].q == pytest.approx((0.04, 4 * 0.04 / 3))
    assert made[1].levels[0].q == pytest.approx((4 * 0.04 / 3, 0.5))


def test_save_then_load_is_the_identity_and_names_no_patient(
    found, fitted, nodes, levels, tmp_path
):
    path = tmp_path / "cascades.json"
    save_subgroup_cascades(found, path)
    back = load_subgroup_cascades(path, groups_of(levels, fitted, nodes, 0))
    for one, other in zip(back, found, strict=True):
        assert one.column == other.column
        for a, b in zip(one.levels, other.levels, strict=True):
            assert (a.name, a.cascades, a.q) == (b.name, b.cascades, b.q)
            assert a.patients.tolist() == b.patients.tolist()
    assert "patients" not in json.loads(path.read_text())["half"]["x"][0]


@pytest.mark.parametrize("content", ["{", "[]", '{"half": {"x": [{"p": 1}]}}', '{"half": 3}'])
def test_a_damaged_file_is_refused(content, fitted, nodes, levels, tmp_path):
    path = tmp_path / "cascades.json"
    path.write_text(content)
    with pytest.raises(BundleError, match=r"cascades\.json"):
        load_subgroup_cascades(path, groups_of(levels, fitted, nodes, 0))


def test_the_table_holds_every_gene_and_says_what_is_not_there(found):
    x, y = found[0].levels
    none = found[0]._replace(levels=(x, y._replace(cascades=(), q=())))
    table = subgroup_cascade_table((none, *found[1:]))
    rows = table[table["level"] == "x"]
    whole = cascade_table(x.cascades)
    for column in whole.columns:
        assert rows[column].tolist() == whole[column].tolist(), column
    assert (rows["n"] == len(x.patients)).all()
    assert dict(zip(rows["cascade"], rows["q"], strict=True)) == dict(enumerate(x.q, start=1))
    (absent,) = table[table["level"] == "y"].to_dict("records")
    assert (absent["cascade"], absent["n"]) == (0, len(y.patients))
    brackets = table["level"][table["level"].str.startswith("(")].tolist()
    assert brackets == [f"({found[1].not_shown})", "(everybody has the level 'z')"]
    assert subgroup_cascade_table(()).columns.tolist() == table.columns.tolist()
