"""Tables of what the predictions are worth: policies, and the outcome predicted apart."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pathgnn.benefit.policy import PolicyValues, choose, policy_values
from pathgnn.export.results import Results
from pathgnn.train.prognosis import prognostic_scores

POLICY_COLUMNS = (
    "arm",
    "share_treated",
    "value",
    "value_se",
    "per_treated",
    "against",
    "gain",
    "low",
    "high",
)
ANY_ARM = "the best for each"


def policy(results: Results) -> pd.DataFrame:
    """Value of treating whom the prediction says, one row per alternative.

    Of several arms there is also the policy that gives each patient the arm of highest benefit.
    """
    rows = [row for b in results.benefits for row in _rows(b.arm, b.policy)]
    if len(results.benefits) > 1:
        benefit = np.stack([b.elsewhere for b in results.benefits], 1)
        scores, fold, arms = results.fitted.scores, results.fitted.fold, results.nodes.arms
        value = policy_values(choose(benefit), scores.gamma, arms, fold, scores.group)
        rows += _rows(ANY_ARM, value)
    return pd.DataFrame(rows, columns=list(POLICY_COLUMNS))


def prognosis(results: Results) -> pd.DataFrame:
    """How well the outcome itself is predicted, per arm; this is no benefit."""
    scores = prognostic_scores(results.fitted, results.nodes)
    return pd.DataFrame([{"arm": s.arm, **s.score._asdict()} for s in scores])


def _rows(arm: str, value: PolicyValues) -> list[tuple[object, ...]]:
    shared = (arm, value.share, value.value.value, value.value.se, value.per_treated.value)
    return [(*shared, g.against, g.gain.value, g.gain.low, g.gain.high) for g in value.gains]
