"""The signs of the curated graph along the way: what a receptor does to its usual effectors."""

from __future__ import annotations

from itertools import pairwise

import networkx as nx
import pytest

from pathgnn.graph.as_networkx import to_networkx
from pathgnn.graph.from_curated import from_curated

RTKS = "EGFR ERBB2 ERBB4 MET KIT PDGFRA PDGFRB CSF1R FLT3 KDR AXL RET NTRK1 ALK ROS1 INSR IGF1R"
MORE = {
    "+": "CD28 AKT1, ICOS AKT1, CD19 AKT1, DDR1 MAPK1, ABL1 MAPK1, KRAS MAPK1, PIK3CA MTOR, "
    "TNF RELA, IL6 STAT3, IFNG STAT1, TGFB1 SMAD3, WNT3A CTNNB1, LRP5 CTNNB1, SHH GLI1, "
    "DLL4 HES1, ATM TP53, CCND1 E2F1, IL2RA STAT5A, ESR1 CCND1, TLR4 RELA, CXCR1 GNAI2",
    "-": "PDCD1 AKT1, CTLA4 AKT1, CBLB AKT1, LAG3 ZAP70, PTEN AKT1, PIK3R1 AKT1, NF1 MAPK1, "
    "MDM2 TP53, KEAP1 NFE2L2, VHL HIF1A, APC CTNNB1, RB1 E2F1, NF2 YAP1, TSC1 MTOR, FH HIF1A, "
    "SUFU GLI1, SOCS1 STAT1, FBXW7 MYC, BCL2 CASP3, NFKBIA RELA, TRAF3 RELB",
}


def _pairs():
    for receptor in RTKS.split():
        yield receptor, "MAPK1", 1
        yield receptor, "AKT1", 1
    for sign, pairs in MORE.items():
        for pair in pairs.split(", "):
            yield *pair.split(), 1 if sign == "+" else -1


@pytest.fixture(scope="module")
def curated():
    return to_networkx(from_curated())


@pytest.mark.parametrize(("source", "target", "sign"), list(_pairs()))
def test_most_of_the_shortest_ways_have_the_textbook_sign(curated, source, target, sign):
    ways = list(nx.all_shortest_paths(curated, source, target))
    signs = [_sign(curated, way) for way in ways]
    assert signs.count(sign) > len(signs) / 2, ways[0]


def _sign(graph, way):
    product = 1
    for one in pairwise(way):
        edge = graph.get_edge_data(*one)
        product *= edge["sign"] if "sign" in edge else next(iter(edge.values()))["sign"]
    return product
