"""Real cohorts that are read in other ways than the committed studies."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from pathgnn.cohort.cohort import Cohort, Outcome
from pathgnn.cohort.read_tables import read_cohort
from pathgnn.cohort.to_h5mu import from_h5mu, to_h5mu
from pathgnn.errors import GraphError
from pathgnn.graph.from_curated import from_curated
from pathgnn.graph.project import project
from pathgnn.study import read_study

STUDIES = Path(__file__).parents[2] / "benchmarks" / "studies"


def _cohort(name, shared):
    study = read_study(STUDIES / f"{name}.toml")
    return read_cohort(study.cohort, shared / "data" / study.data, STUDIES)


def test_a_clinical_trial_without_omics_is_a_cohort_but_has_no_graph(shared):
    cohort = _cohort("actg175", shared)
    # Hammer et al. 1996: 532 patients got zidovudine alone, 522 with didanosine.
    assert np.bincount(cohort.outcome.arm).tolist() == [532, 522]
    assert cohort.outcome.value.max() == pytest.approx(1231 * 12 / 365.2425)
    with pytest.raises(GraphError, match="no omic that could be laid on a graph"):
        project(cohort, from_curated())


def test_a_study_folder_of_cbioportal_gives_what_its_paper_says(shared):
    cohort = _cohort("nsclc_pd1", shared)
    # Rizvi et al. 2018: 240 patients, 206 of them on monotherapy.
    assert len(cohort.patients) == 240
    assert np.bincount(cohort.outcome.arm).tolist() == [206, 34]
    assert cohort.clinical["mutation_burden"].notna().all()
    kras = cohort.omics["mutation"]["KRAS"].mean()
    assert 0.2 < kras < 0.45
    hot = cohort.omics["hotspot"]["KRAS"]
    assert (hot <= cohort.omics["mutation"]["KRAS"]).all()
    assert hot.mean() > 0.8 * kras


def test_mutations_from_the_maf_are_those_of_the_table(shared):
    cohort = _cohort("metabric_cbioportal", shared)
    table = pd.read_parquet(shared / "data" / "cohorts" / "metabric" / "mut.parquet")
    there = cohort.omics["mutation"].index.intersection(table.index)
    assert len(there) > 1900
    for gene in ("TP53", "PIK3CA", "GATA3", "CDH1"):
        ours, theirs = cohort.omics["mutation"].loc[there, gene], table.loc[there, gene]
        assert (ours == theirs).mean() > 0.98
    assert cohort.omics["truncating"]["TP53"].mean() < cohort.omics["mutation"]["TP53"].mean()


def test_arrays_of_an_hdf5_file_become_a_cohort_and_come_back(shared, tmp_path):
    path = shared / "data" / "cohorts" / "deepsurv" / "gbsg_cancer_train_test.h5"
    with h5py.File(path) as file:
        x, time, event = (np.asarray(file["test"][k]) for k in ("x", "t", "e"))
    names = tuple(f"P{i:04d}" for i in range(len(x)))
    # The first column is hormone therapy, which this trial assigned.
    cohort = Cohort(
        name="gbsg",
        patients=names,
        omics={},
        kinds={},
        clinical=pd.DataFrame(x[:, 1:].astype(float), index=names).rename(columns=str),
        outcome=Outcome(
            kind="survival",
            patient=names,
            arm=x[:, 0].astype(int),
            arms=("none", "hormone"),
            value=time.astype(float),
            event=event.astype(bool),
            stratum=np.zeros(len(x), dtype=int),
            randomised=True,
            horizon=48.0,
        ),
    )
    # Schumacher et al. 1994: 686 patients, 299 events, 246 on tamoxifen.
    assert (len(x), int(event.sum()), int(x[:, 0].sum())) == (686, 299, 246)
    back = from_h5mu(to_h5mu(cohort, tmp_path / "gbsg.h5mu"))
    pd.testing.assert_frame_equal(back.clinical, cohort.clinical)
    np.testing.assert_array_equal(back.outcome.value, cohort.outcome.value)
