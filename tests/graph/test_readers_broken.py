"""Every graph reader on packed and on broken files: an error in a sentence, never a crash."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import numpy as np
import pytest
from reader_cases import READERS, TABLES, written

from pathgnn.errors import GraphError


@pytest.mark.parametrize("name", READERS)
def test_every_reader_reads_gzip(tmp_path, name):
    reader = READERS[name]
    plain = reader.read(written(tmp_path, reader.text))
    packed = tmp_path / "file.gz"
    packed.write_bytes(gzip.compress(reader.text.encode()))
    assert reader.read(packed).sha256 == plain.sha256
    assert plain.provenance.name


def cut_gzip(text: str) -> bytes:
    return gzip.compress(text.encode())[:-12]


BAD: dict[str, Callable[[str], bytes]] = {
    "truncated gzip": cut_gzip,
    "first bytes of gzip": lambda text: gzip.compress(text.encode())[:5],
    "empty": lambda _: b"",
    "blank": lambda _: b"\n\n",
    "random bytes": lambda _: np.random.default_rng(0).bytes(5000),
    "latin 1": lambda text: "é\t".encode("latin-1") + text.encode(),
    "one long line": lambda _: b"A" * 2**20,
    "deep": lambda _: b"[" * 2**20,
    "deeper": lambda _: b"<a>" * 2**18,
    "json": lambda _: b'[{"CXVersion": "2.0"}, {"nodes": [1, {}]}, 3]',
    "xml": lambda _: b"<graphml><graph/></graphml>",
    "parquet": lambda _: b"PAR1" + b"nothing" * 10 + b"PAR1",
    "zip": lambda _: b"PK\x03\x04 nothing",
}


@pytest.mark.timeout(30)
@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("name", READERS)
def test_every_reader_refuses_a_broken_file(tmp_path, name, bad):
    if (name, bad) == ("sif", "json"):
        pytest.skip("seven words are a line of a SIF file")
    path = tmp_path / "file.txt"
    path.write_bytes(BAD[bad](READERS[name].text))
    with pytest.raises(GraphError, match=r"file\.txt") as refusal:
        READERS[name].read(path)
    assert len(str(refusal.value)) < 1000 or bad in ("one long line", "deep", "deeper")


@pytest.mark.parametrize("name", [n for n in READERS if n != "gmt"])
def test_every_reader_refuses_a_missing_file(tmp_path, name):
    with pytest.raises(GraphError, match=r"nothing\.txt"):
        READERS[name].read(tmp_path / "nothing.txt")
    with pytest.raises(GraphError, match="folder"):
        (tmp_path / "folder").mkdir()
        READERS[name].read(tmp_path / "folder")


@pytest.mark.parametrize("name", TABLES)
def test_every_table_reader_refuses_a_lone_header_and_other_columns(tmp_path, name):
    header = READERS[name].text.split("\n", 1)[0] if name != "sif" else "LONE"
    if name not in ("omnipath short", "reactome relations", "signor bare"):
        with pytest.raises(GraphError, match=r"file\.txt"):
            READERS[name].read(written(tmp_path, header + "\n"))
    wrong = "patient\tage\n" if name == "sif" else "patient\tage\tstage\nP1\t60\tII\n"
    with pytest.raises(GraphError, match=r"file\.txt"):
        READERS[name].read(written(tmp_path, wrong))
