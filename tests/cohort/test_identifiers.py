"""Identifiers: every kind of name, what is refused, and what stays offline."""

from __future__ import annotations

import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar
from urllib.parse import parse_qs

import mygene
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pathgnn.cohort.genes import excel_dates, map_features
from pathgnn.cohort.genes_online import ask_mygene
from pathgnn.cohort.identifiers import HGNC_COLUMNS, Identifiers, read_hgnc
from pathgnn.errors import GraphError

HEAD = ["symbol", "status", *HGNC_COLUMNS]
ROWS = [
    ("TP53", "Approved", "", "p53|LFS1", "HGNC:11998", "7157", "ENSG00000141510", "P04637"),
    ("SEPTIN7", "Approved", "CDC10|SEPT7", "", "HGNC:1717", "989", "ENSG00000122545", "Q16181"),
    ("CDKN1A", "Approved", "", "p21|CIP1", "HGNC:1784", "1026", "ENSG00000124762", "P38936"),
    ("PAK1", "Approved", "", "p21", "HGNC:8590", "5058", "ENSG00000149269", "Q13153"),
    ("C9orf72", "Approved", "", "", "HGNC:28337", "203228", "ENSG00000147894", "Q96LT7"),
    ("GNAS", "Approved", "GNAS1", "", "HGNC:4392", "2778", "ENSG00000087460", "P63092|Q5JWF2"),
    ("OLD", "Entry Withdrawn", "", "", "HGNC:1", "", "", ""),
]


@pytest.fixture
def hgnc(tmp_path):
    path = tmp_path / "hgnc.tsv"
    lines = ["\t".join(HEAD), *("\t".join(row) for row in ROWS)]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize(
    ("name", "symbols", "how"),
    [
        ("TP53", ("TP53",), "symbol"),
        ("p53", ("TP53",), "alias"),
        ("SEPT7", ("SEPTIN7",), "previous"),
        ("HGNC:1717", ("SEPTIN7",), "hgnc"),
        ("7157", ("TP53",), "entrez"),
        ("ENSG00000141510.18", ("TP53",), "ensembl"),
        ("P04637-2", ("TP53",), "uniprot"),
        ("Q5JWF2", ("GNAS",), "uniprot"),
        ("C9ORF72", ("C9orf72",), "letter case"),
        ("p21", ("CDKN1A", "PAK1"), "alias"),
        ("OLD", (), ""),
        ("ENSG00000000000", (), ""),
    ],
)
def test_every_kind_of_name_is_understood(hgnc, name, symbols, how):
    assert read_hgnc(hgnc).find(name) == (symbols, how)


def test_an_approved_symbol_is_never_taken_for_an_alias(hgnc):
    # PAK1 is measured but not in the graph: its alias p21 must not make it CDKN1A.
    found = map_features(["PAK1", "p21"], ["CDKN1A"], read_hgnc(hgnc))
    assert found.gene_of == {}
    assert found.elsewhere == {"PAK1": "PAK1"}
    assert found.ambiguous == {"p21": ("CDKN1A", "PAK1")}


def test_the_better_name_wins_and_the_first_of_equals(hgnc):
    names = ["7157", "p53", "ENSG00000122545.2", "ENSG00000122545.1"]
    found = map_features(names, ["TP53", "SEPTIN7"], read_hgnc(hgnc))
    assert found.gene_of == {"p53": "TP53", "ENSG00000122545.2": "SEPTIN7"}
    assert found.duplicates == {"7157": "TP53", "ENSG00000122545.1": "SEPTIN7"}


KNOWN = Identifiers(
    frozenset(["TP53", "PAK1", "SEPTIN7"]),
    {"alias": {"p53": ("TP53",), "p21": ("CDKN1A", "PAK1")}, "entrez": {"7157": ("TP53",)}},
)


@given(st.lists(st.sampled_from(["TP53", "p53", "p21", "7157", "zz", "1-Mar", "PAK1", "SEPT7"])))
def test_no_feature_is_lost(names):
    found = map_features(names, ["TP53", "SEPTIN7"], KNOWN)
    assert sorted(found.to_frame()["feature"]) == sorted(set(names))


def test_hgnc_files_are_read_packed_and_broken_ones_refused(hgnc, tmp_path):
    packed = tmp_path / "hgnc.txt.gz"
    packed.write_bytes(gzip.compress(hgnc.read_bytes()))
    assert read_hgnc(packed).approved == read_hgnc(hgnc).approved
    packed.write_bytes(gzip.compress(hgnc.read_bytes())[:-20])
    with pytest.raises(GraphError, match="complete set"):
        read_hgnc(packed)
    other = tmp_path / "other.tsv"
    other.write_text("a\tb\n1\t2\n")
    with pytest.raises(GraphError, match="complete set"):
        read_hgnc(other)


@pytest.mark.parametrize(
    "date", ["2-Sep", "Sep-02", "2-Sep-19", "2023-03-01", "2001-09-07 00:00:00", "1-MAR"]
)
def test_dates_of_spreadsheets_are_recognised(date):
    assert excel_dates([date, "SEPTIN2", "MARCHF1", "DEC1", "TP53"]) == (date,)


class _Service(BaseHTTPRequestHandler):
    asked: ClassVar[list[list[str]]] = []

    def do_POST(self):
        body = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        names = [n.strip('"') for n in body["q"][0].split(",")]
        type(self).asked.append(names)
        known = {"AF123": ["TP53"], "twofold": ["CDKN1A", "PAK1"]}
        answer = [{"query": n, "symbol": s} for n in names for s in known.get(n, [])]
        answer += [{"query": n, "notfound": True} for n in names if n not in known]
        content = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args):
        pass


@pytest.fixture
def service():
    _Service.asked = []
    server = HTTPServer(("127.0.0.1", 0), _Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    client = mygene.MyGeneInfo()
    client.url = f"http://127.0.0.1:{server.server_port}"
    yield client
    server.shutdown()
    server.server_close()


def test_mygene_is_asked_once_and_remembered(service, tmp_path):
    cache = tmp_path / "names.json"
    first = ask_mygene(["AF123", "twofold", "nobody"], cache, service)
    assert first == {"AF123": ("TP53",), "twofold": ("CDKN1A", "PAK1"), "nobody": ()}
    # The second time no network is needed: a client that does not exist would fail.
    assert ask_mygene(["AF123", "nobody"], cache, client=object()) == {
        "AF123": ("TP53",),
        "nobody": (),
    }
    assert len(_Service.asked) == 1


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_no_network_is_said_and_leaves_no_cache(tmp_path):
    client = mygene.MyGeneInfo()
    client.url = "http://127.0.0.1:9"
    with pytest.raises(GraphError, match=r"cannot be reached .*, 1 names .* offline"):
        ask_mygene(["AF123"], tmp_path / "names.json", client)
    assert not list(tmp_path.iterdir())


def test_all_approved_symbols_of_hgnc_stand_for_themselves(shared):
    folder = shared / "data" / "graph"
    known = read_hgnc(folder / "raw" / "hgnc_complete_set.txt.gz")
    nodes = pd.read_parquet(folder / "nodes.parquet")
    assert all(known.find(s).symbols == (s,) for s in nodes["symbol"])
    by_ensembl = nodes.dropna(subset=["ensembl_gene_id"])
    found = [known.find(f"{e}.7").symbols for e in by_ensembl["ensembl_gene_id"]]
    right = sum(f == (s,) for f, s in zip(found, by_ensembl["symbol"], strict=True))
    assert right / len(by_ensembl) > 0.999
