"""Signs that edge lists give in other columns than `sign`."""

from __future__ import annotations

import pytest
from reader_cases import edges_of, written

from pathgnn.errors import GraphError
from pathgnn.graph.from_edge_list import from_edge_list
from pathgnn.graph.from_omnipath import from_omnipath

UP, DOWN = (1, True, ""), (-1, True, "")


def read(folder, text):
    return edges_of(from_edge_list(written(folder, text)))


@pytest.mark.parametrize("column", ["interaction", "Interaction", "effect", "Effect "])
def test_words_give_signs(tmp_path, column):
    text = f"source,target,{column}\nPTEN,AKT1,inhibits\nA,B,up-regulates\nC,D,binds\nE,F,wonders\n"
    assert read(tmp_path, text) == {
        ("PTEN", "AKT1"): DOWN,
        ("A", "B"): UP,
        ("C", "D"): (0, False, "binding"),
        # Of a word that nobody knows the edge stays what it was: from source to target.
        ("E", "F"): (0, True, ""),
    }


@pytest.mark.parametrize(
    "header", ["source,target,Sign", "Source,TARGET,SIGN", "source, target, Sign"]
)
def test_the_case_of_a_header_does_not_matter(tmp_path, header):
    assert read(tmp_path, f"{header}\nA,B,1\nB,C,-1\n") == {("A", "B"): UP, ("B", "C"): DOWN}


def test_a_column_of_exactly_our_name_goes_before_others(tmp_path):
    text = "Source,source,target,Sign,sign\nSIGNOR,A,B,9,-1\n"
    assert read(tmp_path, text) == {("A", "B"): DOWN}


def test_flags_of_omnipath_give_signs_and_directions(tmp_path):
    text = (
        "source,target,is_directed,is_stimulation,is_inhibition\n"
        "A,B,True,True,False\nB,C,1,0,1\nC,D,1,1,1\nD,E,0,0,0\n"
    )
    assert read(tmp_path, text) == {
        ("A", "B"): UP,
        ("B", "C"): DOWN,
        ("C", "D"): (0, True, ""),  # both
        ("D", "E"): (0, False, ""),
    }
    with pytest.raises(GraphError, match="row 1: is_inhibition is 'maybe'"):
        read(tmp_path, "source,target,is_inhibition\nA,B,maybe\n")


def test_two_columns_of_words_complete_each_other(tmp_path):
    text = "source,target,interaction,effect\nA,B,phosphorylates,inhibits\nC,D,binds,activates\n"
    assert read(tmp_path, text) == {
        ("A", "B"): (-1, True, "phosphorylation"),
        ("C", "D"): (1, True, "binding"),
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # A sign goes before words, words that give one before flags and weights.
        ("sign,interaction\nA,B,1,inhibits\n", UP),
        ("interaction,is_stimulation,weight\nA,B,inhibits,1,-2\n", DOWN),
        ("interaction,is_stimulation,weight\nA,B,ppi,1,-2\n", UP),
        ("interaction,is_stimulation,weight\nA,B,ppi,0,-2\n", DOWN),
        ("effect\nA,B,0.53\n", (0, True, "")),
        ("interaction,directed,mechanism\nA,B,binds,true,own\n", (0, True, "own")),
    ],
)
def test_what_is_told_twice_is_read_in_a_fixed_order(tmp_path, text, expected):
    assert read(tmp_path, f"source,target,{text}") == {("A", "B"): expected}


def test_the_short_table_of_omnipath_is_an_edge_list_too(shared):
    path = shared / "data/graph/raw/omnipath_carnival.tsv.gz"
    whole = {pair for pair in edges_of(from_omnipath(path)).items() if "COMPLEX" not in str(pair)}
    assert whole <= set(edges_of(from_edge_list(path)).items())
    assert len(whole) > 10_000


def test_a_cell_of_two_words_has_their_sign_only_where_they_agree(tmp_path):
    text = "source,target,effect\nA,B,activation;inhibition\nB,C,activates|phosphorylates\n"
    found = read(tmp_path, text)
    assert (found["A", "B"][0], found["B", "C"][0]) == (0, 1)


def test_sizes_of_an_effect_are_no_signs_and_weights_tell(tmp_path):
    text = "source,target,effect,weight\nA,B,1,-2\nB,C,0.3,4\n"
    assert {pair: sign for pair, (sign, *_) in read(tmp_path, text).items()} == {
        ("A", "B"): -1,
        ("B", "C"): 1,
    }


def test_a_sign_may_be_a_word_and_other_columns_in_other_cases_are_not_ours(tmp_path):
    text = "source,target,Sign,Confidence\nA,B,+,High\nB,C,inhibits,Low\n"
    assert read(tmp_path, text) == {("A", "B"): UP, ("B", "C"): DOWN}
    with pytest.raises(GraphError, match="sign is 'odd'"):
        read(tmp_path, text.replace("inhibits", "odd"))
