"""One patient's cascades: on the stable edges, with what each gene adds, and without a p."""

from __future__ import annotations

import numpy as np
import pytest
from export_cases import results_of

from pathgnn.attribute.cascade import cascades
from pathgnn.attribute.explain import explain
from pathgnn.errors import ConfigError
from pathgnn.export.to_patient_cascades import patient_cascades, places_of
from pathgnn.model.config import ExplainConfig

CONFIG = ExplainConfig(longest=9, permutations=99, edge_cost=0.1)


@pytest.fixture(scope="module")
def results(fitted, nodes):
    from dataclasses import replace

    return replace(results_of(fitted, nodes), explanation=explain(fitted, nodes, CONFIG))


def test_each_patient_has_the_cascades_of_one(results, fitted):
    best = int(np.argmax(results.benefit.score))
    a = results.explanation.attribution
    table = patient_cascades(results, CONFIG, (best, 0))
    alone = cascades(a, fitted, CONFIG, np.random.default_rng(0), np.array([best]))
    own = table[table["patient"] == f"P{best + 1:05d}"]
    assert own["gene"].tolist() == [gene for c in alone for gene in c.genes]
    for gene, adds in zip(own["gene"], own["adds"], strict=True):
        assert adds == pytest.approx(float(a.score[best, a.genes.index(gene)].sum()))
    assert "p" not in table.columns
    assert set(table["patient"]) == {f"P{best + 1:05d}", "P00001"}


def test_a_patient_without_a_stable_cascade_has_a_row_that_says_so(results):
    none = CONFIG.model_copy(update={"stable": 1.0, "cascades": 0})
    (row,) = patient_cascades(results, none, (3,), with_ids=True).to_dict("records")
    assert (row["patient"], row["cascade"]) == (results.nodes.patients[3], 0)


def test_patients_are_found_by_name_and_an_unknown_one_is_not_repeated():
    assert places_of(("b", "a", "b"), ("a", "b")) == (1, 0)
    with pytest.raises(ConfigError, match="such as 'xxx9'") as error:
        places_of(("Ann7",), ("a", "b"))
    assert "Ann7" not in str(error.value)
