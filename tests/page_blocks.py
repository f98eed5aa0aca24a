"""Code blocks of a page: what they are, and how they are run from top to bottom in one folder."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

from typer.testing import CliRunner

from pathgnn.cli import app

FENCE = re.compile(r"^```([^\n`]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What is shown and not run: settings are parsed, output and downloads are text.
SHOWN = {"toml", "text"}
RUN = {"bash", "python"}


class Block(NamedTuple):
    """A fenced block with its language."""

    language: str
    text: str


def blocks_of(page: str) -> list[Block]:
    """All fenced blocks of a page that are no directives."""
    found = (Block(*one) for one in FENCE.findall(page))
    return [block for block in found if not block.language.startswith("{")]


def run_page(path: Path) -> None:
    """Run the blocks of a page in the working folder; Python blocks share their names."""
    names: dict[str, Any] = {"__name__": "page"}
    for number, block in enumerate(blocks_of(path.read_text()), start=1):
        where = f"{path.name}, block {number}"
        if block.language == "python":
            exec(compile(block.text, where, "exec"), names)
        elif block.language == "bash":
            for command in commands_of(block.text):
                run_command(command, where)


def commands_of(text: str) -> list[str]:
    """The block in pieces: every call of pathgnn alone, what lies between them together."""
    out: list[str] = []
    for line in text.replace("\\\n", " ").splitlines():
        ours = line.startswith("pathgnn ")
        if ours or not out or out[-1].startswith("pathgnn "):
            out.append(line)
        else:
            out[-1] += "\n" + line
    return [command for command in out if command.strip()]


def run_command(command: str, where: str) -> None:
    """A call of pathgnn in this process, which has torch loaded; anything else in bash."""
    if command.startswith("pathgnn "):
        done = CliRunner().invoke(app, shlex.split(command, comments=True)[1:])
        assert done.exit_code == 0, f"{where}: {command}\n{done.output}\n{done.exception!r}"
        return
    shell = subprocess.run(["bash", "-euc", command], capture_output=True, text=True, check=False)
    assert shell.returncode == 0, f"{where}: {command}\n{shell.stderr}"
