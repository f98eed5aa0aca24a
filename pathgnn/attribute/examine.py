"""Every cheap test of an explanation: faithful, sane, and are its cascades more than chance?"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float

from pathgnn.attribute.attribution import Attribution
from pathgnn.attribute.cascade_nulls import Drawn, Needed, drawn_by_chance, needed
from pathgnn.attribute.explain import Explanation
from pathgnn.attribute.faithfulness import Faithfulness, faithfulness
from pathgnn.attribute.outcome_null import OutcomeNull, outcome_null, outcome_null_tables
from pathgnn.attribute.pathway_value import PathwayShapley, pathway_occlusion, pathway_shapley
from pathgnn.attribute.reference import Compared
from pathgnn.attribute.sanity import MOST_ALIKE, Sanity, sanity
from pathgnn.attribute.stability import TOP_GENES, jaccard_at, nogueira, rank_biased_overlap
from pathgnn.benefit.verdict import Finding

DRAWS = 39
P = 0.05
# Share of outcomes that can be permuted, below which it is said.
LEAST_MOVABLE = 0.5
# Area of insertion and deletion in sd, and Nogueira's index, below which a warning is due; Nogueira
# et al. call less than .4 poor.
FEWEST_SD, LEAST_ALIKE = 0.1, 0.4


class Stability(NamedTuple):
    """How far the networks of folds and seeds name the same genes; 1: the same."""

    nogueira: float
    jaccard: float
    rank_biased_overlap: float


class Examination(NamedTuple):
    """What an explanation is worth; `drawn` is None where no cascade can be drawn at all.

    `occluded` is what each patient's benefit loses without a pathway, `shapley` each pathway's
    fair share of it (None: not asked for). `outcome_null` compares importance with what it is
    where outcomes are permuted and only the readout is fitted anew.
    """

    faithfulness: Faithfulness
    sanity: tuple[Sanity, ...]
    stability: Stability
    needed: tuple[Needed, ...]
    drawn: Drawn | None
    outcome_null: OutcomeNull
    findings: tuple[Finding, ...]
    occluded: Float[np.ndarray, "patient pathway"]
    shapley: PathwayShapley | None


def examine(
    who: Compared, explanation: Explanation, draws: int = DRAWS, orders: int = 0
) -> Examination:
    """Faithfulness, shuffled weights, stability, and the nulls that need no training.

    Args:
        who: The cohort and how it was explained.
        explanation: What is examined.
        draws: Random walks per cascade, and permutations of the scores.
        orders: Random orders of the pathways behind their Shapley values; 0: none.

    Raises:
        CohortError: not the cohort that the networks were fitted on, or in another order.
    """
    who.fitted.refuse_others(who.nodes)
    attribution = explanation.attribution
    scores = attribution.member.double().numpy()[:, attribution.measured]
    found = Examination(
        faithfulness=faithfulness(who, attribution),
        sanity=sanity(who),
        stability=Stability(
            nogueira(scores, TOP_GENES),
            jaccard_at(scores, TOP_GENES),
            rank_biased_overlap(scores),
        ),
        needed=needed(who, explanation.cascades, draws),
        drawn=drawn_by_chance(who, attribution, draws),
        outcome_null=outcome_null(who, who.config.permutations),
        findings=(),
        occluded=pathway_occlusion(who),
        shapley=pathway_shapley(who, orders) if orders else None,
    )
    return found._replace(findings=tuple(_findings(found)))


def pathway_table(found: Examination, attribution: Attribution) -> pd.DataFrame:
    """Pathways by three accounts, mean absolute over patients, the most needed first."""
    accounts = {"occlusion": found.occluded, "share": attribution.pathway.double().numpy()}
    if found.shapley is not None:
        accounts["shapley"] = found.shapley.score
    table = pd.DataFrame({name: np.abs(x).mean(0) for name, x in accounts.items()})
    if found.shapley is not None:
        table["shapley_error"] = np.sqrt((found.shapley.error**2).mean(0))
    table.insert(0, "pathway", list(attribution.pathways))
    order = ["occlusion", "pathway"]
    return table.sort_values(order, ascending=[False, True], ignore_index=True)


def examination_tables(found: Examination) -> dict[str, pd.DataFrame]:
    """Every part as a table."""
    drawn = [] if found.drawn is None else [found.drawn]
    return {
        "faithfulness": pd.DataFrame([found.faithfulness]),
        "sanity": pd.DataFrame([{**s._asdict(), "passed": s.passed} for s in found.sanity]),
        "stability": pd.DataFrame([found.stability]),
        "cascades_needed": pd.DataFrame(found.needed, columns=list(Needed._fields)),
        "cascade_by_chance": pd.DataFrame(drawn, columns=list(Drawn._fields)),
        **outcome_null_tables(found.outcome_null),
        "findings": pd.DataFrame(found.findings),
    }


def _findings(found: Examination) -> list[Finding]:
    faithful, stable = found.faithfulness, found.stability
    area = faithful.insertion + faithful.deletion
    said = f"Putting genes in and taking them out in this order gives an area of {area:.2g} sd "
    said += "(0: an order that says nothing)"
    faithful_enough = area > FEWEST_SD
    out = [Finding("ok" if faithful_enough else "warning", "faithfulness", area, said + ".")]
    worst = max(found.sanity, key=lambda s: s.rank_correlation)
    said = f"With shuffled weights genes are ranked with correlation {worst.rank_correlation:.2f}"
    said += (
        ", so the attribution depends on what was learned."
        if worst.passed
        else (
            f" (above {MOST_ALIKE}): the attribution tells of the inputs, not of what was learned."
        )
    )
    out.append(Finding("ok" if worst.passed else "warning", "sanity", worst.rank_correlation, said))
    said = f"The networks agree on their {TOP_GENES} best genes with {stable.nogueira:.2f} "
    said += "(Nogueira; 0: chance, 1: the same)."
    alike = stable.nogueira >= LEAST_ALIKE
    out.append(Finding("ok" if alike else "warning", "stability", stable.nogueira, said))
    for one in found.needed:
        out.append(_needed_finding(one))
    if found.drawn is not None:
        p = found.drawn.p
        said = "A cascade as good comes out of scores dealt anew among genes of like degree with p "
        said += f"{p:.2g}."
        out.append(Finding("ok" if p <= P else "warning", "cascade by chance", p, said))
    out.append(_outcome_null_finding(found.outcome_null))
    return out


def _outcome_null_finding(found: OutcomeNull) -> Finding:
    n, n_all = int((found.pathway.q < P).sum()), int(np.isfinite(found.pathway.q).sum())
    said = f"{n} of {n_all} pathways are more important to the benefit than permuted outcomes make "
    said += f"them (q below {P}), {int((found.prognostic.q < P).sum())} to the outcome itself."
    if n_all and n_all * found.least_p >= P:
        said += f" One alone could not be: that takes {math.ceil(n_all / P)} permutations or more "
        said += "(`explain.permutations`)."
    if found.movable < LEAST_MOVABLE:
        said += f" Only {found.movable:.0%} of the outcomes could be permuted: groups of patients "
        said += "move as one, and few are alike."
    return Finding("ok" if n else "note", "outcome null", n, said)


def _needed_finding(one: Needed) -> Finding:
    said = f"Without cascade {one.cascade} the benefit changes by {one.necessity:.2g} sd"
    if not np.isfinite(one.of_walks):
        said += "; the graph has no other walk of its size to compare with."
        return Finding("note", "cascade needed", one.necessity, said)
    said += f", without a random walk of its size by {one.of_walks:.2g} (p {one.p:.2g})."
    return Finding("ok" if one.p <= P else "warning", "cascade needed", one.p, said)
