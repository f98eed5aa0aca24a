"""Tables of what the predictions are worth: policies, and the outcome predicted apart."""

from __future__ import annotations

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from pathgnn.benefit.policy import PolicyValues, choose, policy_values
from pathgnn.export.results import Results
from pathgnn.train.nuisance import Nuisances
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
# Patients that tell of the best arm for each.
FEWEST = 20


def policy(results: Results) -> pd.DataFrame:
    """Value of treating whom the prediction says, one row per alternative.

    Of several arms there is also the policy that gives each patient the arm of highest benefit. In
    a crossover it is judged by those who were observed in every arm: what is expected of the
    others in an arm that they never had is what chose it, too, and no evidence.
    """
    rows = [row for b in results.benefits for row in _rows(b.arm, b.policy)]
    if len(results.benefits) > 1:
        benefit, fitted = np.stack([b.elsewhere for b in results.benefits], 1), results.fitted
        found = any_arm(benefit, fitted.scores, fitted.fold, results.nodes.arms)
        rows += _rows(ANY_ARM, found) if found else []
    return pd.DataFrame(rows, columns=list(POLICY_COLUMNS))


def any_arm(
    benefit: Float[np.ndarray, "patient contrast"],
    scores: Nuisances,
    fold: Int[np.ndarray, " patient"],
    arms: tuple[str, ...],
) -> PolicyValues | None:
    """Value of giving each patient the arm of highest benefit; None: too few tell of every arm."""
    on = scores.informs.all(1)
    if on.sum() < FEWEST or len(np.unique(fold[on])) < 2:
        return None
    return policy_values(choose(benefit[on]), scores.gamma[on], arms, fold[on], scores.group[on])


def prognosis(results: Results) -> pd.DataFrame:
    """How well the outcome itself is predicted, per arm; this is no benefit."""
    scores = prognostic_scores(results.fitted, results.nodes)
    return pd.DataFrame([{"arm": s.arm, **s.score._asdict()} for s in scores])


def _rows(arm: str, value: PolicyValues) -> list[tuple[object, ...]]:
    shared = (arm, value.share, value.value.value, value.value.se, value.per_treated.value)
    return [(*shared, g.against, g.gain.value, g.gain.low, g.gain.high) for g in value.gains]
