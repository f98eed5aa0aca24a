"""Every notebook runs and says what it is there to say, and is committed without outputs."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
# What they do is also done by the pages of the documentation, which run here.
SLOW = {
    "02_my_own_cohort",
    "03_does_the_graph_help",
    "04_a_sweep",
    "05_a_figure_for_the_paper",
}
PARAMETERS = [
    pytest.param(p, id=p.stem, marks=[pytest.mark.slow] if p.stem in SLOW else [])
    for p in NOTEBOOKS
]
SAID = {
    "01_who_benefits_and_why": ("predicted against true benefit", "RTK_RAS_MAPK"),
    "02_my_own_cohort": ("my_cohort", "sequential test", "BenefitScore", "P00001"),
    "03_does_the_graph_help": ("Not shown that the edges help", "rewired edges", "pehe_relative"),
    "04_a_sweep": (
        "chosen:",
        "Your own settings win",
        "60 patients had no part in it",
        "risk gained by tuning",
    ),
    "05_a_figure_for_the_paper": ("EGFR", "integrated gradients", "<Figure", "cascades.gmt"),
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore:.*zmq.*")
@pytest.mark.parametrize("path", PARAMETERS)
def test_notebook_runs(path, tmp_path):
    notebook = nbformat.read(path, as_version=4)
    code = [c for c in notebook.cells if c.cell_type == "code"]
    assert all(not c.outputs and c.execution_count is None for c in code), "strip the outputs"
    assert not any("def " in c.source for c in code), "functions belong into the package"
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=600, resources=resources).execute()
    outputs = [o for c in code for o in c.outputs]
    text = "".join(o.get("text", o.get("data", {}).get("text/plain", "")) for o in outputs)
    missing = [words for words in SAID[path.stem] if words not in text]
    assert not missing, text


def test_every_notebook_has_its_words():
    assert [path.stem for path in NOTEBOOKS] == sorted(SAID)
