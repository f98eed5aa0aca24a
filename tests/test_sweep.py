"""A study's sweep from the command line: tuned, told, written, judged; no patient is in it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from contextlib import closing

import numpy as np
import pandas as pd
import pytest
from described import assert_described
from small_study import write_small_study
from typer.testing import CliRunner

from pathgnn import sweep
from pathgnn.cli import app
from pathgnn.errors import ConfigError
from pathgnn.run import check_study, read_input, sized_for
from pathgnn.study import read_study
from pathgnn.sweep import Sweeping, lay_out, run_sweep
from pathgnn.sweep_results import kept_sweep, picked, place_of, winning_study
from pathgnn.train.trials import work
from pathgnn.train.tried import tried
from pathgnn.train.tune import objective_of, search_of

NET = "\n[net]\nchannels = 1\ndepth = 1\ntrunk = 4\n"
SWEEP = """
[sweep]
settings = ["fit.ridge"]
trials = 3
pruner = "none"
level = 0.001
[sweep.choices]
"fit.group_lasso" = [10.0, 2.0]
[sweep.collections]
halves = "halves.gmt"
"""


def written(folder, more=SWEEP):
    """A small study with a sweep in a folder of its own."""
    path = write_small_study(folder, 120)
    text = path.read_text().replace("members = 1", "members = 1\nstack = false\nsteps = 3")
    path.write_text(text + NET + more)
    sets = [line.split("\t") for line in (folder / "pathways.gmt").read_text().splitlines()]
    halves = ["\t".join(("HALF_" + s[0], "na", *s[2:5])) + "\n" for s in sets]
    (folder / "halves.gmt").write_text("".join(halves))
    return path


def call(*words):
    result = CliRunner().invoke(app, ["sweep", *map(str, words)])
    assert result.exit_code == 0, result.output
    return result.output.replace("\n", " ")


@pytest.fixture(scope="module")
def here():
    """Workers in this process, where starting others would take longer than the trials."""
    with pytest.MonkeyPatch.context() as patch:

        def one_round(packed, where, store, plan):
            job = sweep.torch.load(sweep.io.BytesIO(packed), weights_only=False)
            work(store, search_of(job), objective_of(job))

        patch.setattr(sweep, "_one_round", one_round)
        yield


@pytest.fixture(scope="module")
def swept(tmp_path_factory, here):
    """A study whose sweep is done, and what that said."""
    study = written(tmp_path_factory.mktemp("swept"))
    return study, call(study)


def test_a_sweep_says_what_it_found_and_what_that_is_worth(swept):
    study, said = swept
    folder = study.parent / "run" / "sweep"
    assert "3 trials: 3 complete" in said
    assert "is no estimate of how well its settings do" in said
    table = pd.read_csv(folder / "trials.csv")
    assert table.loc[0, ["fit.ridge", "fit.group_lasso", "pathways"]].tolist() == [1, 10, "study"]
    assert table.loc[0, "excess"] == 0
    assert (table["risk"] - table.loc[0, "risk"]).tolist() == pytest.approx(table["excess"])
    assert_described(folder, "trials", "sweep")
    assert {p.name for p in folder.glob("*.*g")} == {"history.png", "history.svg"}
    assert call("status", study).startswith("3 trials: 3 complete")


def test_a_sweep_that_is_called_for_more_goes_on(swept):
    study, _ = swept
    more = study.with_name("more.toml")
    more.write_text(study.read_text().replace("trials = 3", "trials = 6"))
    before = pd.read_csv(study.parent / "run" / "sweep" / "trials.csv")
    assert "6 trials: 6 complete" in call("run", more)
    after = pd.read_csv(study.parent / "run" / "sweep" / "trials.csv")
    pd.testing.assert_frame_equal(after.head(3).drop(columns="p"), before.drop(columns="p"))
    # The more has been tried, the further ahead is the best by chance.
    assert (after["p"][1:3] >= before["p"][1:3]).all()
    assert set(after["pathways"]) == {"study", "halves"}
    assert (study.parent / "run" / "sweep" / "importance.svg").is_file()


def test_no_patient_and_no_password_is_in_what_a_sweep_writes(swept):
    study, _ = swept
    files = [p for p in (study.parent / "run").rglob("*") if p.is_file()]
    assert any(p.suffix == ".db" for p in files)
    for path in files:
        if path.suffix != ".png":
            assert b"S0000" not in path.read_bytes(), path.name
    config = study.with_name("secret.toml")
    config.write_text(
        study.read_text().replace("[sweep]", '[sweep]\nstorage = "postgresql://a:pw@b"')
    )
    known = read_study(config)
    assert place_of(known, study.parent) == "postgresql://a:pw@b"
    assert "pw" not in known.model_dump_json()
    with kept(swept[0]) as store:
        chosen, guard = picked(store, known, least_risk=True)
        assert "pw" not in str(winning_study(known, chosen, guard))


def kept(study):
    known = read_study(study)
    return closing(kept_sweep(known, sweep.Path(known.out)))


def test_a_sweep_of_other_settings_is_not_taken_for_the_studys(swept):
    study, _ = swept
    changed = study.with_name("changed.toml")
    changed.write_text(study.read_text().replace("steps = 3", "steps = 4"))
    with pytest.raises(ConfigError, match="was changed since its sweep"):
        kept(changed)
    given = read_input(read_study(changed), study.parent)
    with pytest.raises(ConfigError, match=r"of other data, settings|was changed since"):
        run_sweep(given, study.parent, study.parent / "run")
    # Words and places of files decide nothing, nor what is told of a run.
    changed.write_text("# another word\n" + study.read_text() + "\n[estimand]\nknown = 0.5\n")
    with kept(changed) as store:
        assert tried(store)


def test_kept_losses_are_of_blocks_of_patients(swept):
    study, _ = swept
    with kept(study) as store:
        trials = tried(store)
    given = read_input(read_study(study), study.parent)
    seen = (~lay_out(given, study.parent).reserved).sum()
    assert {len(t.losses) for t in trials} == {len(trials[0].losses)}
    assert 6 <= len(trials[0].losses) <= seen / 5


def test_own_settings_stay_as_they_stand_unless_a_trial_is_clearly_better(swept):
    study, said = swept
    assert "nothing tried is clearly better than your own settings" in said
    said = call("best", study)
    assert "nothing tried is clearly better than your own settings" in said
    assert "your own settings" in said.partition("Wrote")[2]
    own, won = read_study(study), read_study(study.with_name("study-best.toml"))
    assert won.out == f"{own.out}-best"
    assert won.model_copy(update={"out": own.out}) == own
    assert won.fit.model_fields_set == own.fit.model_fields_set
    assert not [f for f in check_study(read_input(won, study.parent)) if f.topic == "sweep"]


def test_the_winning_study_is_complete_and_says_that_it_was_chosen(swept):
    study, _ = swept
    target = study.with_name("least.toml")
    said = call("best", study, "--least-risk", "--to", target)
    assert "its test is not valid" in said
    with kept(study) as store:
        best = picked(store, read_study(study), least_risk=True)[0]
    assert best.place != 0
    assert f"trial {best.number}, as asked" in said
    won = read_study(target)
    assert won.fit.ridge == best.settings["fit.ridge"]
    assert won.fit.group_lasso == best.settings["fit.group_lasso"]
    wanted = {"study": "pathways.gmt", "halves": "halves.gmt"}[best.settings["pathways"]]
    assert won.graph.pathways == wanted
    assert won.out == f"{study.parent / 'run'}-best"
    # What a winner has by default is written, too, or the cohort's size would choose it anew.
    assert {"ridge", "group_lasso"} <= won.fit.model_fields_set
    given = read_input(won, study.parent)
    assert sized_for(given).fit == won.fit
    (found,) = (f for f in check_study(given) if f.topic == "sweep")
    assert f"trial {best.number} of 6, p = 0." in found.sentence
    assert found.severity == "warning"


def test_any_complete_trial_can_be_written_and_nothing_else(swept):
    study, _ = swept
    target = study.with_name("second.toml")
    call("best", study, "--trial", "1", "--to", target)
    assert "trial 1 of" in read_study(target).sweep.chosen
    for words, said in (
        (("--trial", "99"), "no complete trial 99"),
        (("--trial", "1", "--least-risk"), "ask for one trial"),
        (("--to", study.parent.parent / "there.toml"), "beside"),
        (("--to", study), "under another name"),
        (("--name", "other"), "no sweep 'other'"),
    ):
        result = CliRunner().invoke(app, ["sweep", "best", str(study), *map(str, words)])
        assert result.exit_code == 2
        assert said in result.output


def test_a_picked_trial_is_not_what_reserved_patients_judge(swept):
    study, _ = swept
    other = study.with_name("picked.toml")
    said = call("best", study, "--trial", 1, "--to", other)
    assert "`sweep verify` judges the winner, not a trial that was picked" in said
    said = call("best", study, "--least-risk", "--name", "small", "--to", other)
    assert f"pathgnn sweep verify {study} --name small --least-risk" in said.replace("  ", " ")


def test_an_unfinished_sweep_has_no_winner_to_judge(swept):
    study, _ = swept
    more = study.with_name("more.toml")
    more.write_text(study.read_text().replace("trials = 3", "trials = 9"))
    result = CliRunner().invoke(app, ["sweep", "verify", str(more)])
    assert result.exit_code == 2
    assert "is not finished" in result.output.replace("\n", " ")


def test_risk_must_be_among_the_objectives(tmp_path):
    study = written(tmp_path, SWEEP.replace("trials = 3", 'trials = 3\nobjectives = ["stability"]'))
    with pytest.raises(ConfigError, match="must be among them"):
        read_study(study)


def test_reserved_patients_judge_the_winner(swept):
    study, _ = swept
    said = call("verify", study)
    assert "reserved patients AUTOC" in said
    assert "The winner is the study's own settings, so there is no gain to judge" in said
    said = call("verify", study, "--least-risk")
    assert "not shown to be better than the study's own settings" in said
    table = pd.read_csv(study.parent / "run" / "sweep" / "verification.csv")
    assert_described(study.parent / "run" / "sweep", "trials verification", "sweep")
    given = read_input(read_study(study), study.parent)
    reserved = lay_out(given, study.parent).reserved
    assert table.loc[0, "patients"] == reserved.sum()
    assert 20 <= reserved.sum() <= 40
    assert table.loc[0, "risk_gained"] == pytest.approx(
        table.loc[0, "own_risk"] - table.loc[0, "risk"]
    )


def test_risk_and_stability_are_asked_together(tmp_path, here):
    text = SWEEP.replace("trials = 3", 'trials = 4\nobjectives = ["risk", "stability"]')
    study = written(tmp_path, text.replace("trials = 4", 'trials = 4\nsampler = "nsga2"'))
    # Half of the genes are in no pathway of the other collection.
    assert "4 trials: 4 complete" in call(study)
    table = pd.read_csv(tmp_path / "run" / "sweep" / "trials.csv")
    assert table["stability"].between(0, 1).all()
    assert table["stability"].nunique() > 1
    assert (tmp_path / "run" / "sweep" / "front.svg").is_file()


def test_graphs_that_a_sweep_names_are_laid_out_and_wrong_ones_refused(tmp_path, here):
    more = '[sweep]\nsettings = ["fit.ridge"]\ntrials = 2\n[sweep.graphs.small]\n'
    more += 'edges = "edges.csv"\npathways = "pathways.gmt"\nonly = ["PATH0", "PATH1"]\n'
    study = written(tmp_path, more)
    given = read_input(read_study(study), tmp_path)
    laid = lay_out(given, tmp_path)
    sizes = {key: len(one.graph.genes) for key, one in laid.layouts.items()}
    assert sizes == {("study", "study"): 24, ("small", "study"): 12}
    wrong = study.with_name("wrong.toml")
    wrong.write_text(study.read_text().replace('"fit.ridge"', '"fit.rigde"'))
    result = CliRunner().invoke(app, ["sweep", str(wrong)])
    assert result.exit_code == 2
    assert "no setting 'fit.rigde'" in result.output
    assert not (tmp_path / "run" / "sweep").exists()


def test_workers_that_die_before_a_trial_end_in_a_sentence(tmp_path, monkeypatch):
    study = written(tmp_path)
    monkeypatch.setattr(sweep, "_one_round", lambda *_: None)
    result = CliRunner().invoke(app, ["sweep", str(study), "--processes", "2"])
    assert result.exit_code == 2
    assert "end before they take a trial" in result.output


@pytest.mark.slow
def test_forty_trials_by_two_processes_have_the_best_of_one(tmp_path):
    found = []
    for n in (1, 2):
        (tmp_path / str(n)).mkdir()
        study = written(tmp_path / str(n), SWEEP.replace("trials = 3", "trials = 40"))
        given = read_input(read_study(study), study.parent)
        found.append(run_sweep(given, study.parent, study.parent / "run", Sweeping(n)))
    one, two = found
    assert [t.number for t in two.trials] == list(range(40)) == [t.number for t in one.trials]
    assert (one.settings, one.risk) == (two.settings, two.risk)
    assert one.guard.finding.sentence == two.guard.finding.sentence
    by_place = [{t.place: t.values for t in f.trials} for f in found]
    assert by_place[0] == by_place[1]


@pytest.mark.slow
@pytest.mark.parametrize("storage", ("", "sweep.journal"))
def test_a_sweep_killed_five_times_loses_nothing(tmp_path, storage):
    study = written(tmp_path, SWEEP.replace("trials = 3", "trials = 20"))
    script = [sys.executable, "-c", "from pathgnn.cli import app; app()", "sweep", str(study)]
    script += ["--processes", "2"]
    script += ["--storage", str(tmp_path / storage)] if storage else []
    rng = np.random.default_rng(1)
    for _ in range(5):
        process = subprocess.Popen(script, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(float(rng.uniform(6, 14)))
        process.send_signal(signal.SIGKILL)
        process.wait()
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    known = read_study(study)
    if storage:
        update = {"storage": str(tmp_path / storage)}
        known = known.model_copy(update={"sweep": known.sweep.model_copy(update=update)})
    store = kept_sweep(known, sweep.Path(known.out))
    states = [(t.place, t.state) for t in tried(store)]
    assert sorted(p for p, s in states if s == "complete") == list(range(20))
    assert {s for _, s in states} <= {"complete", "lost"}
    assert len({t.number for t in tried(store)}) == len(states)
