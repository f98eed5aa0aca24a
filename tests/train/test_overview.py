"""The tables of `check` add up, and its findings say what to do."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from leaky_cohorts import null_cohort

from pathgnn.cohort.who_has_what import measured_share, missing_inside, who_has_what
from pathgnn.train.look import ORDER, look
from pathgnn.train.overview import layers, overview, propensity_histogram


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), min_size=40, max_size=40))
def test_who_has_what_adds_up(rows):
    cohort = null_cohort(0, n=40, n_features=5)
    has = pd.DataFrame(rows, index=list(cohort.patients), columns=["a", "b", "c"])
    table = who_has_what(has, cohort.outcome, suppress_below=0)
    assert table["patients"].sum() == 40
    assert table.filter(like="arm ").sum(axis=1).tolist() == table["patients"].tolist()
    for k, arm in enumerate(cohort.outcome.arms):
        assert table[f"arm {arm}"].sum() == (cohort.outcome.arm == k).sum()
    with_a = table[table["omics"].str.contains("a")]["patients"].sum()
    assert with_a == has["a"].sum()
    shown = who_has_what(has, cohort.outcome)
    assert not shown.isin([1, 2, 3, 4]).any().any()
    numbers = [[n for n in row if isinstance(n, int)] for row in shown.iloc[:, 1:].to_numpy()]
    for total, told, counts in zip(shown["patients"], numbers, table.to_numpy(), strict=True):
        # A single hidden arm would be what the others leave of the total.
        assert len(told) != 2 or not isinstance(total, int) or 0 in counts[2:]


def test_missing_inside_is_of_those_who_have_the_omic():
    # Two patients have the omic, one of two values is missing in one of them; a third lacks it.
    table = pd.DataFrame({"x": [1.0, np.nan], "y": [1.0, 2.0]}, index=["p", "q"])
    share = measured_share(table, ("p", "q", "r"))
    assert share.tolist() == [1, 0.5, 0]
    assert missing_inside(share) == 0.25


def test_overview_of_the_trial(trial, nodes, graph):
    cohort = trial[0]
    looked = look(cohort, nodes, graph, 3, 0)
    seen = overview("trial", cohort, nodes, graph, looked)
    assert sum(a.patients for a in seen.arms) == seen.n_patients == 300
    assert seen.layers["genes"].sum() == len(graph.genes)
    assert layers(nodes, graph)["genes"].tolist() == seen.layers["genes"].tolist()
    assert seen.omics["omic"].tolist() == list(cohort.omics)
    assert seen.map.shape == (300, len(cohort.omics))
    order = [ORDER[f.severity] for f in seen.findings]
    assert order == sorted(order)
    for _, rows in seen.propensity.groupby(["contrast", "arm"]):
        assert np.isclose(rows["share"].sum(), 1)
    assert [level.n for level in seen.levels] == [150, 150]


def test_histogram_is_of_the_pair_of_arms():
    # Of three arms, rows of the third play no part in the contrast of the second.
    propensity = np.array([[0.21, 0.2, 0.59], [0.1, 0.36, 0.54], [0.3, 0.3, 0.4]])
    found = propensity_histogram(propensity, np.array([0, 1, 2]), ("a", "b", "c"))
    b = found[(found["contrast"] == "b") & (found["share"] > 0)]
    assert b["arm"].tolist() == ["a", "b"]
    assert b["propensity"].round(3).tolist() == [0.475, 0.775]
