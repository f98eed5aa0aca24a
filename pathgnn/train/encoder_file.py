"""A pretrained encoder on disk: safetensors and JSON, hashed, written whole; no pickle."""

from __future__ import annotations

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from pathgnn.errors import BundleError
from pathgnn.files import read_json, sha256, whole_folder, write_json
from pathgnn.model.config import NetConfig
from pathgnn.model.encoder import Encoder
from pathgnn.paths import takes_paths
from pathgnn.train.manifest import refuse_links, refuse_other_schema
from pathgnn.train.pretrain import Pretrained

SCHEMA = 1
MANIFEST, WEIGHTS = "encoder.json", "encoder.safetensors"


@takes_paths
def save_encoder(encoder: Encoder, folder: Path, told: tuple[float, ...] = ()) -> None:
    """Write an encoder; an earlier one is replaced only when the new one is complete."""
    with whole_folder(folder, MANIFEST) as part:
        save_file({k: v.contiguous() for k, v in encoder.weights.items()}, part / WEIGHTS)
        words = {
            "schema": SCHEMA,
            "sha256": sha256(part / WEIGHTS),
            "graph": encoder.graph,
            "genes": encoder.genes,
            "kinds": encoder.kinds,
            "net": encoder.net.model_dump(),
            "n_patients": encoder.n_patients,
            "told": told,
        }
        write_json(part / MANIFEST, words)


def save_pretrained(pretrained: Pretrained, folder: Path) -> None:
    """Write an encoder with what it told, epoch by epoch."""
    save_encoder(pretrained.encoder, folder, pretrained.told)


@takes_paths
def load_encoder(folder: Path) -> Encoder:
    """Read an encoder back.

    Raises:
        BundleError: missing, changed, broken or of another version.
    """
    refuse_links(folder, (MANIFEST, WEIGHTS))
    words = read_json(folder / MANIFEST, BundleError)
    if not isinstance(words, dict) or type(words.get("schema")) is not int:
        raise BundleError(f"{folder / MANIFEST} is no encoder of `pathgnn pretrain`")
    refuse_other_schema(folder, words["schema"], SCHEMA, "pretrain again")
    try:
        if sha256(folder / WEIGHTS) != words["sha256"]:
            raise BundleError(f"{folder / WEIGHTS} was changed or cut off since it was written")
        return Encoder(
            weights=load_file(folder / WEIGHTS),
            genes=tuple(map(str, words["genes"])),
            kinds=tuple(map(str, words["kinds"])),
            net=NetConfig.model_validate(words["net"]),
            graph=str(words["graph"]),
            n_patients=int(words["n_patients"]),
        )
    except (OSError, KeyError, TypeError, ValueError, OverflowError, SafetensorError) as error:
        raise BundleError(f"{folder} cannot be read as an encoder: {error}") from error
