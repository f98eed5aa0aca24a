"""Tests of an explanation: known answers, planted truth, noise, and full retraining."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch
from conftest import ladder_graph
from small_results import cascade_on
from small_study import write_small_study
from typer.testing import CliRunner

from pathgnn.attribute.attribute import attribute
from pathgnn.attribute.cascade_nulls import Needed, drawn_by_chance, needed, walk
from pathgnn.attribute.examine import _needed_finding, examination_tables, examine
from pathgnn.attribute.explain import explain
from pathgnn.attribute.faithfulness import _area, _rank, faithfulness
from pathgnn.attribute.leaning import leaning
from pathgnn.attribute.predicted import by_fold
from pathgnn.attribute.reference import Compared
from pathgnn.attribute.sanity import sanity
from pathgnn.attribute.stability import nogueira
from pathgnn.cli import app
from pathgnn.model.config import ExplainConfig
from pathgnn.nulls import Nulling, _compared, _drawn, run_nulls

CONFIG = ExplainConfig(permutations=199, edge_cost=0.1)


@pytest.fixture(scope="module")
def explanation(fitted, nodes):
    return explain(fitted, nodes, CONFIG)


@pytest.fixture(scope="module")
def who(fitted, nodes):
    return Compared(fitted, nodes, CONFIG, 0)


def test_nogueira_known_answers():
    same = np.tile(np.arange(10.0), (4, 1))
    assert nogueira(same, 3) == 1
    # Two networks that share nothing: 1 - (2 x 1/2 x 1/2 x 6/10) / (.3 x .7).
    apart = np.stack([np.arange(1.0, 11.0), np.arange(10.0, 0.0, -1.0)])
    assert nogueira(apart, 3) == pytest.approx(1 - 0.3 / 0.21)
    rng = np.random.default_rng(0)
    assert abs(nogueira(rng.random((200, 50)), 10)) < 0.02


def test_areas_of_a_straight_and_of_a_bent_curve():
    line = [np.array([float(i)]) for i in range(5)]
    assert _area(line)[0] == pytest.approx(0)
    # Up to 1 at once, then level: a triangle below 1 of area 1/2, less one step's half.
    assert _area([np.array([0.0]), *[np.array([1.0])] * 4])[0] == pytest.approx(0.375)
    assert _rank(torch.tensor([[3.0], [1.0], [2.0]]))[:, 0].tolist() == [0, 2, 1]


def test_the_prediction_of_a_fold_is_the_fitted_one(who, fitted):
    for part in by_fold(who):
        assert part(part.inputs.z) == pytest.approx(
            fitted.benefit[part.at.numpy(), 0], abs=1e-4 * fitted.benefit.std()
        )


def test_the_true_order_is_faithful_and_a_random_one_is_not(who, explanation):
    found = faithfulness(who, explanation.attribution)
    assert found.insertion > 0.05
    assert found.deletion > 0.05
    assert found.fid_plus > found.fid_minus / 2
    assert found.robust_plus < found.fid_plus
    a = explanation.attribution
    order = torch.randperm(a.score.shape[1], generator=torch.Generator().manual_seed(0))
    random = dataclasses.replace(a, score=a.score[:, order])
    assert faithfulness(who, random).insertion < found.insertion / 2
    assert faithfulness(who, random).sufficiency < found.sufficiency


def test_the_strongest_tenth_is_that_of_the_measured_genes(fitted, nodes):
    # Of 24 genes 18 are measured, so that a tenth is one gene of each patient.
    seen, x = nodes.seen.clone(), nodes.x.clone()
    seen[:6], x[:6] = False, 0
    less = Compared(fitted, dataclasses.replace(nodes, seen=seen, x=x), CONFIG, 0)
    a = attribute(less)
    moved, whole = [], []
    for part in by_fold(less):
        strength = a.by_gene[part.at].abs().T
        whole.append(part(part.inputs.z))
        moved.append(part.moved(strength == strength.max(0).values))
    whole, moved = np.concatenate(whole), np.concatenate(moved)
    found = faithfulness(less, a)
    assert found.fid_plus == pytest.approx(np.abs(whole - moved).mean() / whole.std())


def test_shuffled_weights_give_another_attribution(who, fitted):
    # Of four slopes one in four stays where it was: several shuffles tell.
    several = [
        sanity(who._replace(fitted=dataclasses.replace(fitted, seed=seed))) for seed in range(5)
    ]
    for same_weights in zip(*several, strict=True):
        assert np.mean([one.rank_correlation for one in same_weights]) < 0.4
        assert np.mean([one.passed for one in same_weights]) >= 0.6


def test_an_attribution_of_inputs_alone_does_not_pass(who, fitted):
    # With every weight alike, shuffling changes nothing.
    import copy

    members = []
    for m in fitted.members:
        net = copy.deepcopy(m.net)
        with torch.no_grad():
            for weight in net.parameters():
                weight.fill_(0.1)
        members.append(m._replace(net=net))
    alike = who._replace(fitted=dataclasses.replace(fitted, members=tuple(members)))
    assert not any(one.passed for one in sanity(alike))


def test_the_planted_cascade_is_needed_and_not_drawn_by_chance(who, explanation):
    assert explanation.cascades
    found = needed(who, explanation.cascades[:1], 19)[0]
    assert found.necessity > found.of_walks
    assert found.p <= 0.1
    drawn = drawn_by_chance(who, explanation.attribution, 19)
    assert drawn.value > drawn.of_permuted


def test_walks_lead_from_a_receptor_to_an_effector():
    graph, rng = ladder_graph(), np.random.default_rng(0)
    measured = np.ones(len(graph.genes), dtype=bool)
    for _ in range(20):
        genes = walk(graph, 6, rng, measured)
        kinds = [graph.kind[g] for g in genes]
        assert len(set(genes)) == 6
        assert "receptor" in kinds
        assert "transcription_factor" in kinds
    assert walk(graph, 500, rng, measured) == []
    # Every second gene of a chain of six: three of them count, and its end does not.
    measured[1::2] = False
    assert {int(measured[walk(graph, 3, rng, measured)].sum()) for _ in range(20)} == {3}


def test_without_a_walk_of_its_size_a_cascade_has_no_p(who, graph):
    # No receptor reaches the genes of all pathways.
    (found,) = needed(who, (cascade_on(graph.genes),), 5)
    assert found.walks == 0
    assert np.isnan([found.p, found.of_walks]).all()


def test_where_the_panel_lies_makes_no_cascade_surprising(who, explanation, graph):
    # Noise on one measured pathway of four: p is uniform, its mean .5 with an error of .07, where
    # scores dealt to genes that were never measured broke nearly every route.
    a, p = explanation.attribution, []
    n_seen = torch.zeros_like(a.n_seen)
    n_seen[[graph.genes.index(g) for g in graph.members_of("PATH0")]] = 1
    for seed in range(20):
        rng = torch.Generator().manual_seed(seed)
        worth = torch.rand(len(graph.genes), generator=rng) * (n_seen[:, 0] > 0)
        score = torch.zeros_like(a.score)
        score[:, :, 0] = worth
        noise = dataclasses.replace(a, score=score, slope=worth, n_seen=n_seen)
        found = drawn_by_chance(who, noise, 19)
        p += [] if found is None else [found.p]
    assert len(p) > 10
    assert np.mean(p) > 0.3


def test_pathways_lean_to_what_they_were_planted_for(explanation):
    found = leaning(explanation.attribution)
    assert found.low[0] > 0
    assert found.high[-2] < 0
    assert ((found.low <= found.value) & (found.value <= found.high)).all()


def test_the_fewest_draws_can_show_that_a_cascade_is_needed():
    # 19 draws, none as good: p = 1 / 20 is a p at the level of .05.
    assert _needed_finding(Needed(1, 0.5, 0.1, (1 + 0) / (1 + 19), 19)).severity == "ok"
    assert _needed_finding(Needed(1, 0.5, 0.1, (1 + 1) / (1 + 19), 19)).severity == "warning"


def test_everything_is_a_table_with_findings(who, explanation):
    found = examine(who, explanation, 19)
    tables = examination_tables(found)
    topics = {"faithfulness", "sanity", "stability", "outcome null"}
    assert set(tables["findings"]["topic"]) >= topics
    assert len(tables["cascades_needed"]) == len(explanation.cascades)


def test_p_of_nulls_by_hand(explanation, fitted):
    a, graph = explanation.attribution, fitted.recipe.graph
    n_genes, n_pathways = len(a.genes), len(a.pathways)
    drawn = [{"gene": [0.0] * n_genes, "pathway": [0.0] * n_pathways}] * 3
    done = _compared(a, drawn, Nulling(draws=4), graph.members)
    # One of four failed and counts against.
    strong = done.gene > 0
    assert done.gene_p[strong] == pytest.approx(2 / 5)
    assert done.pathway_p.min() == pytest.approx((1 + n_pathways) / (1 + 4 * n_pathways))


def test_what_was_not_measured_is_in_no_family_of_nulls(explanation, fitted):
    a, graph = explanation.attribution, fitted.recipe.graph
    hidden = graph.members[1][graph.members[0] == 0]
    seen = a.n_seen.clone()
    seen[hidden] = 0
    less = dataclasses.replace(a, n_seen=seen)
    one = {"gene": [0.0] * len(a.genes), "pathway": [0.0] * len(a.pathways)}
    done = _compared(less, [one] * 4, Nulling(draws=4), graph.members)
    empty = np.isnan(done.pathway_p)
    assert empty[0]
    assert np.array_equal(empty, np.isnan(done.pathway_q))
    assert np.isnan(done.gene_p[hidden]).all()
    assert np.nanmin(done.pathway_p) == pytest.approx(1 / (1 + 4 * (~empty).sum()))


def test_outcomes_of_a_group_move_together(nodes):
    n = len(nodes.arm)
    pairs = dataclasses.replace(
        nodes, group=torch.arange(nodes.n_patients) // 2, value=torch.arange(n).float()
    )
    drawn = _drawn(pairs, "outcome", np.zeros(1), np.random.default_rng(0))
    assert torch.equal(drawn.value.sort().values, pairs.value)
    came_from = drawn.value.long()
    assert torch.equal(pairs.arm[came_from], pairs.arm)
    group = pairs.group[pairs.patient_of]
    for g in range(int(group.max()) + 1):
        assert len(torch.unique(group[came_from[group == g]])) == 1


@pytest.mark.parametrize("kind", ["treatment", pytest.param("outcome", marks=pytest.mark.slow)])
def test_nulls_train_anew_and_go_on_where_they_stopped(kind, fitted, nodes, tmp_path):
    fit = fitted.recipe.fit.model_copy(
        update={"outcome_rounds": 1, "benefit_rounds": 1, "stack": False}
    )
    quick = dataclasses.replace(fitted, recipe=fitted.recipe._replace(fit=fit))
    few = Nulling(kind, 1)
    first = run_nulls(quick, nodes, CONFIG, few, tmp_path)
    kept = (tmp_path / kind / "0001.json").stat().st_mtime_ns
    more = run_nulls(quick, nodes, CONFIG, few._replace(draws=2), tmp_path)
    assert (tmp_path / kind / "0001.json").stat().st_mtime_ns == kept
    assert first.draws == 1
    assert more.draws == 2
    assert 0 < more.gene_p.min() <= 1


def test_the_commands_write_tables(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study, out = write_small_study(tmp_path), tmp_path / "run"
    asked = ["examine", str(study), "--out", str(out), "--draws", "19", "--shapley", "2"]
    said = CliRunner().invoke(app, asked)
    assert said.exit_code == 0, said.output
    pathways = pd.read_csv(out / "examination" / "pathway_accounts.csv")
    assert {"occlusion", "share", "shapley", "shapley_error"} < set(pathways)
    assert pathways["occlusion"].is_monotonic_decreasing
    assert (out / "examination" / "faithfulness.csv").is_file()
    null = pd.read_csv(out / "examination" / "outcome_null_genes.csv", keep_default_na=False)
    told = pd.read_csv(out / "examination" / "data_dictionary.csv", keep_default_na=False)
    assert list(null.columns) == told[told["table"] == "outcome_null_genes"]["column"].tolist()
    written = {path.stem for path in (out / "examination").glob("*.csv")}
    assert set(told["table"]) == written - {"data_dictionary"}
    assert (told["meaning"] != "").all()
    said = CliRunner().invoke(app, ["nulls", str(study), "--out", str(out), "--draws", "1"])
    assert said.exit_code == 0, said.output
    made = out / "nulls" / "treatment"
    told = pd.read_csv(made / "data_dictionary.csv", keep_default_na=False)
    for name in ("null_genes", "null_pathways"):
        table = pd.read_csv(made / f"{name}.csv", keep_default_na=False)
        assert told[told["table"] == name]["column"].tolist() == list(table.columns)
    assert (told["meaning"] != "").all()
    wrong = CliRunner().invoke(app, ["nulls", str(study), "--kind", "nothing"])
    assert wrong.exit_code == 2


def test_samples_of_one_donor_do_not_sharpen_the_leaning(fitted, nodes):
    a = explain(fitted, nodes, ExplainConfig(cascades=0, permutations=99)).attribution
    four = torch.arange(len(a.pathway)).repeat_interleave(4)
    by_patient = ("score", "clinical", "gap", "explained", "prognostic", "treated")
    by_patient += ("pathway", "prognostic_pathway")
    more = {name: getattr(a, name)[four] for name in by_patient}
    donors, apart = (
        dataclasses.replace(a, group=g, **more) for g in (four, torch.arange(len(four)))
    )
    width = [x.high - x.low for x in map(leaning, (a, donors, apart))]
    assert width[1] == pytest.approx(width[0], rel=0.25)
    assert (width[2] < 0.75 * width[0]).all()
