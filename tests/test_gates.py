"""The gates: lint, format, types, layers, budgets, and what may not be in the repository."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GATES = {
    "ruff lint": ["ruff", "check", "."],
    "ruff format": ["ruff", "format", "--check", "."],
    "mypy": ["mypy"],
    "import-linter": ["lint-imports"],
}
BIN = Path(sys.executable).parent


@pytest.mark.parametrize("name", GATES)
def test_gate(name):
    command, *rest = GATES[name]
    done = subprocess.run(
        [BIN / command, *rest], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", sorted((ROOT / "pathgnn").rglob("*.py")), ids=lambda p: p.name)
def test_every_file_says_what_is_inside_and_stays_in_its_budget(path):
    text = path.read_text()
    assert text.count("\n") <= 300
    assert ast.get_docstring(ast.parse(text)), "no module docstring"


def test_no_module_hides_a_public_name():
    # `pathgnn.run` was a function at first, and the module of that name ever after.
    import pathgnn

    for path in sorted((ROOT / "pathgnn").iterdir()):
        if path.stem in pathgnn.__all__:
            import_module(f"pathgnn.{path.stem}")
    assert [n for n in pathgnn.__all__ if not callable(getattr(pathgnn, n))] == []


def test_public_names_are_there_and_documented():
    import pathgnn

    for name in pathgnn.__all__:
        assert getattr(pathgnn, name).__doc__, name
    with pytest.raises(AttributeError):
        _ = pathgnn.nothing
