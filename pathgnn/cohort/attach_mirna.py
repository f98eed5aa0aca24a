"""MicroRNAs to the genes that they repress."""

from __future__ import annotations

import re
from typing import NamedTuple

import pandas as pd

from pathgnn.files import shipped

# hsa-mir-16-1, hsa-miR-21-5p, MIR21, MIRLET7A1, let-7a, miR-200c*: family, letter, copy, arm.
STEM = re.compile(
    r"^(?:hsa[-_.])?(?P<family>mir[-_.]?let[-_.]?7|let[-_.]?7|mir[-_.]?\d+)(?P<letter>[a-z]?)"
    r"(?:[-_.]?(?P<copy>\d))?(?:[-_.](?P<arm>[35]p)|(?P<star>\*))?$",
    re.IGNORECASE | re.ASCII,
)
# MIR16-1 is a copy of miR-16, and MIR1-1 of miR-1: the copy stands behind a mark there.
SYMBOL = re.compile(r"^MIR(LET7[A-Z]?|\d+[A-Z]*)-?(\d*)$", re.ASCII)
# Names before and after a second member of the family was found.
RENAMED = {"mir-203": "mir-203a", "mir-451": "mir-451a", "mir-365": "mir-365a"}


class Mirna(NamedTuple):
    """A microRNA without its copy, such as mir-21 or let-7a, and its arm, if the name has one."""

    name: str
    arm: str


def targets(features: pd.Index) -> pd.DataFrame:
    """Genes that each microRNA represses, weight -1; a passenger arm has none.

    A name without an arm (a hairpin) stands for the arm whose targets are known.
    """
    table = pd.read_csv(shipped("mirna_targets.csv"), dtype=str)
    genes: dict[Mirna, list[str]] = {}
    for name, gene in zip(table["mirna"], table["gene"], strict=True):
        one = read_mirna(name)
        for key in {one, one._replace(arm="")}:
            genes.setdefault(key, []).append(gene)
    rows = [
        (str(feature), gene, -1.0, "", "microRNA target")
        for feature in features
        for gene in genes.get(read_mirna(str(feature)), [])
    ]
    return pd.DataFrame(rows, columns=["feature", "gene", "weight", "site", "how"])


def read_mirna(feature: str) -> Mirna:
    """The microRNA behind a name; the name itself if it is none."""
    plain = feature.strip()
    symbol = SYMBOL.match(plain)
    if symbol:
        stem, arm = symbol[1].lower(), ""
        name = stem.replace("let7", "let-7") if stem.startswith("let") else f"mir-{stem}"
        return Mirna(RENAMED.get(name, name), arm)
    found = STEM.match(plain)
    if found is None:
        return Mirna(plain, "")
    number = re.sub(r"\D", "", found["family"])
    name = ("let-" if "let" in found["family"].lower() else "mir-") + number
    name += found["letter"].lower()
    # The star of the old names marks the passenger.
    arm = "passenger" if found["star"] else (found["arm"] or "").lower()
    return Mirna(RENAMED.get(name, name), arm)
