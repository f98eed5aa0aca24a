"""Names of metabolites: one key for all spellings of a name and of a database identifier."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from pathgnn.cohort.identifiers import Identifiers, Names

GREEK: Mapping[str, str] = MappingProxyType(
    {"α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ω": "omega"}
)
# HMDB00122 is HMDB0000122, pubchem:5793 is CID:5793; KEGG's C00031 stays. A bare number is none.
HMDB = re.compile(r"hmdb[:_ ]?(?:hmdb)?0*(\d+)")
DATABASE = re.compile(r"(?:(chebi)(?::chebi)?|(cid|pubchem)(?:[._ ]?cid)?)[:_ ](\d+)")
KEGG = re.compile(r"(?:kegg[:_ ]|cpd:)?(c\d{5})")
# L-lactate, D_glucose, (S)-malate, DL-: which mirror image was meant is rarely measured.
MIRROR = re.compile(r"^(?:\((?:\d*[rs]|[+-])\)|dl|[dl])[-_ ]+")
ACID = re.compile(r"icacid$")


def metabolite_key(name: str) -> str:
    """The same text for spellings that mean one metabolite; case, marks and mirror image go.

    Palmitic acid is palmitate, α-ketoglutarate alpha-ketoglutarate, HMDB00122 HMDB0000122.
    """
    text = name.strip().casefold()
    identifier = _identifier(text)
    if identifier:
        return identifier
    for letter, word in GREEK.items():
        text = text.replace(letter, word)
    return ACID.sub("ate", re.sub(r"[^a-z0-9+]", "", MIRROR.sub("", text)))


def names_of(features: Iterable[str], aliases: Names, metabolites: Iterable[str]) -> Identifiers:
    """What each feature could mean among the metabolites, by their names and aliases.

    Letter case alone goes before other spellings; a feature with two meanings keeps both.
    """
    wanted = set(metabolites)
    listed = [(m, m) for m in wanted]
    listed += [(a, s) for a, symbols in aliases.items() for s in symbols if s in wanted]
    exact = _by(str.casefold, listed)
    spelled = _by(metabolite_key, listed)
    names: dict[str, tuple[str, ...]] = {}
    for feature in features:
        found = spelled.get(metabolite_key(feature), set())
        if found and feature.casefold() not in exact:
            names[feature] = tuple(sorted(found))
    cases = {name: tuple(sorted(symbols)) for name, symbols in exact.items()}
    return Identifiers(names={"letter case": cases, "alias": names}, source="the graph")


def _by(key: Callable[[str], str], listed: list[tuple[str, str]]) -> dict[str, set[str]]:
    out: dict[str, set[str]] = {}
    for name, symbol in listed:
        out.setdefault(key(name), set()).add(symbol)
    return out


def _identifier(text: str) -> str:
    """A database identifier in one spelling; empty if the text is none."""
    if found := HMDB.fullmatch(text):
        return f"hmdb{found[1]}"
    if found := DATABASE.fullmatch(text):
        return f"{'chebi' if found[1] else 'cid'}{found[3]}"
    return f"kegg{found[1]}" if (found := KEGG.fullmatch(text)) else ""
