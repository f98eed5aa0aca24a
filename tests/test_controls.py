"""Controls: known answers of the comparison, the verdict's words, and resuming after a stop."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from described import assert_described
from typer.testing import CliRunner

from pathgnn import controls as controls_module
from pathgnn.attribute.attribution import Cascade
from pathgnn.attribute.controls import survival
from pathgnn.benefit.metrics import Compared, loss_difference
from pathgnn.benefit.verdict import edges_finding, pathways_finding
from pathgnn.cli import app
from pathgnn.cohort.simulate import simulate_local, simulate_relay
from pathgnn.controls import Plan as Controls
from pathgnn.controls import run_controls
from pathgnn.errors import BundleError, ConfigError
from pathgnn.graph.project import project
from pathgnn.model.config import ExplainConfig
from pathgnn.train.controls import NO_EDGES, REWIRED, SHUFFLED, TRUE, Kept, compare, control_graph
from pathgnn.train.crossfit import fit, fold_scores, refit

QUICK = ExplainConfig(permutations=99, cascades=1)
BETTER, EQUAL = Compared(1.0, 0.5, 1.5), Compared(0.1, -0.5, 0.7)


def test_loss_difference_known_answer():
    # Gains 0, ours exact in both trainings; theirs is off by 1 in one training and by 2 in the
    # other: losses 1 and 4, mean 2.5, no spread over patients, spread over theirs sd 1.5 sqrt 2.
    gain = np.zeros(4)
    found = loss_difference(np.zeros((2, 4)), np.array([[1.0] * 4, [-2.0] * 4]), gain)
    assert found.value == pytest.approx(2.5)
    # Variance of a mean of two: 4.5 / 2; one degree of freedom, t = 12.706.
    assert found.high - found.value == pytest.approx(12.7062 * np.sqrt(4.5 / 2), rel=1e-4)


def test_equal_models_do_not_differ():
    rng = np.random.default_rng(0)
    gain = rng.standard_normal(200)
    wrong = 0
    for _ in range(200):
        ours, theirs = rng.standard_normal((2, 3, 200)) * 0.3
        found = loss_difference(ours, theirs, gain)
        wrong += not found.low <= 0 <= found.high
    assert wrong <= 20


def test_a_graph_that_is_one_more_draw_is_seldom_called_better():
    # Loss 1 plus an effect of the graph (sd .2) and of the seed (.02); the true graph is one more
    # draw of the same kind.
    rng = np.random.default_rng(1)
    called = {False: 0, True: 0}
    gain = np.zeros(600)
    for _ in range(300):
        effect = 0.2 * rng.standard_normal(4)
        loss = np.concatenate([np.repeat(effect[0], 3), effect[1:]])
        loss = 1 + loss[:, None] + 0.02 * rng.standard_normal((6, 1)) + np.zeros((6, 600))
        ours, theirs = np.sqrt(loss[:3]), np.sqrt(loss[3:])
        for one in called:
            called[one] += loss_difference(ours, theirs, gain, one).low > 0
    assert called[True] <= 15 < called[False]


@pytest.mark.parametrize(
    ("rewired", "none", "severity", "said"),
    [
        (BETTER, BETTER, "ok", "true edges help"),
        (BETTER, EQUAL, "note", "Rewired edges disturb"),
        (EQUAL, BETTER, "note", "not shown better than rewired ones"),
        (EQUAL, EQUAL, "note", "Not shown that the edges help"),
        (EQUAL, Compared(-1.0, -1.5, -0.5), "warning", "Without edges"),
    ],
)
def test_edges_must_beat_rewired_ones_and_none(rewired, none, severity, said):
    finding = edges_finding(rewired, none)
    assert finding.severity == severity
    assert said in finding.sentence


def test_pathways_must_beat_shuffled_ones():
    assert pathways_finding(BETTER).severity == "ok"
    assert "no evidence" in pathways_finding(EQUAL).sentence


def test_control_graphs_are_what_they_say(graph):
    seen = np.arange(len(graph.genes)) < 12
    assert control_graph(graph, TRUE, (0, 0), Kept(seen)).sha256 == graph.sha256
    assert control_graph(graph, NO_EDGES, (0, 0), Kept(seen)).edges.shape[1] == 0
    rewired = [control_graph(graph, REWIRED, (0, draw), Kept(seen)) for draw in (0, 0, 1)]
    assert rewired[0].sha256 == rewired[1].sha256 != rewired[2].sha256
    shuffled = control_graph(graph, SHUFFLED, (0, 0), Kept(seen))
    # Every pathway keeps its coverage: measured genes trade places with measured ones.
    assert (seen[shuffled.members[1]] == seen[graph.members[1]]).all()
    assert (shuffled.edges == graph.edges).all()
    assert shuffled.sha256 != graph.sha256


def test_refitting_keeps_folds_and_changes_seeds(fitted, nodes):
    scores = fold_scores(nodes, fitted)
    graph = fitted.recipe.graph
    first, again, other = (refit(fitted, nodes, graph, scores, draw) for draw in (0, 0, 1))
    assert (first.benefit == again.benefit).all()
    assert not np.allclose(first.benefit, other.benefit)
    assert (first.fold == fitted.fold).all()
    # Another seed is the same model: its benefit goes along with the run's.
    assert np.corrcoef(first.benefit[:, 0], fitted.benefit[:, 0])[0, 1] > 0.8


def test_one_training_is_no_comparison(fitted):
    tau = fitted.benefit[:, 0]
    with pytest.raises(ConfigError, match="2 trainings"):
        compare(fitted, {TRUE: tau[None], REWIRED: tau[None]}, 0, np.ones(24, dtype=bool))


def _cascade(*genes):
    n = len(genes)
    return Cascade(
        genes=genes,
        order=tuple(range(n)),
        kind=("kinase",) * n,
        compartment=("",) * n,
        score=(1.0,) * n,
        direction=(1,) * n,
        edges=(),
        frequency=(),
        pathway="P",
        p=0.01,
        share_of_patients=0.5,
    )


def test_a_cascade_survives_if_it_comes_back_and_edges_help():
    found = (_cascade("A", "B", "C"),)
    again = [(_cascade("A", "B", "D"),), (_cascade("X", "Y"),), ()]
    even = np.array([0.25, 0.25, 0.25, 0.25])
    shares = ([np.array([1.0, 1, 1, 1])], [np.array([0.0, 0, 1, 1])])
    # Two of four genes shared of A, B, C, D: just the same; one of three trainings holds it.
    one = survival(found, again, shares, ("A", "B", "C", "D"), True)[0]
    assert one.comes_back == pytest.approx(1 / 3)
    assert (one.share_true, one.share_rewired) == (pytest.approx(0.75), pytest.approx(0.5))
    assert not one.survives
    assert survival(found, again[:1], ([even], [even]), tuple("ABCD"), True)[0].survives
    assert not survival(found, again[:1], ([even], [even]), tuple("ABCD"), False)[0].survives


def test_a_stopped_run_goes_on_and_ends_the_same(fitted, nodes, tmp_path, monkeypatch):
    for wrong in (Controls(1), Controls(2, (REWIRED,))):
        with pytest.raises(ConfigError, match="2 trainings or more"):
            run_controls(fitted, nodes, wrong, tmp_path)
    plan = Controls(2, (TRUE, REWIRED, SHUFFLED), QUICK)
    config = fitted.recipe.fit.model_copy(
        update={"outcome_rounds": 1, "benefit_rounds": 1, "stack": False}
    )
    fitted = dataclasses.replace(fitted, recipe=fitted.recipe._replace(fit=config))
    whole = run_controls(fitted, nodes, plan, tmp_path / "whole")
    real, done = controls_module._train, []

    def dies(*args):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(1)
        return real(*args)

    monkeypatch.setattr(controls_module, "_train", dies)
    with pytest.raises(KeyboardInterrupt):
        run_controls(fitted, nodes, plan, tmp_path / "cut")
    monkeypatch.setattr(controls_module, "_train", lambda *a: (done.append(1), real(*a))[1])
    assert run_controls(fitted, nodes, plan, tmp_path / "cut") == whole
    assert len(done) == 6
    names = ("prediction.csv", "findings.csv", "cascades.csv")
    assert all(
        (tmp_path / "cut" / n).read_bytes() == (tmp_path / "whole" / n).read_bytes() for n in names
    )
    broken = next((tmp_path / "cut" / "parts").glob("*.st"))
    broken.write_bytes(b"broken")
    with pytest.raises(BundleError, match="delete it"):
        run_controls(fitted, nodes, plan, tmp_path / "cut")


@pytest.mark.slow  # nine fits; the benchmark of the graph's help counts verdicts over cohorts, too
def test_hidden_genes_need_the_graph_and_lone_ones_do_not(graph, recipe):
    from conftest import trial_plan

    rng = np.random.default_rng(5)
    plan = trial_plan(graph, 3.0)
    cohort, truth = simulate_relay(plan, 240, rng)
    assert not any(set(plan.cascade) & set(t.columns) for t in cohort.omics.values())
    assert np.std(truth.benefit) == pytest.approx(3.0)
    cohort, _ = simulate_local(plan, 240, rng)
    assert set(cohort.omics["expression"].columns) == set(graph.genes)
    nodes = project(cohort, graph)
    fitted = fit(nodes, recipe, 0)
    controls = Controls(2, (TRUE, REWIRED, NO_EDGES), ExplainConfig(cascades=0))
    outcome = run_controls(fitted, nodes, controls)
    assert outcome.findings[0].severity == "note"


def test_the_command_prints_the_verdict_and_writes_tables(tmp_path):
    from small_study import write_small_study

    study = write_small_study(tmp_path)
    words = ["controls", str(study), "--out", str(tmp_path / "run"), "--draws", "2"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert "squared error with rewired edges" in result.output.replace("\n", " ")
    names = {p.name for p in (tmp_path / "run" / "controls").iterdir()}
    tables = "prediction findings cascades"
    assert names == {*(f"{t}.csv" for t in tables.split()), "data_dictionary.csv", "parts"}
    assert_described(tmp_path / "run" / "controls", tables, "controls")
