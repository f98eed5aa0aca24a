"""The checks of shapes are on in every test, for the first calls of each function."""

from __future__ import annotations

import jaxtyping
import pytest
import torch
from shape_check import CHECKED_CALLS

from pathgnn.model.conv_signed import bent

FEATURES = torch.zeros(2, 3, 4)
BEND = torch.nn.Linear(4, 4, bias=False)


@pytest.mark.parametrize("again", [1, 2])
def test_a_wrong_shape_is_refused_in_every_test(again):
    with pytest.raises(jaxtyping.TypeCheckError):
        bent(BEND, FEATURES[0])
    for _ in range(CHECKED_CALLS):
        bent(BEND, FEATURES)
    assert bent(BEND, FEATURES[0]).shape == (3, 4)


def test_functions_keep_names_and_signatures():
    assert (bent.__name__, bent.__module__) == ("bent", "pathgnn.model.conv_signed")
