"""Layer 7, tell it: tables, ranks, graphs, figures and the report."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathgnn.export.results import Results


class _Callable(ModuleType):
    """This package, which stands at `pathgnn.export` once it is loaded and can be called there."""

    def __call__(
        self,
        results: Results,
        out: Path,
        with_ids: bool = False,
        to: Sequence[str] = (),
        gmt: Path | None = None,
    ) -> list[Path]:
        """As `pathgnn.export.formats.export`."""
        from pathgnn.export.formats import export

        return export(results, out, with_ids, to, gmt)


sys.modules[__name__].__class__ = _Callable
