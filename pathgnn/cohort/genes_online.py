"""Names that no local table knows, asked of mygene.info once and kept on disk."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pathgnn.errors import GraphError
from pathgnn.files import write_json

SCOPES = "symbol,alias,prev_symbol,entrezgene,ensembl.gene,uniprot.Swiss-Prot"


def ask_mygene(names: Iterable[str], cache: Path, client: Any = None) -> dict[str, tuple[str, ...]]:
    """Name -> human symbols; an unknown name has none. Only names not in the cache are sent.

    Args:
        names: Features; never patients.
        cache: JSON file of earlier answers; written whole.
        client: A mygene.MyGeneInfo; None: the public service.

    Raises:
        GraphError: the service cannot be reached, or the cache is broken.
    """
    known = _read_cache(cache)
    asked = [n for n in dict.fromkeys(map(str, names)) if n not in known]
    if asked:
        known |= _ask(asked, client)
        write_json(cache, known)
    return {n: tuple(known[n]) for n in dict.fromkeys(map(str, names))}


def _ask(names: list[str], client: Any) -> dict[str, list[str]]:
    if client is None:
        import mygene

        client = mygene.MyGeneInfo()
    try:
        answers = client.querymany(
            names, scopes=SCOPES, fields="symbol", species="human", verbose=False
        )
    # The client's transport has errors of its own for every way a network can fail.
    except Exception as error:
        raise GraphError(
            f"mygene.info cannot be reached ({type(error).__name__}), {len(names)} names stay "
            "unknown; work offline with HGNC's complete set as `hgnc` in [graph] and without "
            "`mygene`"
        ) from error
    out: dict[str, list[str]] = {name: [] for name in names}
    for answer in answers:
        symbol, query = answer.get("symbol"), str(answer.get("query"))
        if symbol and query in out and symbol not in out[query]:
            out[query].append(str(symbol))
    return out


def _read_cache(cache: Path) -> dict[str, list[str]]:
    if not cache.is_file():
        return {}
    try:
        content = json.loads(cache.read_text(encoding="utf-8"))
        return {str(name): [str(s) for s in symbols] for name, symbols in content.items()}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise GraphError(f"the cache {cache} is broken ({error}); delete it") from error
