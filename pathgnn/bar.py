"""A progress bar for everything that takes `progress`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress_bar(total: int | None = None, silent: bool = False) -> Iterator[Callable[[str], None]]:
    """A bar for the `progress` of `fit`, `run` and others: a widget in Jupyter, else on stderr.

    `with pg.progress_bar() as step: fitted = pg.fit(nodes, recipe, 0, progress=step)`

    Args:
        total: How many steps there are, `n_steps` for `fit`; None: they are counted.
        silent: Count and show nothing.
    """
    from tqdm.auto import tqdm

    with tqdm(total=total, disable=silent) as bar:

        def step(label: str) -> None:
            bar.set_description(label, refresh=False)
            bar.update()

        yield step
