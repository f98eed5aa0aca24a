"""XML of downloaded files as text, of which nothing can be expanded and nothing is fetched."""

from __future__ import annotations

from pathlib import Path

from pathgnn.errors import GraphError
from pathgnn.graph.tables import open_text


def read_xml(path: Path) -> str:
    """The text of an XML file that declares no entity; a DOCTYPE line alone is no harm.

    Raises:
        GraphError: as `open_text`, and a file that declares entities.
    """
    with open_text(path) as file:
        text = file.read()
    if "<!ENTITY" in text:
        line = text.count("\n", 0, text.index("<!ENTITY")) + 1
        raise GraphError(
            f"{path.name}, line {line}: an <!ENTITY> is declared, which can fill the memory or "
            "reach other files; such a file is not read, remove the declaration"
        )
    return text
