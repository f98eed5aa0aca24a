"""A study whose patients carry a mark, and a search for it in every file, unpacked."""

from __future__ import annotations

import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import pandas as pd

CANARY = "CANARYPT"
STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)


def mark(study: Path) -> Path:
    """Give every patient of a study's tables an id that begins with the canary."""
    for path in study.parent.glob("*.csv"):
        table = pd.read_csv(path)
        if table.columns[0] == "patient":
            table["patient"] = [f"{CANARY}-{p}" for p in table["patient"]]
            table.to_csv(path, index=False)
    return study


def search(folder: Path) -> tuple[int, list[str]]:
    """How many files there are, and those that hold the canary, in plain bytes or packed."""
    files = [p for p in sorted(folder.rglob("*")) if p.is_file()]
    return len(files), [str(p.relative_to(folder)) for p in files if holds(p)]


def holds(path: Path) -> bool:
    """Is the canary in a file, its name, or anything packed inside?"""
    mark = CANARY.encode()
    if CANARY in str(path.name) or mark in path.read_bytes():
        return True
    unpack = next((u for suffix, u in PACKED.items() if path.name.endswith(suffix)), None)
    return unpack is not None and any(mark in part for part in unpack(path))


def _gzip(path: Path) -> Iterator[bytes]:
    yield gzip.decompress(path.read_bytes())


def _zip(path: Path) -> Iterator[bytes]:
    with zipfile.ZipFile(path) as packed:
        yield from (packed.read(name) for name in packed.namelist())


def _parquet(path: Path) -> Iterator[bytes]:
    table = pd.read_parquet(path)
    yield str(table.columns.tolist()).encode()
    text = io.StringIO()
    table.to_csv(text)
    yield text.getvalue().encode()


def _hdf5(path: Path) -> Iterator[bytes]:
    import h5py

    parts: list[bytes] = []

    def see(name: str, item: object) -> None:
        parts.append(f"{name} {dict(item.attrs)}".encode())
        if isinstance(item, h5py.Dataset):
            value = item[()]
            parts.append(str(value.tolist() if hasattr(value, "tolist") else value).encode())

    with h5py.File(path, "r") as file:
        see("", file)
        file.visititems(see)
    yield from parts


def _pdf(path: Path) -> Iterator[bytes]:
    for found in STREAM.finditer(path.read_bytes()):
        try:
            yield zlib.decompress(found[1])
        except zlib.error:
            yield found[1]


PACKED: Mapping[str, Callable[[Path], Iterator[bytes]]] = MappingProxyType(
    {
        ".gz": _gzip,
        ".zip": _zip,
        ".npz": _zip,
        ".parquet": _parquet,
        ".h5ad": _hdf5,
        ".h5mu": _hdf5,
        ".pdf": _pdf,
    }
)
