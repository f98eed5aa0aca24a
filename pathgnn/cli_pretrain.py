"""The command `pathgnn pretrain`: an encoder from the omics of one study or several."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pathgnn.bar import progress_bar
from pathgnn.cli_say import errors, say


def pretrain(
    studies: Annotated[list[Path], typer.Argument(help="study files on the same graph")],
    out: Annotated[Path, typer.Option(help="folder of the encoder")] = Path("encoder"),
    epochs: Annotated[int, typer.Option(help="passes over the patients, at most", min=1)] = 60,
    seed: Annotated[int, typer.Option(help="decides everything random", min=0)] = 0,
) -> None:
    """Learn from omics alone, labelled or not, what genes say of each other; see `fit --from`."""
    with errors():
        from pathgnn.files import refuse_others
        from pathgnn.model.config import PretrainConfig
        from pathgnn.run import everyone_of
        from pathgnn.study import read_study
        from pathgnn.train.encoder_file import MANIFEST, save_pretrained
        from pathgnn.train.pretrain import pretrain as learn

        refuse_others(out, MANIFEST)
        read = [everyone_of(read_study(path), path.parent) for path in studies]
        first = read_study(studies[0])
        with progress_bar(epochs) as step:
            done = learn(
                [nodes for nodes, _ in read],
                read[0][1],
                first.net,
                PretrainConfig(epochs=epochs),
                seed,
                step,
            )
        save_pretrained(done, out)
        say(
            f"{done.encoder.n_patients} patients, {len(done.told)} epochs: "
            f"{max(done.told):.1%} of what was hidden in unseen patients is told from the rest."
        )
        say(f"Wrote {out}; start from it with: pathgnn run STUDY --from {out}")
