"""A page opened in headless Chromium: what it became, and what the browser complained of."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

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
