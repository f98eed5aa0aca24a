"""Permutations and repeats of a run: the same by any number of processes and after a stop."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import typer
from conftest import trial_on
from described import assert_described
from typer.testing import CliRunner

from pathgnn import evidence
from pathgnn.benefit.evidence_findings import NO_EFFECT, SAME_EFFECT
from pathgnn.benefit.metrics import Estimate, SequentialTest
from pathgnn.cli_evidence import permute, repeat
from pathgnn.draws import Pool
from pathgnn.errors import CohortError, ConfigError
from pathgnn.evidence import (
    Permuting,
    pack,
    permutation_tables,
    permute_once,
    repeat_once,
    repeat_tables,
    run_permutations,
    run_repeats,
    unpack,
)
from pathgnn.files import write_json
from pathgnn.graph.project import project
from pathgnn.model.config import FitConfig, NetConfig
from pathgnn.train.crossfit import fit
from pathgnn.train.permutation import constant_effect, one_draw
from pathgnn.train.repeated import combined_p, repeat_of

TINY = FitConfig(folds=3, members=1, outcome_rounds=1, benefit_rounds=1, stack=False)


@pytest.fixture(scope="module")
def small(graph):
    return project(trial_on(graph, 90, 3, sd_benefit=3.0)[0], graph)


@pytest.fixture(scope="module")
def run_of_it(small, recipe):
    return fit(small, recipe._replace(fit=TINY, net=NetConfig(channels=1, depth=1)), 4)


@pytest.fixture
def one_process(monkeypatch):
    """Draws in this process, where starting others would take longer than the draws."""

    def here(work, packed, kept, numbers, pool):
        for number in numbers:
            write_json(kept.path(number), work(packed, number))
            pool.progress(str(number))
        return [json.loads(kept.path(number).read_text()) for number in numbers]

    monkeypatch.setattr(evidence, "run_draws", here)


def test_draws_are_the_same_by_two_processes_and_by_one_that_goes_on(run_of_it, small, tmp_path):
    told = []
    two = run_permutations(run_of_it, small, Permuting(2, pool=Pool(2, told.append)), tmp_path)
    assert sorted(told) == ["draw 1", "draw 2"]
    (tmp_path / "0002.json").write_text('{"stamp": "')
    one = run_permutations(run_of_it, small, Permuting(2, pool=Pool(1, told.append)), tmp_path)
    assert told[2:] == ["draw 1: kept", "draw 2"]
    assert one == two
    assert len(set(two.drawn)) == 2
    # And the same as in this process, but for the threads that it may take.
    effect = constant_effect(small, run_of_it.scores)
    here = one_draw(small, run_of_it.recipe, effect, (4, 1))
    assert two.drawn[0] == pytest.approx(here, rel=1e-4)
    tables = permutation_tables(two)
    assert tables["test"].loc[0, ["draws", "null"]].tolist() == [2, SAME_EFFECT]
    assert tables["draws"].iloc[:, 1].tolist() == [d[0] for d in two.drawn]
    assert tables["findings"]["severity"].tolist() == ["note"]
    _refuses_other_runs(run_of_it, small, tmp_path)


def _refuses_other_runs(run_of_it, small, folder):
    """Nothing is trained here: the draws of the folder are looked at first."""
    other = small.value.clone()
    other[0] += 1
    changed = evidence.replace(small, value=other)
    fewer = evidence.replace(
        run_of_it, recipe=run_of_it.recipe._replace(fit=TINY.model_copy(update={"members": 2}))
    )
    for fitted, nodes, plan in (
        (run_of_it, changed, Permuting(2)),
        (fewer, small, Permuting(2)),
        (evidence.replace(run_of_it, seed=5), small, Permuting(2)),
        (run_of_it, small, Permuting(2, keep_average=False)),
    ):
        with pytest.raises(ConfigError, match="other data, settings or versions"):
            run_permutations(fitted, nodes, plan, folder)


def test_observational_cohorts_and_no_draws_are_refused(run_of_it, small, tmp_path):
    seen = evidence.replace(small, randomised=False)
    with pytest.raises(ConfigError, match="observational"):
        run_permutations(run_of_it, seen, Permuting(1), tmp_path)
    with pytest.raises(ConfigError, match="0 permutations are no test"):
        run_permutations(run_of_it, small, Permuting(0), tmp_path)
    with pytest.raises(ConfigError, match="1 repeats cannot be compared"):
        run_repeats(run_of_it, small, 1, tmp_path)


def test_a_draw_that_cannot_be_trained_counts_against(run_of_it, small, tmp_path, monkeypatch):
    def fails(*_):
        raise CohortError("too few events")

    monkeypatch.setattr(evidence, "one_draw", fails)
    packed = pack(evidence.Job(small, run_of_it.recipe, np.zeros(1), 4))
    lost = permute_once(packed, 1)
    assert lost == {"statistic": None, "why": "too few events"}
    draws = [lost, {"statistic": [-9.0]}]
    monkeypatch.setattr(evidence, "run_draws", lambda *_: draws)
    done = run_permutations(run_of_it, small, Permuting(2, keep_average=False), tmp_path)
    assert done.drawn == (None, (-9.0,))
    # Of two draws one is below, the lost one counts as above: (1 + 1) / 3.
    assert done.tests[0].one_sided == pytest.approx(2 / 3)
    assert done.tests[0].failed == 1
    assert done.null == NO_EFFECT
    assert np.isnan(permutation_tables(done)["draws"].iloc[0, 1])


def test_no_patient_id_goes_to_another_process(run_of_it, small):
    packed = pack(evidence.Job(small, run_of_it.recipe, np.zeros(1), 4))
    assert small.patients[5].encode() not in packed
    job = unpack(packed)
    assert job.nodes.x.equal(small.x)
    assert job.recipe.graph.sha256 == run_of_it.recipe.graph.sha256


def test_repeats_begin_with_the_run_and_differ_by_their_folds(
    run_of_it, small, tmp_path, one_process
):
    done = run_repeats(run_of_it, small, 3, tmp_path)
    first = repeat_of(run_of_it)
    assert np.array_equal(done.each[0].benefit, first.benefit)
    assert done.each[0][:4] == first[:4]
    assert not np.array_equal(done.each[1].benefit, done.each[0].benefit)
    assert not np.array_equal(done.each[1].benefit, done.each[2].benefit)
    tables = repeat_tables(done)
    assert list(tables["repeats"]["repeat"]) == [1, 2, 3]
    patients = np.stack([r.benefit[:, 0] for r in done.each]).mean(0)
    assert tables["patients"]["mean"].to_numpy() == pytest.approx(patients)
    assert set(tables["patients"]["patient"]).isdisjoint(small.patients)


def test_a_repeat_comes_back_from_its_file_as_it_was(run_of_it, small, monkeypatch):
    # A constant prediction has a slope without end to its error, and JSON no infinity.
    there = repeat_of(run_of_it)._replace(slope=(Estimate(0.0, float("inf")),))
    asked = []
    monkeypatch.setattr(evidence, "one_repeat", lambda *job: asked.append(job) or there)
    packed = pack(evidence.Job(small, run_of_it.recipe, np.zeros(1), 4))
    back = evidence._repeat(json.loads(json.dumps(repeat_once(packed, 7), allow_nan=False)))
    assert asked[0][2] == (4, 7)
    assert back[:4] == there[:4]
    assert np.array_equal(back.benefit, there.benefit)


def test_a_repeat_without_a_test_is_kept_and_its_p_is_none(run_of_it, small, monkeypatch):
    there = repeat_of(run_of_it)
    untested = there._replace(test=(SequentialTest(np.nan, np.nan, ()),))
    monkeypatch.setattr(evidence, "one_repeat", lambda *job: untested)
    packed = pack(evidence.Job(small, run_of_it.recipe, np.zeros(1), 4))
    back = evidence._repeat(json.loads(json.dumps(repeat_once(packed, 7), allow_nan=False)))
    assert np.isnan([back.test[0].z, back.test[0].p]).all()
    assert np.isnan(combined_p([back.test[0].p, 0.01]))


def test_the_commands_print_the_verdict_and_write_tables(tmp_path, one_process):
    from small_study import write_small_study

    study = write_small_study(tmp_path)
    text = study.read_text().replace("members = 1", "members = 1\nstack = false")
    text += "[net]\nchannels = 1\ndepth = 1\n"
    study.write_text(text)
    app = typer.Typer()
    app.command()(permute)
    app.command()(repeat)
    out = tmp_path / "run"
    for words, folder, said, names in (
        (["permute", "--draws", "1"], "permutation", "1 permutations of the arms", "test draws"),
        (["repeat", "--repeats", "2"], "repeats", "between repeats", "together repeats patients"),
    ):
        result = CliRunner().invoke(app, [words[0], str(study), "--out", str(out), *words[1:]])
        assert result.exit_code == 0, result.output
        assert said in result.output.replace("\n", " ")
        written = {p.stem for p in (out / folder).glob("*.csv")}
        assert written == {*names.split(), "findings", "data_dictionary"}
        assert_described(out / folder, f"{names} findings", folder)
    assert len(pd.read_csv(out / "repeats" / "patients.csv")) == 90
    wrong = study.with_name("seen.toml")
    wrong.write_text(text.replace("randomised = true", "randomised = false"))
    result = CliRunner().invoke(app, ["permute", str(wrong), "--out", str(tmp_path / "other")])
    assert result.exit_code == 2
    assert not (tmp_path / "other").exists()
