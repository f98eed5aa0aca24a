"""Records that contradict each other: sex against genes, one arm column against another."""

from __future__ import annotations

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from pathgnn.benefit.verdict import Finding
from pathgnn.cohort.cohort import Cohort, Outcome

FEMALE_GENE = "XIST"
MALE_GENES = ("RPS4Y1", "DDX3Y", "KDM5D", "EIF1AY", "UTY", "ZFY")
FEWEST_OF_A_SEX = 5
# The two sexes must be this many robust spreads apart, or the gene cannot tell.
APART = 4.0
# A patient is on the wrong side only beyond a quarter of the way to the other sex's median.
CLEAR = 0.75
FEW = 0.02


def sex_scores(table: pd.DataFrame) -> dict[str, pd.Series]:
    """What the genes of X and Y say, by gene set; higher is more male. Empty without them."""
    out: dict[str, pd.Series] = {}
    symbols = {str(c).upper(): c for c in table.columns}
    if FEMALE_GENE in symbols:
        out[FEMALE_GENE] = -table[symbols[FEMALE_GENE]].astype(float)
    male = [symbols[g] for g in MALE_GENES if g in symbols]
    if male:
        part = table[male].astype(float)
        spread = part.std().replace(0, np.nan)
        out["the genes of Y"] = ((part - part.mean()) / spread).mean(axis=1)
    return {name: score.dropna() for name, score in out.items() if score.notna().any()}


def recorded_sex(cohort: Cohort) -> pd.Series | None:
    """True for male, False for female, missing where not recorded; None without a column.

    From `sex` in [cohort.beside], else from covariates called sex, gender or is_female. Of codes
    such as 0 and 1 nobody says which is which: None.
    """
    if "sex" in cohort.beside:
        said = cohort.beside["sex"].map(_is_male, na_action="ignore")
        return said if said.notna().any() else None
    said = pd.Series(np.nan, index=cohort.clinical.index, dtype=object)
    for column in cohort.clinical.columns:
        name, _, level = str(column).lower().partition("=")
        flag = cohort.clinical[column]
        is_level = name in ("sex", "gender")
        value = _is_male(level if is_level else name.split("_")[-1])
        named = is_level or name in ("male", "female", "is_male", "is_female")
        if named and value is not None and flag.dropna().isin((0, 1)).all():
            # Without this level a patient may have any other, unknown among them.
            other = np.nan if is_level else not value
            said = said.fillna(flag.map({1.0: value, 0.0: other}).astype(object))
    return said if said.notna().any() else None


def sex_finding(
    is_male: pd.Series, scores: dict[str, pd.Series], patients: tuple[str, ...]
) -> tuple[Finding, ...]:
    """Patients whose genes clearly say the other sex than the record; silent where none can tell.

    A tumour may lose its Y or silence XIST, so every gene set that can tell must disagree.
    """
    male = is_male.reindex(list(patients))
    wrong, known = np.ones(len(patients), dtype=bool), np.zeros(len(patients), dtype=bool)
    n_sets = 0
    for score in scores.values():
        value = score.reindex(list(patients)).to_numpy(dtype=float)
        voted = _votes(value, male.isin([True]).to_numpy(), male.isin([False]).to_numpy())
        if voted is None:
            continue
        n_sets += 1
        wrong &= np.where(np.isnan(value), True, voted)
        known |= ~np.isnan(value) & male.notna().to_numpy()
    if not n_sets or not known.any():
        return ()
    n_wrong, n_known = int((wrong & known).sum()), int(known.sum())
    said = f"Recorded sex against {' and '.join(scores)}: {n_wrong} of {n_known} patients differ"
    if n_wrong > max(1, FEW * n_known):
        said += ". Samples may have been swapped, or rows shifted: compare the ids of this omic "
        said += "with those of the clinical table before anything else."
        return (Finding("warning", "sex", float(n_wrong), said),)
    return (Finding("note" if n_wrong else "ok", "sex", float(n_wrong), f"{said}."),)


def arm_finding(recorded: pd.Series, outcome: Outcome) -> tuple[Finding, ...]:
    """Does a second record of the treatment agree with the first?

    The records may use other words: each word stands for the arm that it goes with most often.
    """
    arm = pd.Series([outcome.arms[a] for a in outcome.arm], index=list(outcome.patient))
    second = recorded.reindex(arm.index)
    both = pd.DataFrame({"arm": arm.to_numpy(), "second": second.to_numpy()}).dropna()
    if both.empty:
        return ()
    same_words = both["second"].isin(outcome.arms).all()
    usual = both.groupby("second")["arm"].agg(lambda x: x.mode().iloc[0])
    agrees = both["arm"] == (both["second"] if same_words else both["second"].map(usual))
    n_wrong = int((~agrees).sum())
    if not n_wrong:
        said = f"Both records of the treatment agree in {len(both)} rows."
        return (Finding("ok", "arm", 0.0, said),)
    said = f"The two records of the treatment differ in {n_wrong} of {len(both)} rows: find out "
    said += "which one is what was given, correct it, or leave those patients out."
    return (Finding("warning", "arm", float(n_wrong), said),)


def _votes(
    value: Float[np.ndarray, " patient"],
    male: Bool[np.ndarray, " patient"],
    female: Bool[np.ndarray, " patient"],
) -> Bool[np.ndarray, " patient"] | None:
    """Who is clearly on the other sex's side; None if this score does not tell the sexes apart."""
    known = ~np.isnan(value)
    men, women = value[known & male], value[known & female]
    if min(len(men), len(women)) < FEWEST_OF_A_SEX:
        return None
    high, low = float(np.median(men)), float(np.median(women))
    spread = max(_mad(men), _mad(women))
    if high - low < APART * spread:
        return None
    way = (np.nan_to_num(value) - low) / (high - low)
    return np.asarray((male & (way < 1 - CLEAR)) | (female & (way > CLEAR)))


def _mad(x: Float[np.ndarray, " patient"]) -> float:
    return float(1.4826 * np.median(np.abs(x - np.median(x))))


def _is_male(text: str) -> bool | None:
    word = str(text).strip().lower()
    if word in ("m", "male", "man", "men", "boy"):
        return True
    return False if word in ("f", "w", "female", "woman", "women", "girl") else None
