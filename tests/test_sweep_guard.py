"""What `pathgnn sweep best` does where a trial is clearly better, and where nobody can tell."""

from __future__ import annotations

from contextlib import closing

import pytest
from optuna.samplers import RandomSampler
from small_study import write_small_study
from typer.testing import CliRunner

from pathgnn.cli import app
from pathgnn.study import read_study
from pathgnn.sweep_results import place_of
from pathgnn.train.pruner import pruner_of
from pathgnn.train.search_space import Range
from pathgnn.train.trial_store import open_store
from pathgnn.train.trials import Search, work

SPACE = {"fit.ridge": Range(0.1, 10, False)}
PLAN = [{"fit.ridge": ridge} for ridge in (1.0, 2.0, 3.0)]


@pytest.fixture
def study(tmp_path):
    """A study that was never trained."""
    return write_small_study(tmp_path)


def pretended(study, lost_of, keep=True):
    """A finished sweep whose losses are made up from fit.ridge, and kept or not."""

    def objective(values, report):
        lost = lost_of(values["fit.ridge"])
        report(0, sum(lost), lost if keep else [])
        return (sum(lost),)

    known = read_study(study)
    where = place_of(known, study.parent / "run")
    store = open_store(where, known.name, ("minimize",), None, pruner_of("none"))
    with closing(store):
        work(store, Search(SPACE, PLAN, 1, lambda _: RandomSampler(1)), objective)


def call(*words):
    result = CliRunner().invoke(app, ["sweep", *map(str, words)])
    assert result.exit_code == 0, result.output
    return result.output.replace("\n", " "), read_study(words[1].with_name("study-best.toml"))


def test_a_clearly_better_trial_is_written(study):
    pretended(study, lambda ridge: [10 + b / 10 - 2 * (ridge == 2) for b in range(15)])
    said, won = call("best", study)
    assert "Trial 1 wins, clearly better than your own settings: its risk is 30 below" in said
    assert won.fit.ridge == 2
    # All signs plus is one of 2^15, or none of those drawn.
    assert "trial 1 of 3, p = 0.0" in won.sweep.chosen


def test_what_is_better_in_every_other_block_alone_is_not_written(study):
    # Seven blocks of 2 below and eight of 1.5 above: 2 below in all, as chance would have it.
    pretended(study, lambda ridge: [10 - (ridge == 2) * (2 if b % 2 else -1.5) for b in range(15)])
    said, won = call("best", study)
    assert "Your own settings win" in said
    assert "ridge" not in won.fit.model_fields_set
    study.write_text(study.read_text() + "[sweep]\nlevel = 1\n")
    said, won = call("best", study)
    assert "as at level 1 the least risk does" in said
    assert won.fit.ridge == 2


def test_a_sweep_of_an_older_version_keeps_own_settings_and_says_why(study):
    pretended(study, lambda ridge: [10.0 / ridge], keep=False)
    said, won = call("best", study)
    assert "of an older version, kept no losses" in said
    assert "clearly" not in said
    assert won.fit == read_study(study).fit
    assert "kept no losses" in call("status", study)[0]
    assert call("best", study, "--least-risk")[1].fit.ridge == 3
