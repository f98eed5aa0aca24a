"""Any file ends in what a reader reads or in one of our errors, and none names a patient.

`PATHGNN_FUZZ=1 pytest tests/test_fuzz.py` tries other files than the usual ones.
"""

from __future__ import annotations

import os

import pytest
from fuzz_targets import Target, attempt, cohort_targets, folder_targets, graph_targets
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_run import write_small_run

TOKENS = (
    *(b"\n", b"\t", b",", b";", b'"', b"\x00", b"\xff", b"<", b"[", b"{", b"|", b"\r", b"#", b":"),
    *(b"nan", b"inf", b"-1", b"1e999", b"9" * 25, b"null", b"[]", b"=1+1", b"../../x", b"&#0;"),
)
# Each look at one starts a process.
SLOW = ("h5ad observations", "h5ad layer")


def _piece(there: bytes):
    """What takes the place of some bytes: nothing, more of them, or others."""
    repeated = st.sampled_from((2, 30)).map(lambda n: there * n)
    return st.sampled_from(TOKENS) | st.just(b"") | repeated | st.binary(max_size=6)


@st.composite
def changed(draw, seeds):
    """A valid file with some bytes replaced, deleted, doubled or put in."""
    content = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(1, 5))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.sampled_from((0, 1, 2, 8, 40))))
        content[start:end] = draw(_piece(bytes(content[start:end])))
    return bytes(content)


@pytest.fixture(scope="module")
def targets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("seeds")
    write_small_run(folder / "run")
    found = cohort_targets(folder) | graph_targets()
    return found | folder_targets(folder / "run", folder / "run" / "encoder")


def _fuzz(target: Target, folder, examples: int):
    @given(changed(target.seeds))
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        # The same files each time, so that no change is refused for what it has not done.
        derandomize="PATHGNN_FUZZ" not in os.environ,
        suppress_health_check=list(HealthCheck),
    )
    def fuzz(content):
        found = attempt(target, content, folder)
        assert found is None, found

    fuzz()


def test_every_reader_takes_a_valid_file(targets, tmp_path):
    folder = tmp_path / "w"
    folder.mkdir()
    for name, target in targets.items():
        for seed in target.seeds:
            assert attempt(target, seed, folder) is None, name


@pytest.mark.timeout(300)
def test_no_changed_file_breaks_a_reader(targets, tmp_path):
    folder = tmp_path / "w"
    folder.mkdir()
    for name, target in targets.items():
        _fuzz(target, folder, 1 if name in SLOW else 8)


def test_an_error_that_is_not_ours_is_found(tmp_path):
    def reader(path):
        return {}[path.read_text()]

    (folder := tmp_path / "w").mkdir()
    found = attempt(Target(reader, "a.txt", (b"x",)), b"x", folder)
    assert found is not None
    assert found.kind == "KeyError"
