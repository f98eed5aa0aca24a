"""Omics: every kind and scale with known answers, what was decided, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pathgnn.cohort import TRANSFORMS
from pathgnn.cohort.facts import LARGEST_SAMPLE, facts_of, merge
from pathgnn.cohort.sources import OmicSource, Scale
from pathgnn.cohort.transform import decide, transform
from pathgnn.errors import CohortError
from pathgnn.model.layers import FIRST_WEIGHT


def _table(*values, dtype=float):
    return pd.DataFrame({"X": np.array(values, dtype=dtype)})


def _values(kind, values, scale="auto"):
    return transform(kind, _table(*values), scale)[0]["X"].tolist()


# kind, scale, values, answers worked out by hand, words of the note
KNOWN = [
    ("expression", "auto", [63.0, 0.0, 3.0], [6.0, 0.0, 2.0], "log2(x + 1)"),
    ("expression", "linear", [3.0, 0.0], [2.0, 0.0], "log2(x + 1)"),
    ("expression", "auto", [13.5, -1.0], [13.5, -1.0], "left as it is (values -1 to 13.5"),
    ("expression", "log", [63.0, -1.0], [63.0, -1.0], "left as it is"),
    ("expression", "auto", [36893.0, -40.0, -1.0, 0.5], [10.0, -10.0, -1.0, 0.5], "2 values"),
    ("expression", "zscore", [12.0, 1.0], [10.0, 1.0], "cut to [-10, 10], 1 values"),
    ("protein", "auto", [2.0, -3.0], [2.0, -3.0], "left as it is"),
    ("phospho_protein", "auto", [2.0, -3.0], [2.0, -3.0], "left as it is"),
    ("metabolite", "auto", [1023.0, 0.0], [10.0, 0.0], "log2(x + 1)"),
    ("mirna", "auto", [127.0, 0.0], [7.0, 0.0], "log2(x + 1)"),
    ("methylation", "auto", [0.8, 0.5, 0.0], [2.0, 0.0, np.log2(0.001 / 0.999)], "M values"),
    ("methylation", "auto", [-3.0, 0.5], [-3.0, 0.5], "taken as M"),
    ("methylation", "auto", [0.8, 1.02], [2.0, np.log2(0.999 / 0.001)], "beta values"),
    ("methylation", "m", [0.2, 0.5], [0.2, 0.5], "taken as M"),
    ("copy_number", "auto", [-2.0, 1.0, 0.0], [-2.0, 1.0, 0.0], "GISTIC"),
    ("copy_number", "auto", [0.0, 2.0, 1.0], [0.0, 2.0, 1.0], "GISTIC"),
    ("copy_number", "auto", [-3.5, 0.3, 2.5], [-2.0, 0.3, 2.0], "log2 ratios"),
    ("copy_number", "auto", [2.0, 4.0, 1.0, 0.0, 2.0], [0.0, 1.0, -1.0, -2.0, 0.0], "copies"),
    ("copy_number", "auto", [1.0, 2.0, 0.5, 0.9], [0.0, 1.0, -1.0, np.log2(0.9)], "ploidy"),
    ("copy_number", "relative", [0.0, 16.0], [-2.0, 2.0], "ploidy"),
    ("copy_number", "log2_relative_plus_1", [1.0, np.log2(1.5), 0.0], [0.0, -1.0, -2.0], "DepMap"),
    ("mutation", "auto", [3.0, 0.0], [1.0, 0.0], "counts up to 3"),
    ("mutation", "count", [3.0, 0.0], [2.0, 0.0], "log2(1 + variants"),
    ("mutation", "auto", [1.0, 0.0], [1.0, 0.0], ""),
    ("signature", "auto", [80.0, -2.0], [80.0, -2.0], ""),
]


def test_raw_intensities_with_a_value_below_0_are_asked_about():
    with pytest.raises(CohortError, match="neither logarithmic nor z-scores"):
        transform("expression", _table(146.0, 27520.0, 90.0, -0.3), "auto")


@pytest.mark.parametrize(("kind", "scale", "values", "answers", "said"), KNOWN)
def test_every_kind_and_scale_has_its_known_answer_and_says_so(kind, scale, values, answers, said):
    out, decided = transform(kind, _table(*values), scale)
    assert out["X"].tolist() == pytest.approx(answers)
    assert said in decided.note
    assert bool(decided.note) == bool(said)
    assert decided.is_guess == (scale == "auto")


LOGS = [7.0 + i % 5 for i in range(400)]
BETAS = [i / 400 for i in range(400)]


@pytest.mark.parametrize(
    ("kind", "values", "said"),
    [
        ("expression", [*LOGS, 1e6], "nearly all values look logarithmic, but some are beyond 50"),
        ("expression", [*LOGS, -77.0], "nearly all values look logarithmic"),
        ("methylation", [*BETAS, 3.0], "nearly all values are beta values, but some"),
        ("methylation", [*BETAS, -3.0], "nearly all values are beta values, but some"),
        ("expression", [*LOGS, -999.0, -999.0], "-999, a code for what is missing"),
        ("copy_number", [0.1, -0.2, -9999.0], "-9999, a code for what is missing"),
        ("expression", [*LOGS, 999.0, 999.0], "holds 999, a code for what is missing"),
    ],
)
def test_a_few_slips_do_not_turn_a_whole_table_into_another_scale(kind, values, said):
    with pytest.raises(CohortError, match=said):
        transform(kind, _table(*values), "auto")


def test_raw_values_of_which_few_are_high_are_raw():
    values = np.where(np.arange(20_000) % 100 == 0, 900.0, 0.5)
    assert decide("expression", facts_of(_table(*values)), "auto").scale == "linear"


def test_facts_of_parts_weigh_every_part_alike():
    parts = [pd.DataFrame(np.full((1000, 500), float(i))) for i in range(4)]
    facts = facts_of(parts[0], 2_000_000)
    for part in parts[1:]:
        facts = merge(facts, facts_of(part, 2_000_000))
    share = np.bincount(facts.sample.astype(int)) / len(facts.sample)
    assert share == pytest.approx([0.25] * 4, abs=0.01)


REFUSED = [
    ("expression", "gistic", [1.0], "expression knows no scale 'gistic'; use auto or log"),
    ("mutation", "log", [1.0], "mutation knows no scale 'log'"),
    ("signature", "linear", [1.0], "knows no scale"),
    ("expression", "linear", [-1.0], "below 0"),
    ("expression", "auto", [np.inf, 1.0], "infinite values"),
    ("mutation", "auto", [-1.0], "below 0"),
    ("methylation", "beta", [1.5], "within 0 and 1"),
    ("methylation", "auto", [55.0, 3.0], "percent"),
    ("copy_number", "copies", [-1.0], "not negative"),
    ("copy_number", "gistic", [3.0], "within -2 and 2"),
    ("copy_number", "auto", [0.3, 0.2], "cannot be told"),
]


@pytest.mark.parametrize(("kind", "scale", "values", "said"), REFUSED)
def test_what_contradicts_itself_is_refused_in_a_sentence(kind, scale, values, said):
    with pytest.raises(CohortError, match=said):
        transform(kind, _table(*values), scale)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", TRANSFORMS)
def test_every_kind_keeps_ids_gaps_precision_and_its_argument(kind, dtype):
    values = np.array([[0.0, 1.0], [np.nan, 0.5], [1.0, 1.0]], dtype=dtype)
    table = pd.DataFrame(values, index=["a", "b", "c"], columns=["X", "Y"])
    before = table.copy()
    for scale in ("auto", *TRANSFORMS[kind].scales):
        if scale == "auto" and kind == "copy_number":
            scale = "relative"
        out, _ = transform(kind, table, scale)
        pd.testing.assert_frame_equal(table, before)
        assert out.index.equals(table.index)
        assert out.columns.equals(table.columns)
        assert out.isna().equals(table.isna())
        assert (out.dtypes == dtype).all()


@pytest.mark.parametrize("kind", TRANSFORMS)
def test_every_kind_has_a_first_weight_and_its_words_are_settings(kind):
    assert FIRST_WEIGHT[kind] != 0
    assert set(TRANSFORMS[kind].scales) < set(Scale.__args__)
    assert OmicSource(file="x.csv", kind=kind).scale == "auto"
    assert transform(kind, _table(np.nan, np.nan), "auto")[1].note == ""


@given(st.integers(0, 10_000), st.sampled_from(sorted(TRANSFORMS)), st.integers(1, 9))
def test_a_chunk_of_columns_with_the_tables_decision_is_the_chunk_of_the_whole(seed, kind, cut):
    rng = np.random.default_rng(seed)
    values = rng.choice([rng.integers(0, 3, (9, 10)), rng.gamma(2, 40, (9, 10))])
    values = np.where(rng.random((9, 10)) < 0.1, np.nan, values)
    table = pd.DataFrame(values)
    facts = merge(facts_of(table.iloc[:, :cut]), facts_of(table.iloc[:, cut:]))
    try:
        whole, decided = transform(kind, table, "auto")
    except CohortError:
        return
    assert decide(kind, facts, "auto") == decided
    apply = TRANSFORMS[kind].apply
    chunks = [apply(c, decided.scale) for c in (table.iloc[:, :cut], table.iloc[:, cut:])]
    pd.testing.assert_frame_equal(pd.concat(chunks, axis=1), whole)


def test_facts_count_every_value_and_sample_every_column():
    # 3,000 x 200 has three values for each that is kept; a plain step would see few columns.
    values = np.arange(200.0)[None, :] + np.zeros((3000, 1))
    values[0, 0], values[1, 1] = np.nan, np.inf
    facts = facts_of(pd.DataFrame(values))
    assert (facts.n_values, facts.n_missing, facts.any_infinite) == (599_998, 1, True)
    assert (facts.lowest, facts.highest, facts.share_integer) == (0.0, 199.0, 1.0)
    assert len(facts.sample) <= LARGEST_SAMPLE
    assert len(np.unique(facts.sample)) == 200
    assert facts.median == pytest.approx(99.5, abs=2)


@pytest.mark.parametrize(
    ("path", "kind", "scale"),
    [
        ("tcga_porpoise/brca/rna_z.parquet", "expression", "zscore"),
        ("ccrcc11_cosmos/rna_counts.parquet", "expression", "linear"),
        ("ccrcc11_cosmos/phospho_log2.parquet", "phospho_protein", "log"),
        ("pdxe/rna_log2fpkm.parquet", "expression", "log"),
        ("survpath/blca_rna_xena.parquet", "expression", "log"),
        ("tcga_brca_bundle/rppa.parquet", "protein", "log"),
        ("tcga_brca_bundle/mirna_log2rpkm.parquet", "mirna", "log"),
        ("metabric/cna_log2_ic10.parquet", "copy_number", "log2_ratio"),
        ("tcga_brca_bundle/cnv_gistic.parquet", "copy_number", "gistic"),
        ("metabric/cna_highlevel.parquet", "copy_number", "gistic"),
        ("celllines_ccle_gdsc/cn.parquet", "copy_number", "relative"),
        ("celllines_ccle_gdsc/methylation.parquet", "methylation", "beta"),
        ("moganet_kidney/methylation_cpg.parquet", "methylation", "beta"),
    ],
)
def test_the_scale_of_real_tables_is_told(shared, path, kind, scale):
    table = pd.read_parquet(shared / "data" / "cohorts" / path).select_dtypes("number")
    assert decide(kind, facts_of(table), "auto").scale == scale
