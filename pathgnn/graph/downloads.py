"""Public files and how to get them: with mygene, all that uses the network."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from pathgnn.errors import GraphError
from pathgnn.files import sha256, write_json

HASHES = "hashes.json"


class Download(NamedTuple):
    """One public file: where it lies, what it may be used for, and the format that reads it."""

    url: str
    file: str
    licence: str
    format: str
    note: str = ""
    sha256: str = ""


_OMNIPATH = "https://omnipathdb.org/interactions?genesymbols=yes&organisms=9606&format=tsv"
_REACTOME = "https://reactome.org/download"
_STRING = "https://stringdb-downloads.org/download"

DOWNLOADS: Mapping[str, Download] = MappingProxyType(
    {
        "hgnc": Download(
            "https://storage.googleapis.com/public-download-files/hgnc/tsv/tsv/hgnc_complete_set.txt",
            "hgnc_complete_set.txt",
            "CC0-1.0",
            "",
            "names of genes; give it as `hgnc` in [graph]",
        ),
        "reactome": Download(
            f"{_REACTOME}/current/ReactomePathways.gmt.zip",
            "ReactomePathways.gmt.zip",
            "CC0-1.0",
            "reactome",
            "pathways; first file of reactome:",
        ),
        "reactome-hierarchy": Download(
            f"{_REACTOME}/current/ReactomePathwaysRelation.txt",
            "ReactomePathwaysRelation.txt",
            "CC0-1.0",
            "reactome",
            "second file of reactome:",
        ),
        "reactome-fi": Download(
            f"{_REACTOME}/tools/ReatomeFIs/FIsInGene_122921_with_annotations.txt.zip",
            "FIsInGene_122921_with_annotations.txt.zip",
            "CC-BY-4.0",
            "reactome",
            "functional interactions; third file of reactome:",
        ),
        "omnipath": Download(
            f"{_OMNIPATH}&datasets=omnipath&fields=sources,references,curation_effort",
            "omnipath.tsv",
            "that of each resource in it",
            "omnipath",
            "signed, directed signaling",
        ),
        "collectri": Download(
            f"{_OMNIPATH}&datasets=collectri&fields=sources,references,curation_effort",
            "collectri.tsv",
            "that of each resource in it",
            "omnipath",
            "transcription factors and their targets",
        ),
        "dorothea": Download(
            f"{_OMNIPATH}&datasets=dorothea&dorothea_levels=A,B,C&fields=sources,curation_effort",
            "dorothea.tsv",
            "that of each resource in it",
            "omnipath",
            "transcription factors and their targets, levels A to C",
        ),
        "signor": Download(
            "https://signor.uniroma2.it/getData.php?organism=9606",
            "signor_human.tsv",
            "Creative Commons",
            "signor",
            "signed, directed signaling",
        ),
        "string": Download(
            f"{_STRING}/protein.links.v12.0/9606.protein.links.v12.0.txt.gz",
            "9606.protein.links.v12.0.txt.gz",
            "CC-BY-4.0",
            "string",
            "scored associations; first file of string:",
        ),
        "string-info": Download(
            f"{_STRING}/protein.info.v12.0/9606.protein.info.v12.0.txt.gz",
            "9606.protein.info.v12.0.txt.gz",
            "CC-BY-4.0",
            "string",
            "names of proteins; second file of string:",
        ),
        "hallmark": Download(
            "https://data.broadinstitute.org/gsea-msigdb/msigdb/release/2024.1.Hs/"
            "h.all.v2024.1.Hs.symbols.gmt",
            "h.all.v2024.1.Hs.symbols.gmt",
            "CC-BY-4.0",
            "gmt",
            "fifty hallmark gene sets",
        ),
    }
)


def default_cache() -> Path:
    """The user's cache folder for downloads."""
    import pooch

    return Path(pooch.os_cache("pathgnn"))


def fetch(name: str, cache: Path, url: str = "") -> Path:
    """The local file of a download; fetched once, and checked against its hash ever after.

    The hash is the one in the table or, for files that their owners renew, that of the first
    download, kept in `hashes.json` of the cache.

    Args:
        name: A key of DOWNLOADS.
        cache: Folder of the files.
        url: Another address of the same file; empty: that of the table.

    Raises:
        GraphError: no such download, no network, or a file that is not what it was.
    """
    if name not in DOWNLOADS:
        raise GraphError(f"no download {name!r}; there are {', '.join(DOWNLOADS)}")
    one = DOWNLOADS[name]
    path, known = cache / one.file, _hashes(cache)
    expected = one.sha256 or known.get(one.file, "")
    if path.is_file():
        _check(path, expected)
    else:
        _download(url or one.url, path, expected)
    if one.file not in known:
        write_json(cache / HASHES, known | {one.file: sha256(path)})
    return path


def _download(url: str, path: Path, expected: str) -> None:
    import pooch

    path.parent.mkdir(parents=True, exist_ok=True)
    known = f"sha256:{expected}" if expected else None
    logger = pooch.get_logger()
    level = logger.level
    # pooch would print the hash of every new file; it is kept in hashes.json instead.
    logger.setLevel("WARNING")
    try:
        pooch.retrieve(url, known_hash=known, fname=path.name, path=path.parent)
    # Every way a network can fail, and a wrong hash, which pooch reports as ValueError.
    except Exception as error:
        path.unlink(missing_ok=True)
        raise GraphError(
            f"{url} could not be fetched ({type(error).__name__}: {error}). Without a network, "
            f"download it elsewhere and put it at {path}; if it has moved, pass --url"
        ) from error
    finally:
        logger.setLevel(level)


def _check(path: Path, expected: str) -> None:
    if expected and sha256(path) != expected:
        raise GraphError(
            f"{path} is not the file that was fetched before (its sha256 differs); delete it to "
            f"fetch it anew, and its line in {path.parent / HASHES} if its owner has renewed it"
        )


def _hashes(cache: Path) -> dict[str, str]:
    path = cache / HASHES
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {str(k): str(v) for k, v in content.items()}
    except (OSError, ValueError, AttributeError) as error:
        raise GraphError(f"{path} is broken ({error}); delete it") from error
