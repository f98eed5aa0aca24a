"""Settings for the size of a cohort, where the user has not chosen: and the words that say so."""

from __future__ import annotations

from typing import Any, NamedTuple

from pathgnn.model.config import FitConfig, NetConfig

# Below, five folds leave fewer than twelve patients each.
SMALL = 60
# From here on one network per fold is as good as several: what differs between seeds gets small.
LARGE = 5_000
# From here on L-BFGS on all patients at once takes longer than mini-batches.
HUGE = 20_000
BATCH = 512


class Sized(NamedTuple):
    """Settings in force, and sentences on what was chosen for the cohort's size."""

    net: NetConfig
    fit: FitConfig
    said: tuple[str, ...]


def sized(net: NetConfig, fit: FitConfig, n_patients: int) -> Sized:
    """Fill in what the user left open; what is set in the study stays as it is.

    Args:
        net: As the user gave it.
        fit: As the user gave it.
        n_patients: Patients of the cohort, from 36 up.
    """
    for_fit: dict[str, tuple[Any, str]] = {}
    for_net: dict[str, tuple[Any, str]] = {}
    if n_patients < SMALL:
        for_fit["folds"] = (3, "3 folds")
    if n_patients >= LARGE:
        for_fit["members"] = (1, "one network per fold")
        for_net["channels"] = (8, "8 features per gene")
    if n_patients >= HUGE:
        for_fit["batch"] = (BATCH, f"mini-batches of {BATCH}")
        for_fit["steps"] = (2, "two passes per round")
    new_fit = {k: v for k, (v, _) in for_fit.items() if k not in fit.model_fields_set}
    new_net = {k: v for k, (v, _) in for_net.items() if k not in net.model_fields_set}
    chosen = [word for k, (_, word) in for_fit.items() if k in new_fit]
    chosen += [word for k, (_, word) in for_net.items() if k in new_net]
    said = (f"chosen for {n_patients:,} patients: {', '.join(chosen)}",) if chosen else ()
    return Sized(net.model_copy(update=new_net), fit.model_copy(update=new_fit), said)
