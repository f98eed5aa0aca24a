"""Real files that would be read as something else: read right, or refused in a sentence."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pathgnn.cohort.block_clinical import clinical_block, likely_codes, often_missing
from pathgnn.cohort.effects import classes
from pathgnn.cohort.outcome_rows import outcome_rows
from pathgnn.cohort.read_everyone import read_everyone
from pathgnn.cohort.read_new import read_new
from pathgnn.cohort.read_outcome import clinical_table, no_overlap, outcome_of
from pathgnn.cohort.read_parquet import open_parquet
from pathgnn.cohort.read_table import numeric, read_table
from pathgnn.cohort.read_tables import read_cohort
from pathgnn.cohort.samples import _rank
from pathgnn.cohort.sources import CohortSource, SampleSource
from pathgnn.cohort.variants import not_silent
from pathgnn.errors import CohortError

N = 40


def _table(**columns):
    base = {
        "patient": [f"x{i}" for i in range(N)],
        "arm": ["control", "drug"] * (N // 2),
        "value": np.arange(N) / 4,
        "months": np.arange(1.0, N + 1),
        "status": ["Alive", "Dead"] * (N // 2),
    }
    return pd.DataFrame(base | columns)


def _source(outcome, **more):
    treatment = {"column": "arm", "reference": "control", "randomised": True}
    return CohortSource(
        omics={"e": {"file": "e.csv", "kind": "expression"}},
        outcome={"file": "o.csv", "kind": "continuous", "value": "value", **outcome},
        **({"treatment": treatment} | more),
    )


def _rows(table, folder, outcome=None, **more):
    table.to_csv(folder / "o.csv", index=False)
    return outcome_rows(_source(outcome or {}, **more), folder)


@pytest.mark.parametrize("ids", [[f"x{i}" for i in range(N)], list(range(1000, 1000 + N))])
def test_row_numbers_that_filtering_left_are_no_ids(ids, tmp_path):
    table = _table(patient=ids)
    table[table["value"] > 3].to_parquet(tmp_path / "o.parquet")
    read = read_table(tmp_path / "o.parquet")
    assert read.index.tolist() == [str(i) for i in np.array(ids)[table["value"] > 3]]
    numbers = table[["patient", "value"]][table["value"] > 3]
    numbers.to_parquet(tmp_path / "e.parquet")
    large = open_parquet(tmp_path / "e.parquet", "", set(map(str, ids)))
    assert large.ids.tolist() == read.index.tolist()


def test_an_index_of_numbers_beside_measurements_holds_the_ids(tmp_path):
    values = pd.DataFrame({"TP53": [0.5, 1.5, 1.0], "KRAS": [1.0, 2.0, 3.0]}, index=[7, 9, 12])
    values.to_parquet(tmp_path / "e.parquet")
    assert read_table(tmp_path / "e.parquet").index.tolist() == ["7", "9", "12"]
    mutated = pd.DataFrame({"TP53": [0, 1, 0], "KRAS": [1, 0, 0]}, index=[7, 9, 12])
    mutated.to_parquet(tmp_path / "m.parquet")
    assert read_table(tmp_path / "m.parquet").index.tolist() == ["7", "9", "12"]


def test_a_row_without_an_id_is_nobodys(tmp_path):
    (tmp_path / "e.csv").write_text("id,TP53\nx1,1.5\n,2.5\nx2,0.5\n")
    assert read_table(tmp_path / "e.csv").index.tolist() == ["x1", "x2"]
    table = _table()
    # A blank, a patient who is called NA, and a line that is empty.
    table.loc[[0, 1, 2], "patient"] = ["", "NA", None]
    table.loc[2, table.columns[1:]] = None
    rows, notes = _rows(table, tmp_path)
    assert len(rows) == N - 3
    assert "2 rows of o.csv have no id, or one such as NA: left out" in notes


def test_a_number_far_above_all_others_is_asked_about(tmp_path):
    value = np.where(np.arange(N) < 3, 999.0, np.arange(N))
    assert "999 in 3 rows" in " ".join(_rows(_table(value=value), tmp_path)[1])
    block = pd.DataFrame({"age": [*range(30, 88), 999, 999], "psa": [*range(940, 998), 999, 999]})
    (said,) = likely_codes(block, "c.csv")
    assert said.startswith("'age' of c.csv holds 999 in 2 rows")
    assert likely_codes(block[:59], "c.csv") == []


def test_several_columns_of_ids_are_refused(tmp_path):
    table = _table().set_index(["patient", "arm"])[["value"]]
    table.to_parquet(tmp_path / "e.parquet")
    with pytest.raises(CohortError, match="several columns as its index"):
        read_table(tmp_path / "e.parquet")


def test_a_lone_quote_in_a_table_of_tabs_loses_no_row_in_silence(tmp_path):
    lines = [f"x{i}\t{i / 2}\t{chr(34) if i == 5 else ''}note" for i in range(N)]
    lines[20] += '"'
    (tmp_path / "o.tsv").write_text("id\tvalue\tnote\n" + "\n".join(lines) + "\n")
    with pytest.raises(CohortError, match="column 3 a quote is opened"):
        read_table(tmp_path / "o.tsv")


def test_dates_and_durations_are_no_numbers():
    when = pd.DataFrame({"start": pd.to_datetime(["2020-01-01", "2021-01-01"])})
    for table in (when, when - when.iloc[0]):
        with pytest.raises(CohortError, match="'start' holds dates or durations"):
            numeric(table, "o.parquet")


def test_blanks_make_no_arm_and_no_survivor(tmp_path):
    arms = ["control ", "drug"] * (N // 4) + ["control", " drug"] * (N // 4)
    status = ["Alive", "Dead "] * (N // 2)
    outcome = {"kind": "survival", "time": "months", "event": "status", "events": ["Dead"]}
    rows, _ = _rows(_table(arm=arms, status=status), tmp_path, outcome)
    source = _source(outcome)
    found = outcome_of(rows, source.outcome, source.treatment)
    assert found.arms == ("control", "drug")
    assert found.event.sum() == N / 2


def test_a_text_for_not_known_is_no_arm(tmp_path):
    arms = ["[Not Available]"] * 4 + ["control", "drug"] * ((N - 4) // 2)
    rows, notes = _rows(_table(arm=arms), tmp_path)
    assert set(rows["arm"]) == {"control", "drug"}
    assert notes == ["4 rows of o.csv lack arm in 4: left out"]


def test_an_event_in_other_capitals_is_asked_about(tmp_path):
    outcome = {"kind": "survival", "time": "months", "event": "status", "events": ["Dead"]}
    status = ["Alive", "Dead", "Alive", "DEAD"] * (N // 4)
    with pytest.raises(CohortError, match="in its capitals alone"):
        _rows(_table(status=status), tmp_path, outcome)


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (
            {"kind": "survival", "time": "months", "event": "status", "better": "lower"},
            "is not for survival",
        ),
        ({"kind": "binary", "value": "status", "good": ["Alive"], "better": "lower"}, "not both"),
        ({"value": ""}, "`outcome.value` of .* is empty"),
        ({"kind": "survival", "event": "status"}, "`outcome.time` of .* is empty"),
    ],
)
def test_settings_that_would_be_ignored_are_refused(outcome, said, tmp_path):
    with pytest.raises(CohortError, match=said):
        _rows(_table(), tmp_path, outcome)


def test_covariates_come_from_the_rows_that_are_kept(tmp_path):
    first = _table(visit="screening", age=-1.0)
    both = pd.concat([first, _table(visit="baseline", age=np.arange(N) + 30.0)])
    keep = {"visit": ["baseline"]}
    rows, _ = _rows(both, tmp_path, keep=keep)
    source = _source({}, keep=keep, clinical={"columns": ["age"]})
    found = clinical_table(source, tmp_path, tuple(rows.index))
    assert found["age"].tolist() == (np.arange(N) + 30.0).tolist()


def test_what_is_not_known_of_a_covariate_is_no_level_of_it(tmp_path):
    age = np.where(np.arange(N) % 5, (np.arange(N) + 30).astype(str), "[Not Available]")
    stage = np.where(np.arange(N) % 3, "II", "Unknown")
    rows, _ = _rows(_table(age=age, stage=stage), tmp_path)
    source = _source({}, clinical={"columns": ["age", "stage"]})
    found = clinical_table(source, tmp_path, tuple(rows.index))
    assert list(found.columns) == ["age", "stage=II"]
    assert np.isnan(found["age"].iloc[0])
    assert found["age"].iloc[1] == 31.0
    assert found["stage=II"].isna().sum() == len(range(0, N, 3))


def test_rows_of_a_patient_that_differ_in_a_covariate_are_refused_and_gaps_are_filled(tmp_path):
    twice = pd.concat([_table(age=40.0), _table(age=np.nan)])
    source = _source({}, clinical={"columns": ["age"]})
    twice.to_csv(tmp_path / "o.csv", index=False)
    patients = tuple(map(str, _table()["patient"]))
    assert (clinical_table(source, tmp_path, patients)["age"] == 40.0).all()
    pd.concat([_table(age=40.0), _table(age=41.0)]).to_csv(tmp_path / "o.csv", index=False)
    with pytest.raises(CohortError, match=f"different values in the rows of {N} patients"):
        clinical_table(source, tmp_path, patients)


def test_numbers_that_describe_a_gene_are_no_patients(tmp_path):
    table = _table()
    ids = [str(p) for p in table["patient"]]
    table.iloc[:-2].to_csv(tmp_path / "o.csv", index=False)
    rng = np.random.default_rng(0)
    values = pd.DataFrame(rng.normal(size=(5, N)), index=list("ABCDE"), columns=ids)
    values.insert(0, "Length", [1000, 2000, 900, 800, 700])
    values.insert(1, "Start", [5, 6, 7, 8, 9])
    values.to_csv(tmp_path / "e.csv", index_label="gene")
    everyone = read_everyone(_source({}), tmp_path)
    assert everyone.patients == tuple(ids)


def test_words_of_the_ontology_are_known_however_they_are_written():
    words = [
        "5_prime_UTR_variant",
        "splice_region_variant;synonymous_variant",
        "intragenic_variant",
        "stop_gained;splice_region_variant",
        "Missense_Mutation",
    ]
    found = classes(pd.Series(words))
    assert found[3] == "Nonsense_Mutation"
    assert not_silent(
        pd.DataFrame({"effect": found, "gene": "KRAS", "protein_change": ""})
    ).tolist() == [False, False, False, True, True]


def test_adjacent_tissue_never_stands_for_a_tumour():
    kind = pd.Series(["Tumour", "Adjacent tissue", "Healthy", "Abnormal growth"])
    assert (_rank(kind, SampleSource()) >= 0).tolist() == [True, False, False, True]


def test_rows_of_other_arms_are_counted_and_other_capitals_refused(tmp_path):
    arms = ["control", "drug"] * 15 + ["other"] * 10
    rows, notes = _rows(_table(arm=arms), tmp_path, treatment=_arms("drug"))
    assert len(rows) == 30
    assert any("10 rows in other arms are left out" in note for note in notes)
    with pytest.raises(CohortError, match="in its capitals alone"):
        _rows(_table(arm=["control", "drug"] * 15 + ["Drug"] * 10), tmp_path)


def test_the_reference_may_be_named_among_the_arms(tmp_path):
    treatment = _arms("drug", "control", "drug")
    rows, _ = _rows(_table(), tmp_path, treatment=treatment)
    source = _source({}, treatment=treatment)
    assert outcome_of(rows, source.outcome, source.treatment).arms == ("control", "drug")


def _arms(*arms):
    return {"column": "arm", "reference": "control", "randomised": True, "arms": arms}


def test_what_keep_names_must_be_there_however_numbers_are_written(tmp_path):
    table = _table(visit=[1.0, 2.0] * (N // 2), itt=[True, True, False, True] * (N // 4))
    rows, notes = _rows(table, tmp_path, keep={"itt": [True], "visit": [1.0, 2]})
    assert len(rows) == 30
    assert "10 rows are left out by `keep`" in notes
    with pytest.raises(CohortError, match="holds '3' in 'visit'"):
        _rows(table, tmp_path, keep={"visit": [1, 3]})


@pytest.mark.parametrize(
    ("columns", "outcome", "said"),
    [
        (
            {"months": np.linspace(20, 3000, N), "status": [0, 1] * (N // 2)},
            {"kind": "survival", "time": "months", "event": "status"},
            "more than a life; set `time_unit`",
        ),
        ({"value": [-999.0, *range(N - 1)]}, {}, "'value' of o.csv holds -999, a code"),
        ({"value": [-99.0, *range(N - 1)]}, {}, "holds -99, a code for what is missing"),
        ({"value": ["yes", "no"] * (N // 2)}, {"kind": "binary"}, r'good = \["yes"\]'),
        ({}, {"clip": [5, -5]}, "is no range"),
    ],
)
def test_outcomes_that_cannot_be_are_refused_with_what_to_do(columns, outcome, said, tmp_path):
    source = _source(outcome)
    with pytest.raises(CohortError, match=said):
        rows, _ = _rows(_table(**columns), tmp_path, outcome)
        outcome_of(rows, source.outcome, source.treatment)


def test_losses_that_reach_minus_ninety_nine_are_no_codes(tmp_path):
    value = np.linspace(-99, 50, N)
    rows, _ = _rows(_table(value=value), tmp_path)
    source = _source({})
    assert outcome_of(rows, source.outcome, source.treatment).value == pytest.approx(value)


def test_an_unknown_value_is_no_number_and_no_error(tmp_path):
    value = pd.Series(np.arange(N) / 4, dtype=object)
    value[:3] = ["NE", "unknown", "[Not Available]"]
    rows, notes = _rows(_table(value=value), tmp_path)
    assert len(rows) == N - 3
    assert notes == ["3 rows of o.csv lack value in 3: left out"]


def test_ids_that_do_not_stand_first_are_asked_for(tmp_path):
    table = _table()[["arm", "value", "patient"]]
    with pytest.raises(CohortError, match=r"'arm' is the first column .* name the column of ids"):
        _rows(table, tmp_path)
    rows, _ = _rows(table.assign(age=50.0), tmp_path, {"patient": "patient"})
    source = _source({"patient": "patient"}, clinical={"columns": ["age", "age"], "file": "o.csv"})
    assert clinical_table(source, tmp_path, tuple(rows.index))["age"].tolist() == [50.0] * N


def test_a_few_texts_among_the_numbers_of_a_covariate_are_shown(tmp_path):
    age = pd.Series(np.arange(N) + 30, dtype=object)
    age[:2] = [".", ">89"]
    rows, _ = _rows(_table(age=age), tmp_path)
    source = _source({}, clinical={"columns": ["age"]})
    with pytest.raises(CohortError, match="'age' holds numbers, and "):
        clinical_table(source, tmp_path, tuple(rows.index))


@pytest.mark.parametrize("write", ["{:.1f} %", "{:.2f}", ">{:.0f}", "1.{:03.0f},5"])
def test_numbers_in_another_notation_are_called_so(write):
    words = [write.format(x).replace(".", "," if "2f" in write else ".") for x in range(30)]
    with pytest.raises(CohortError, match="write numbers with a point"):
        clinical_block(pd.DataFrame({"psa": words}))


def test_ids_that_differ_in_their_capitals_are_called_so():
    said = no_overlap({"Pat1", "Pat2"}, {"PAT1", "PAT2", "PAT3"})
    assert "(2 differ in their capitals alone: write them alike)" in said
    assert "capitals" not in no_overlap({"a1"}, {"b1"})


def test_a_covariate_that_is_often_unknown_has_a_sentence():
    block = pd.DataFrame({"age": [1.0, np.nan], "sex=f": [1.0, 0.0], "grade=2": [np.nan] * 2})
    (said,) = often_missing(block)
    assert "age in 50%, grade in 100%" in said
    assert often_missing(block[["sex=f"]]) == []


def test_some_rows_under_patients_and_others_under_samples_are_all_found(tmp_path):
    ids = [f"TCGA-A1-{i:04d}" for i in range(N)]
    _table(patient=ids).to_csv(tmp_path / "o.csv", index=False)
    named = [p if i % 4 == 0 else f"{p}-01A" for i, p in enumerate(ids)]
    values = pd.DataFrame(np.random.default_rng(0).normal(size=(N, 3)), named, list("ABC"))
    values.to_csv(tmp_path / "e.csv", index_label="sample")
    assert read_cohort(_source({}), tmp_path).patients == tuple(ids)


def test_ids_that_could_be_those_of_lost_patients_are_shown_by_their_shape(tmp_path):
    _table().to_csv(tmp_path / "o.csv", index=False)
    named = [f"x{i}" if i < 20 else f"X-{i}" for i in range(N)]
    values = pd.DataFrame(np.random.default_rng(0).normal(size=(N, 3)), named, list("ABC"))
    values.to_csv(tmp_path / "e.csv", index_label="sample")
    (said,) = [n for n in read_cohort(_source({}), tmp_path).notes if "have no omic" in n]
    assert "20 patients of o.csv have no omic: left out; 20 ids of the measurements are" in said
    assert "such as x99, among the latter ids such as x-99" in said


def test_new_patients_need_not_hold_every_value_that_is_kept(tmp_path):
    table = _table(visit=[1, 2] * (N // 2))
    table[table["visit"] == 1].to_csv(tmp_path / "o.csv", index=False)
    values = pd.DataFrame(np.random.default_rng(0).normal(size=(N, 3)), table["patient"])
    values.to_csv(tmp_path / "e.csv", index_label="sample")
    source = _source({}, keep={"visit": [1, 2]})
    assert len(read_new(source, tmp_path).patients) == N // 2
    with pytest.raises(CohortError, match=r"no row of o\.csv holds '2'"):
        read_cohort(source, tmp_path)
