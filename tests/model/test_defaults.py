"""Settings by the size of a cohort: only what the user left open, and it is said."""

from __future__ import annotations

import pytest

from pathgnn.model.config import FitConfig, NetConfig
from pathgnn.model.defaults import BATCH, sized


@pytest.mark.parametrize(
    ("n", "folds", "members", "batch"),
    [(40, 3, 2, 0), (60, 5, 2, 0), (600, 5, 2, 0), (8_000, 5, 1, 0), (50_000, 5, 1, BATCH)],
)
def test_what_is_chosen_for_so_many_patients(n, folds, members, batch):
    chosen = sized(NetConfig(), FitConfig(), n)
    assert (chosen.fit.folds, chosen.fit.members, chosen.fit.batch) == (folds, members, batch)
    assert bool(chosen.said) == (chosen.fit != FitConfig())


def test_what_the_user_set_stays():
    chosen = sized(NetConfig(channels=4), FitConfig(members=2, batch=0), 50_000)
    assert (chosen.net.channels, chosen.fit.members, chosen.fit.batch) == (4, 2, 0)
    assert "network per fold" not in chosen.said[0]
