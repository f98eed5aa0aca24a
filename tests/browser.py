"""A page opened in headless Chromium: what it became, and what the browser complained of."""

from __future__ import annotations

import html
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

BROWSER = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--virtual-time-budget=8000",
]


def opened(path: Path, tmp_path: Path) -> tuple[str, list[str]]:
    """The page after its scripts ran, and complaints of the console; skips without Chromium."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("Chromium is not installed")
    command = [
        chromium,
        *BROWSER,
        "--enable-logging=stderr",
        f"--user-data-dir={tmp_path / 'user'}",
    ]
    done = subprocess.run(
        [*command, "--dump-dom", f"file://{path}"],
        capture_output=True,
        text=True,
        timeout=180,
        check=True,
    )
    complaints = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return done.stdout, complaints


def acted(path: Path, script: str, tmp_path: Path) -> tuple[Any, list[str]]:
    """What a script answers that ran after the page's own, in a copy; and complaints.

    Args:
        path: The page.
        script: Statements of JavaScript that end in `return` of something JSON can hold.
        tmp_path: Where the copy goes.
    """
    answer = f"document.body.dataset.answer = JSON.stringify((() => {{ {script} }})());"
    copy = tmp_path / "acted.html"
    copy.write_text(_with_script(path, answer))
    page, complaints = opened(copy, tmp_path)
    return json.loads(html.unescape(page.split('data-answer="')[1].split('"')[0])), complaints


def width_in(path: Path, width: int, tmp_path: Path) -> int:
    """How wide the page becomes in a frame of so many pixels; wider than it: it scrolls."""
    tell = "setTimeout(() => parent.postMessage(document.documentElement.scrollWidth, '*'), 1500);"
    (tmp_path / "framed.html").write_text(_with_script(path, tell))
    outer = tmp_path / "outer.html"
    outer.write_text(
        f'<body><iframe src="framed.html" style="border:0;height:900px;width:{width}px"></iframe>'
        "<script>onmessage = (e) => { document.body.dataset.width = e.data; };</script>"
    )
    page, _ = opened(outer, tmp_path)
    return int(page.split('data-width="')[1].split('"')[0])


def _with_script(path: Path, script: str) -> str:
    before, after = path.read_text().rsplit("</body>", 1)
    return f"{before}<script>{script}</script></body>{after}"
