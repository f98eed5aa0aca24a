"""What readers of databases leave out, for it is no interaction of molecules."""

from __future__ import annotations

import pytest
from reader_cases import KEGG, MITAB, TERM, edges_of, written

from pathgnn.errors import GraphError
from pathgnn.graph.from_kegg import from_kegg
from pathgnn.graph.from_psi_mitab import from_psi_mitab

GENETIC = [
    'psi-mi:"MI:0208"(genetic interaction)',
    'psi-mi:"MI:0794"(synthetic genetic interaction defined by inequality)',
    'psi-mi:"MI:0794"(synthetic)',
    'psi-mi:"MI:0935"(positive genetic interaction (sensu biogrid))',
    'psi-mi:"MI:2379"(genetic suppression)',
    'psi-mi:"MI:2400"(monophenotypic neutral multigenic phenotype result)',
]


def test_a_relation_that_a_mutation_took_away_is_no_edge(tmp_path):
    lost = KEGG.replace(
        '<subtype name="binding/association"/>',
        '<subtype name="activation"/><subtype name="missing interaction" value="-/-"/>',
    )
    whole = edges_of(from_kegg(written(tmp_path, KEGG)))
    graph = from_kegg(written(tmp_path, lost))
    assert edges_of(graph) == {p: e for p, e in whole.items() if p != ("EGFR", "DUSP1")}
    assert "EGFR" in graph.members_of("MAPK signaling pathway")


@pytest.mark.parametrize("term", GENETIC)
def test_genetic_interactions_are_no_edges(tmp_path, term):
    rows = MITAB.splitlines()
    mixed = "\n".join([*rows[:2], rows[2].replace(TERM, term), *rows[3:]]) + "\n"
    graph = from_psi_mitab(written(tmp_path, mixed))
    assert edges_of(graph) == {("TP53", "MDM2"): (0, False, "physical association")}
    with pytest.raises(GraphError, match="0 human interactions"):
        from_psi_mitab(written(tmp_path, MITAB.replace(TERM, term)))


def test_an_interaction_that_is_physical_too_stays(tmp_path):
    graph = from_psi_mitab(written(tmp_path, MITAB.replace(TERM, f"{GENETIC[0]}|{TERM}")))
    assert set(edges_of(graph).values()) == {(0, False, "physical association")}
