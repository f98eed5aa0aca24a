"""The committed studies of real cohorts, each on a small subset; METABRIC warns and refuses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from pathgnn.errors import RefusedError
from pathgnn.run import Options, read_input, run
from pathgnn.study import read_study
from pathgnn.train.check import check

STUDIES = Path(__file__).parents[1] / "benchmarks" / "studies"
QUICK = {"folds": 3, "members": 1, "outcome_rounds": 1, "benefit_rounds": 1, "steps": 4}
N = 100


def _input(name, shared):
    study = read_study(STUDIES / f"{name}.toml")
    study = study.model_copy(update={"fit": study.fit.model_copy(update=QUICK)})
    return read_input(study, STUDIES, shared / "data" / study.data)


def _subset(given):
    chosen = np.random.default_rng(0).permutation(given.nodes.n_patients)[:N]
    return given._replace(nodes=given.nodes.take(torch.from_numpy(np.sort(chosen))))


def test_xenografts_run_with_every_tumour_observed_in_several_arms(shared, tmp_path):
    given = _input("pdxe", shared)
    assert given.nodes.n_patients == 177
    assert len(given.nodes.arm) == 660
    results = run(_subset(given), tmp_path, Options(until="explain"))
    informs = results.fitted.scores.informs
    both = informs[:, 0]
    # Observed in both arms, the score is the observed difference.
    nodes, first = results.nodes, int(np.flatnonzero(both)[0])
    rows = (nodes.patient_of == first).numpy()
    value = dict(zip(nodes.arm[rows].tolist(), nodes.value[rows].tolist(), strict=True))
    assert results.fitted.scores.gain[first, 0] == pytest.approx(value[1] - value[0], rel=1e-4)
    assert [b.arm for b in results.benefits] == ["binimetinib", "BYL719", "LEE011"]


def test_ispy2_runs_with_biomarkers_attached_to_genes(shared, tmp_path):
    given = _input("ispy2", shared)
    assert given.nodes.report[0].mapped == 27
    assert np.bincount(given.nodes.arm).tolist() == [179, 69, 71, 60]
    results = run(_subset(given), tmp_path, Options())
    assert (tmp_path / "report.html").is_file()
    assert results.benefit.arm == "Pembro"


def test_ispy2_neratinib_reads(shared):
    assert np.bincount(_input("ispy2_neratinib", shared).nodes.arm).tolist() == [31, 65]


def test_metabric_hormone_therapy_warns_and_runs(shared, tmp_path):
    given = _input("metabric_hormone", shared)
    findings = check(given.nodes, given.graph, 3, 1)
    assert next(f for f in findings if f.topic == "overlap").severity == "warning"
    small = _subset(given)
    results = run(small, tmp_path, Options(accept_risk=True, until="explain"))
    assert results.benefit.estimand.unit == "months gained by month 120"
    assert not results.nodes.randomised


def test_metabric_chemotherapy_is_refused(shared, tmp_path):
    with pytest.raises(RefusedError, match="too different to compare"):
        run(_input("metabric_chemo", shared), tmp_path, Options())
    assert not (tmp_path / "fit").exists()


def test_a_refusal_that_is_overridden_is_stamped_on_the_report(shared, tmp_path):
    given = _subset(_input("metabric_chemo", shared))
    clinical = torch.cat([given.nodes.clinical, 5.0 * given.nodes.arm[:, None]], 1)
    seen = torch.cat([given.nodes.clinical_seen, torch.ones(N, 1, dtype=torch.bool)], 1)
    decided = replace(
        given.nodes,
        clinical=clinical,
        clinical_seen=seen,
        covariates=(*given.nodes.covariates, "x"),
    )
    results = run(given._replace(nodes=decided), tmp_path, Options(accept_risk=True))
    assert results.accepted_risk
    assert "overridden by the user" in (tmp_path / "report.html").read_text()
