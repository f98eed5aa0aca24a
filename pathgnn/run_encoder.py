"""The encoder that a run folder was started from: an unchanged study goes on from it."""

from __future__ import annotations

from pathlib import Path

from pathgnn.benefit.verdict import Finding
from pathgnn.model.encoder import Encoder
from pathgnn.run_folder import ENCODER, Input, Keeper
from pathgnn.run_stages import PARTS
from pathgnn.train.encoder_file import load_encoder
from pathgnn.train.keep import START


def kept_encoder(given: Input, out: Path) -> Encoder | None:
    """The encoder of an earlier call with the same settings and data, finished or not."""
    folder = _folder(out)
    if folder is None:
        return None
    encoder = load_encoder(folder)
    keeper = Keeper(given, out, encoder)
    same = keeper.key("fit") in (keeper.done.get("fit"), keeper.done.get(ENCODER))
    return encoder if same else None


def dropped_finding(out: Path, start: Encoder | None) -> tuple[Finding, ...]:
    """A note, where the study was changed and the fit it replaces had started from an encoder."""
    if start is not None or _folder(out) is None:
        return ()
    said = (
        "The earlier fit in this folder started from a pretrained encoder; settings or data were "
        "changed, and this one starts afresh: pass --from to start from an encoder."
    )
    return (Finding("note", "encoder", 0.0, said),)


def _folder(out: Path) -> Path | None:
    return next((f for f in (out / PARTS / START, out / "fit" / START) if f.is_dir()), None)
