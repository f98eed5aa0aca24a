"""The site builds without a warning, and every block of code on its pages runs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from page_blocks import RUN, SHOWN, blocks_of, run_page

import pathgnn as pg
from pathgnn.settings import parse
from pathgnn.simulated_study import write_study
from pathgnn.study import Study

ROOT = Path(__file__).parents[1]
SITE = ROOT / "notebooks"
PAGES = sorted(SITE.rglob("*.md"))
# Leaves a folder with a finished run, which the other pages go on from.
FIRST = SITE / "how_to" / "run.md"
LANGUAGES = {page: {block.language for block in blocks_of(page.read_text())} for page in PAGES}
WITH_CODE = [page for page in PAGES if page != FIRST and LANGUAGES[page] & RUN]
# Trains a dozen models; each of its commands has tests of its own.
LONG = ("evidence",)
# What the README says in full would train ten networks.
WHOLE, SMALL = "pg.FitConfig()", "pg.FitConfig(folds=3, members=1, stack=False)"
SURVIVAL = {
    "n_patients": 100,
    "outcome": {"kind": "survival", "horizon": 60},
    "mechanism": {"sd_benefit": 2.0},
}
MINIMAL = """
[cohort]
omics.expression.file = "expression.csv"
outcome = {file = "clinical.csv", kind = "binary", value = "response"}
treatment = {column = "arm", reference = "control", randomised = true}
"""
FROM_ELSEWHERE = re.compile(r'<(?:script|link|img)[^>]+(?:src|href)="(?:https?:)?//[^"]+"')


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of the built site."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    done = subprocess.run(
        [*command, "-d", folder / "doctrees", SITE, folder / "html"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder / "html"


def test_the_site_names_everything_that_can_be_called_and_set(site):
    python = (site / "reference" / "python.html").read_text()
    assert [name for name in pg.__all__ if f'.{name}"' not in python] == []
    settings = (site / "reference" / "settings.html").read_text()
    fields = {
        *pg.NetConfig.model_fields,
        *pg.FitConfig.model_fields,
        *pg.ExplainConfig.model_fields,
    }
    assert [name for name in fields if name not in settings] == []
    commands = re.sub("<[^>]+>", "", (site / "reference" / "command_line.html").read_text())
    for command in ("pathgnn run", "pathgnn graph fetch", "pathgnn evaluate", "--accept-risk"):
        assert command in commands


def test_the_site_shows_measured_numbers_and_formulas(site):
    assert "verdict right where the graph is needed" in (site / "limits.html").read_text()
    assert "<math" in (site / "reference" / "scores.html").read_text()


def test_the_site_loads_nothing_from_elsewhere(site):
    pages = list(site.rglob("*.html"))
    assert len(pages) > 30
    assert {str(p): FROM_ELSEWHERE.findall(p.read_text()) for p in pages} == {
        str(p): [] for p in pages
    }


def _code(page):
    return pytest.param(page, id=page.stem, marks=[pytest.mark.slow] * (page.stem in LONG))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """What the page on running a study leaves behind."""
    folder = tmp_path_factory.mktemp("pages") / "finished"
    folder.mkdir()
    with pytest.MonkeyPatch.context() as here:
        here.chdir(folder)
        run_page(FIRST)
    return folder


@pytest.mark.parametrize("page", [_code(page) for page in WITH_CODE])
def test_every_block_of_a_page_runs(page, finished, tmp_path, monkeypatch):
    shutil.copytree(finished, tmp_path / "work")
    monkeypatch.chdir(tmp_path / "work")
    run_page(page)


def test_the_program_of_the_readme_runs(tmp_path, monkeypatch):
    graph = pg.load_graph(pg.GraphSource(only=("RTK_RAS_MAPK", "HER2")))
    settings = pg.Simulation(**SURVIVAL)
    write_study(pg.simulate(graph, settings), graph, settings, tmp_path / "trial")
    monkeypatch.chdir(tmp_path / "trial")
    blocks = blocks_of((ROOT / "README.md").read_text())
    programs = [block.text for block in blocks if block.language == "python"]
    assert any(WHOLE in program for program in programs)
    names = {"folder": Path()}
    for program in programs:
        exec(program.replace(WHOLE, SMALL), names)
    assert names["why"].attribution.genes == graph.genes


def test_a_block_after_a_directive_is_seen():
    page = "```{measured} x\n:match: y\n```\n\ntext\n\n```bash\nls\n```\n\n```\nbare\n```\n"
    assert [(b.language, b.text) for b in blocks_of(page)] == [("bash", "ls\n"), ("", "bare\n")]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_no_block_of_a_page_escapes_the_tests(page):
    assert LANGUAGES[page] <= RUN | SHOWN


TOML = [(p, b.text) for p in PAGES for b in blocks_of(p.read_text()) if b.language == "toml"]


@pytest.mark.parametrize("shown", TOML, ids=lambda shown: shown[0].stem)
def test_settings_that_a_page_shows_are_settings(shown):
    content = tomllib.loads(MINIMAL)
    for table, settings in tomllib.loads(shown[1]).items():
        content[table] = content.get(table, {}) | settings
    assert parse(Study, content, shown[0].name)
