"""KEGG: pathway maps in KGML, one or several, as edges and one pathway per map."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import NamedTuple
from xml.etree.ElementTree import Element, ParseError, fromstring

import pandas as pd

from pathgnn.errors import GraphError
from pathgnn.graph.assemble import Sets, assemble
from pathgnn.graph.graph import PathwayGraph, Provenance
from pathgnn.graph.tables import provenance_of
from pathgnn.graph.xml_text import read_xml

LICENCE, URL = "academic use only", "https://www.kegg.jp/kegg/legal.html"
SIGN = {"activation": 1, "expression": 1, "inhibition": -1, "repression": -1}
# Where a relation says nothing else, nobody is known to act on the other.
UNDIRECTED = {"binding/association", "dissociation", "compound", "hidden compound"}
# What a mutation or the like has taken away, as maps of diseases draw it.
MISSING = "missing interaction"
MECHANISM = {
    "activation": "",
    "inhibition": "",
    "expression": "transcription",
    "repression": "transcription",
    "binding/association": "binding",
    "hidden compound": "compound",
}


class _Map(NamedTuple):
    title: str
    identifier: str
    names: dict[str, tuple[str, ...]]  # by number of the entry
    genes: tuple[str, ...]
    compounds: tuple[str, ...]
    edges: list[tuple[str, str, int, bool, str]]


def from_kegg(
    paths: Path | Iterable[Path], symbols: Mapping[str, str] | None = None
) -> PathwayGraph:
    """Relations of human KEGG maps, and the genes of each map as a pathway.

    Activation and expression are +1, inhibition and repression -1, both or neither 0. Binding,
    dissociation and enzymes that share a compound are undirected. A group becomes its members.
    Compounds of relations are nodes of kind `metabolite`. Relations that are missing by mutation
    are left out. KEGG is free for academic use only.

    Args:
        paths: KGML files, as `https://rest.kegg.jp/get/hsa04010/kgml` gives them.
        symbols: Entrez identifier -> HGNC symbol. None: the first word of an entry's graphics is
            the symbol of its first gene, and its other genes are left out.

    Raises:
        GraphError: an unreadable file, one that declares entities, a map of another species, or
            one without a gene.

    Source: KEGG Markup Language, https://www.kegg.jp/kegg/xml/docs/.
    """
    listed = [paths] if isinstance(paths, Path) else list(paths)
    if not listed:
        raise GraphError("no KGML file was given; name at least one")
    maps = [_read(path, symbols or {}) for path in listed]
    found = {f"{m.title} ({m.identifier})" if _twice(m, maps) else m.title: m for m in maps}
    compounds = dict.fromkeys(c for m in maps for c in m.compounds)
    columns = ["source", "target", "sign", "directed", "mechanism"]
    return assemble(
        pd.DataFrame([edge for m in maps for edge in m.edges], columns=columns),
        _provenance(listed),
        Sets({n: m.genes for n, m in found.items()}, {n: m.identifier for n, m in found.items()}),
        pd.DataFrame({"symbol": list(compounds), "kind": "metabolite"}) if compounds else None,
    )


def _twice(one: _Map, maps: list[_Map]) -> bool:
    return any(m.title == one.title and m.identifier != one.identifier for m in maps)


def _provenance(paths: list[Path]) -> Provenance:
    parts = tuple(provenance_of(path, "", licence=LICENCE, url=URL) for path in paths)
    if len(paths) > 1:
        return Provenance("KEGG", licence=LICENCE, url=URL, parts=parts)
    return provenance_of(paths[0], name="KEGG", licence=LICENCE, url=URL)


def _read(path: Path, symbols: Mapping[str, str]) -> _Map:
    try:
        root = fromstring(read_xml(path))
    except ParseError as error:
        raise GraphError(f"{path} is no XML ({error}); download the KGML file again") from error
    if root.tag != "pathway" or root.get("org") != "hsa":
        raise GraphError(
            f"{path.name} is no human KEGG map: it is a {root.tag[:40]!r} of species "
            f"{root.get('org', '')!r}; download one whose name starts with hsa"
        )
    names = {str(e.get("id")): _names(e, symbols) for e in root.iterfind("entry")}
    for group in root.iterfind("entry[@type='group']"):
        members = [str(c.get("id")) for c in group.iterfind("component")]
        names[str(group.get("id"))] = tuple(n for m in members for n in names.get(m, ()))
    genes = [n for e in root.iterfind("entry[@type='gene']") for n in names[str(e.get("id"))]]
    if not genes:
        raise GraphError(f"{path.name} names no gene; give `symbols`, or download another map")
    edges = [edge for r in root.iterfind("relation") for edge in _edges(r, names)]
    inside = {name for edge in edges for name in edge[:2]} - set(genes)
    title = root.get("title") or root.get("name") or path.name
    identifier = root.get("name") or title
    return _Map(title, identifier, names, tuple(genes), tuple(sorted(inside)), edges)


def _names(entry: Element, symbols: Mapping[str, str]) -> tuple[str, ...]:
    """Nodes that an entry stands for; maps, orthologs and the like stand for none."""
    identifiers = [part.split(":")[-1] for part in entry.get("name", "").split()]
    if entry.get("type") == "compound":
        return tuple(identifiers)
    if entry.get("type") != "gene" or not identifiers:
        return ()
    graphics = entry.find("graphics")
    label = graphics.get("name", "") if graphics is not None else ""
    first = label.split(",")[0].strip().removesuffix("...").strip()
    found = [symbols.get(i, first if i == identifiers[0] else "") for i in identifiers]
    return tuple(dict.fromkeys(name for name in found if name))


def _edges(
    relation: Element, names: Mapping[str, tuple[str, ...]]
) -> Iterator[tuple[str, str, int, bool, str]]:
    listed = [s.get("name", "") for s in relation.iterfind("subtype")]
    if MISSING in listed:
        return
    signs = {SIGN[s] for s in listed if s in SIGN}
    sign = signs.pop() if len(signs) == 1 else 0
    directed = bool(set(listed) - UNDIRECTED)
    mechanism = next((m for s in listed if (m := MECHANISM.get(s, s))), "")
    ends = (names.get(relation.get(f"entry{i}", ""), ()) for i in (1, 2))
    for source, target in product(*ends):
        yield source, target, sign, directed, mechanism
