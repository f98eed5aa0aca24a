"""Files written whole or not at all, and content hashes."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError

from pathgnn.errors import ConfigError, PathgnnError, StorageError

if TYPE_CHECKING:
    import pandas as pd

# A spreadsheet takes these for the start of a formula.
SIGNS = re.compile(r"-?[01](;-?[01])*")
FORMULA = ("=", "+", "-", "@")
# Before the names of what is being written, and of what is being replaced.
PART, OLD = ".part-", ".old-"
# No JSON of ours is larger; what is was made to fill the memory.
MOST_JSON = 16 * 2**20


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """What the operating system refuses to write, as a sentence.

    Raises:
        StorageError: a full disk, a read-only folder, a quota.
    """
    try:
        yield
    except (OSError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or str(error).partition("\n")[0]
        raise StorageError(
            f"cannot write {path}: {reason}; what was finished before is kept: make room or give "
            "another folder, then run the same command again"
        ) from error


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A temporary path that replaces `path` in one step when the block ends without an error.

    Raises:
        StorageError: it cannot be written; `path` stays as it was.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=PART, suffix=path.suffix)
        os.close(handle)
        part = Path(name)
        try:
            yield part
            part.chmod(0o644)
            _sync(part)
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """Have the disk take the content before the name, for a power cut between them."""
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def refuse_others(path: Path, mark: str, ours: Collection[str] | None = None) -> None:
    """Stop before a folder with other things in it would be replaced.

    Args:
        path: New, empty, or written by us before.
        mark: A file that every folder of its kind holds.
        ours: Names that such a folder may hold; None: people do not work in folders of its kind.

    Raises:
        ConfigError: it holds something, and not that file, or something else beside it.
    """
    if not path.exists():
        return
    held = [] if path.is_file() else sorted(entry.name for entry in path.iterdir())
    if path.is_file() or (held and not (path / mark).is_file()):
        raise ConfigError(f"{path} holds other files, which would be lost; name a new folder")
    surplus = [name for name in held if ours is not None and name not in ours]
    if surplus:
        raise ConfigError(
            f"{path} also holds {', '.join(surplus[:5])}, which would be lost; move that, or name "
            "a new folder"
        )


@contextmanager
def whole_folder(path: Path, mark: str) -> Iterator[Path]:
    """A temporary folder that takes the place of `path` when the block ends without an error.

    Args:
        path: As for `refuse_others`.
        mark: As for `refuse_others`.

    Raises:
        ConfigError: `path` holds other files.
        StorageError: it cannot be written; `path` stays as it was.
    """
    with writing(path):
        # The folder that a link points at is replaced, not the link.
        path = path.resolve()
        refuse_others(path, mark)
        path.parent.mkdir(parents=True, exist_ok=True)
        old = path.with_name(f"{OLD}{path.name}")
        _settle(old)
        part = Path(tempfile.mkdtemp(dir=path.parent, prefix=PART))
        try:
            yield part
            part.chmod(0o755)
            # Some writers make files that only their owner can read; a model is there to be shared.
            for inside in part.rglob("*"):
                inside.chmod(0o755 if inside.is_dir() else 0o644)
                if inside.is_file():
                    _sync(inside)
            if path.exists():
                os.replace(path, old)
            os.replace(part, path)
        finally:
            shutil.rmtree(part, ignore_errors=True)
            _settle(old)


def _settle(old: Path) -> None:
    """What a process put aside and was killed before it could replace it goes back."""
    path = old.with_name(old.name.removeprefix(OLD))
    if path.exists():
        shutil.rmtree(old, ignore_errors=True)
    elif old.exists():
        os.replace(old, path)


def sweep_parts(folder: Path) -> None:
    """Put right what a killed process left below a folder that nobody writes to now.

    What is half-written goes; what was put aside and never replaced comes back.
    """
    for old in list(folder.rglob(f"{OLD}*")):
        _settle(old)
    for left in list(folder.rglob(f"{PART}*")):
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    with whole_file(path) as part:
        part.write_text(text, encoding="utf-8")


def write_csv(path: Path, table: pd.DataFrame) -> None:
    """Write a table whole or not at all; a text that a spreadsheet would run gets an apostrophe."""
    safe = table.copy()
    for column in safe.select_dtypes(include=["object", "string", "category"]):
        safe[column] = safe[column].astype(object).map(_neutral)
    safe.columns = safe.columns.map(_neutral)
    with whole_file(path) as part:
        safe.to_csv(part, index=False)


def _neutral(value: Any) -> Any:
    """A text that starts like a formula behind an apostrophe; signs such as -1;1 stay."""
    runs = isinstance(value, str) and value.startswith(FORMULA) and not SIGNS.fullmatch(value)
    return f"'{value}" if runs else value


def write_parquet(path: Path, table: pd.DataFrame) -> None:
    """Write a table with its index whole or not at all."""
    with whole_file(path) as part:
        table.to_parquet(part)


def write_json(path: Path, content: Any) -> None:
    """Write a JSON file whole or not at all, keys in order, no NaN."""
    write_text(path, json.dumps(content, indent=1, allow_nan=False) + "\n")


def read_json(path: Path, fail: Callable[[str], PathgnnError]) -> Any:
    """The content of a JSON file; `fail` makes the error when it is missing or broken."""
    try:
        # A pipe in the place of a file would be waited for.
        if path.exists() and not path.is_file():
            raise ValueError("it is no file")
        if path.stat().st_size > MOST_JSON:
            raise ValueError(f"it is larger than {MOST_JSON // 2**20} MB")
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise fail(
            f"{path} cannot be read as JSON ({error}); run the step that writes it"
        ) from error


def shipped(name: str) -> Path:
    """A data file of the package: inside an installed package, or beside it in a checkout.

    Raises:
        PathgnnError: the file is not there.
    """
    for folder in (Path(__file__).parent / "data", Path(__file__).parents[1] / "data"):
        if (folder / name).is_file():
            return folder / name
    raise PathgnnError(f"{name} is not in this installation; install pathgnn again")


def sha256(path: Path) -> str:
    """Hash of a file's bytes."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
