"""Intervals by half-sampling."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from pathgnn.train import half_samples
from pathgnn.train.estimate import estimate
from pathgnn.train.fit import Recipe
from pathgnn.train.half_samples import half_sample_spread
from pathgnn.train.keep import load_fitted, save_fitted


def _asking(fitted, draws):
    fit = fitted.recipe.fit.model_copy(update={"half_samples": draws})
    recipe = Recipe(fitted.recipe.graph, fitted.recipe.estimand, fitted.recipe.net, fit)
    return replace(fitted, recipe=recipe)


@pytest.fixture(scope="module")
def spread(fitted, nodes):
    return half_sample_spread(_asking(fitted, 3), nodes)


def test_the_mean_of_half_a_fold_has_the_known_error(fitted, nodes, monkeypatch):
    # A learner that predicts the mean outcome of its training patients: the error of a mean of n
    # is sd / sqrt(n), and the halves of a finite n are exactly as far from it.
    asked = _asking(fitted, 60)
    value = nodes.value[torch.argsort(nodes.patient_of)].double().numpy()
    mean = np.array([value[fitted.fold != k].mean() for k in range(3)])[fitted.fold][:, None]
    whole = replace(asked, ladder={"network": mean}, stacks=())

    def learned(_fitted, _fold, _draw, half, test):
        return np.full((test.n_patients, 1), float(half.value.mean()))

    monkeypatch.setattr(half_samples, "_benefit", learned)
    got = half_sample_spread(whole, nodes)
    n = (fitted.fold != 0).sum()
    # Halves are balanced by arm and outcome class, which takes a part of the variance away.
    assert 0.35 * value.std() / n**0.5 < got.mean() < 1.1 * value.std() / n**0.5


def test_every_patient_has_an_error_above_zero(spread, fitted):
    assert spread.shape == fitted.benefit.shape
    assert (spread > 0).all()
    assert spread.mean() < 5 * fitted.benefit.std()


def test_the_interval_holds_what_half_sampling_says(spread, fitted, nodes):
    plain = estimate(fitted, nodes)
    wide = estimate(replace(fitted, spread=10 * spread), nodes)
    assert np.array_equal(plain.benefit, wide.benefit)
    if wide.differs:
        assert (wide.high - wide.low).mean() > (plain.high - plain.low).mean()


def test_the_errors_are_kept_with_the_fit(spread, fitted, nodes, tmp_path):
    whole = replace(fitted, spread=spread)
    save_fitted(whole, nodes, (estimate(whole, nodes),), tmp_path / "fit")
    assert np.array_equal(load_fitted(tmp_path / "fit").spread, spread)
