"""The look that all matplotlib figures share."""

from __future__ import annotations

from types import MappingProxyType

# Colour-blind safe, after Okabe and Ito.
MODALITY_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442")
MORE, LESS, NEUTRAL = "#b2182b", "#2166ac", "#555555"
# svg text stays text; dollar signs in a name are no formula; the same figure has the same bytes.
STYLE = MappingProxyType(
    {"svg.fonttype": "none", "text.parse_math": False, "svg.hashsalt": "pathgnn", "font.size": 9}
)
LONGEST = 34


def cut(name: str, longest: int = LONGEST) -> str:
    """A name that fits beside a plot."""
    return name if len(name) <= longest else name[: longest - 1] + "…"
