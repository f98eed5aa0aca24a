"""Truth: what a simulated cohort was made from."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True, eq=False)
class Truth:
    """The benefit of every patient, exact on the estimand's scale, and what it came from.

    Attributes:
        tau: Difference in mean, in the probability of the good outcome, or in months lived up to
            the horizon, given everything about a patient but chance; each arm against the first.
        score: The same before the outcome's link: what is added to the mean, to the log odds, or
            taken from the log hazard.
        propensity: Probability of each arm, for this patient.
        confounder: What moved arm and outcome and was measured nowhere; 0 where there is none.
        patients: Ids, in the order of the rows above.
        arms: The first is the reference.
        genes: All genes that an answer could name.
        cascade: Genes that decide the benefit, from receptor to effector.
        direction: +1 where more activity means more benefit, else -1; one per gene of the cascade.
        parts: The genes of the cascade that decide each contrast.
        prognostic: Genes that decide the outcome under every arm.
        edges: Edges of the graph within the cascade.
        pathway: Where the cascade lies.
        prognostic_pathway: Where the prognostic genes outside the cascade lie.
        estimand: What tau counts.
    """

    tau: Float[np.ndarray, "patient contrast"]
    score: Float[np.ndarray, "patient contrast"]
    propensity: Float[np.ndarray, "patient arm"]
    confounder: Float[np.ndarray, " patient"]
    patients: tuple[str, ...] = field(repr=False)
    arms: tuple[str, ...]
    genes: tuple[str, ...]
    cascade: tuple[str, ...]
    direction: tuple[int, ...]
    parts: tuple[tuple[str, ...], ...]
    prognostic: tuple[str, ...]
    edges: tuple[tuple[str, str], ...] = ()
    pathway: str = ""
    prognostic_pathway: str = ""
    estimand: str = ""

    @property
    def benefit(self) -> Float[np.ndarray, " patient"]:
        """tau of the first contrast."""
        return np.asarray(self.tau[:, 0])
