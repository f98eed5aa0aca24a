"""Hostile tables end in one sentence, within a memory cap and a time limit."""

from __future__ import annotations

import gzip
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pathgnn.cohort.read_table import numeric, read_table
from pathgnn.cohort.text_file import look
from pathgnn.errors import CohortError

MEGA = 2**20
# Reads one table under a cap of address space and prints the error's sentence.
CHILD = """
import resource, sys
from pathlib import Path
import pathgnn.cohort.read_table as r
from pathgnn.errors import CohortError
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    r.read_table(Path(sys.argv[1]))
except CohortError as error:
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print((after - before) // 1024, error)
"""


def _header_of(n_bytes, path):
    with path.open("wb") as handle:
        for _ in range(n_bytes // MEGA):
            handle.write(b"GENE_12," * (MEGA // 8))


def _bomb(path):
    with gzip.open(path, "wb", compresslevel=1) as handle:
        for _ in range(600):
            handle.write(b"x" * MEGA)


HOSTILE = {
    "a header of 500 MB": (
        "a.csv",
        lambda p: _header_of(500 * MEGA, p),
        "line 1 has no end within 32 million letters",
    ),
    "a zipped bomb": ("a.csv.gz", _bomb, "line 1 has no end within 32 million letters"),
    "binary bytes": (
        "a.csv",
        lambda p: p.write_bytes(np.random.default_rng(0).bytes(30 * MEGA)),
        "holds binary data (byte 0x",
    ),
    "a million empty columns": (
        "a.tsv",
        lambda p: p.write_text("id" + "\t" * 10**6 + "\n" + "p1" + "\t" * 10**6 + "\n"),
        "1,000,000 of 1,000,001 columns have no name",
    ),
    "three million columns": (
        "a.csv",
        lambda p: p.write_text(",".join(f"c{i}" for i in range(3 * 10**6)) + "\n1,2\n"),
        "3,000,000 columns, more than",
    ),
    "a sheet under another name": (
        "a.csv",
        lambda p: p.write_bytes(b"PK\x03\x04" + bytes(5000)),
        "export it as csv, tsv or parquet",
    ),
    "one endless row": (
        "a.csv",
        lambda p: p.write_bytes(b"id,A\np1," + b"1" * (300 * MEGA)),
        "line 2 has no end within 32 million letters",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_within_500_mb_and_40_seconds(name, tmp_path):
    file, write, expected = HOSTILE[name]
    path = tmp_path / file
    write(path)
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(path)], capture_output=True, text=True, timeout=40
    )
    assert done.returncode == 0, done.stderr[-500:]
    megabytes, sentence = done.stdout.split(" ", 1)
    assert expected in sentence
    assert int(megabytes) < 500


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("id,A,B\np1;1;2\np2;3;4\n", "separated by comma, but those of line 2 are 1"),
        ("id\tA\tB\np1\t1\t2\np2,3,4\n", "line 3 are 1 and seem separated by comma"),
        ("id,A,A\np1,1,2\n", "columns 2 and 3 have the same name"),
        ("id,A\np1,1\np2,1,2\n", "line 3 are 3"),
        ("id\np1\np2\n", "one column only"),
        ("id,A,B,,\np1,1,2,,\np2,3,4,9,\n", "column 4 has values but no name"),
        ("\n\n\n", "is empty"),
    ],
)
def test_a_broken_table_says_what_is_wrong(text, expected, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(CohortError, match=r"a\.csv") as error:
        read_table(path)
    assert expected in str(error.value)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|", "  "])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_any_delimiter_line_end_and_encoding_reads_the_same(newline, delimiter, encoding, tmp_path):
    rows = [["id", "TP53", "Größe"], ["007", "1.5", "2"], ["p2", "-3", "NA"]]
    text = newline.join(delimiter.join(row) for row in rows) + newline
    path = tmp_path / "a.txt"
    path.write_bytes(text.encode(encoding))
    table = read_table(path)
    assert list(table.index) == ["007", "p2"]
    assert list(table.columns) == ["TP53", "Größe"]
    assert table["TP53"].tolist() == [1.5, -3.0]
    assert table["Größe"].isna().tolist() == [False, True]


def test_comments_decimal_commas_and_row_names_are_understood(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("#made by hand\n\n#twice\nid;A;B\np1;1,5;2,25\np2;3;-4,5\n")
    assert look(path).comments == ("made by hand", "twice")
    assert read_table(path).to_numpy().tolist() == [[1.5, 2.25], [3.0, -4.5]]
    path.write_text("A,B\np1,1,2\np2,3,4\n")
    assert read_table(path).loc["p2", "B"] == 4
    path.write_text("id,A,,\np1,1,,\np2,2,,\n")
    assert list(read_table(path).columns) == ["A"]


def test_a_quoted_field_may_hold_delimiters_and_line_ends(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('id,note,A\np1,"one, two\nthree",1\np2,"",2\n')
    table = read_table(path)
    assert table.loc["p1", "note"] == "one, two\nthree"
    assert table["A"].tolist() == [1, 2]


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=400))
def test_any_bytes_are_a_table_or_a_sentence(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "fuzz.tsv"
    path.write_bytes(content)
    try:
        assert isinstance(read_table(path), pd.DataFrame)
    except CohortError as error:
        assert "fuzz.tsv" in str(error)


def test_numbers_stay_as_narrow_as_they_are():
    table = pd.DataFrame({"A": [1.0, 2.0]}, dtype=np.float32)
    assert numeric(table, "here") is table
    assert numeric(table.astype(int), "here")["A"].dtype == float


def test_none_is_a_word_and_na_is_not(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id,prior,x\np1,None,1\np2,NA,NA\np3,Chemo,None\n")
    table = read_table(path)
    assert table["prior"].tolist()[0] == "None"
    assert table["prior"].isna().tolist() == [False, True, False]
    assert numeric(table[["x"]], "here")["x"].isna().tolist() == [False, True, True]


def test_a_trailing_delimiter_shifts_no_column(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("sample,G1,G2\n01,1,2,\n02,3,4,\n")
    table = read_table(path)
    assert table.to_dict("list") == {"G1": [1, 3], "G2": [2, 4]}
    assert list(table.index) == ["01", "02"]


@pytest.mark.parametrize("text", [",G1\n001,1\n002,2\n", "G1,G2\n001,1,3\n002,2,4\n"])
def test_ids_keep_their_zeros_in_a_column_without_a_name(text, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(text)
    table = read_table(path)
    assert list(table.index) == ["001", "002"]
    assert table["G1"].tolist() == [1, 2]
