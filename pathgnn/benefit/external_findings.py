"""Findings of an external validation: does a saved model's ranking hold in other patients?"""

from __future__ import annotations

from collections.abc import Sequence

from pathgnn.benefit.metrics import Estimate
from pathgnn.benefit.verdict import ALPHA, Finding

MOST_SHIFT, MOST_FAR, LEAST_MEASURED = 0.5, 0.01, 0.8


def own_finding() -> Finding:
    """The model is to be judged by the very outcomes that it learned from, no more and no fewer."""
    said = (
        "The model learned from these very outcomes, so that nothing here shows how it does in "
        "other patients; what the fit itself reports is cross-fitted. Name another cohort."
    )
    return Finding("refused", "external", 1.0, said)


def ranking_finding(autoc: Estimate, p: float) -> Finding:
    """Does the saved ranking find those who benefit more? Valid for patients it never saw."""
    said = f"AUTOC {autoc.value:.3f} ({autoc.low:.3f} to {autoc.high:.3f}), p = {p:.3g}, in "
    said += "these patients; valid where none of them trained the model"
    if p < ALPHA and autoc.value > 0:
        return Finding("ok", "external ranking", p, f"The ranking holds: {said}.")
    if p < ALPHA:
        return Finding("warning", "external ranking", p, f"The ranking is turned round: {said}.")
    return Finding("warning", "external ranking", p, f"Not shown that the ranking holds: {said}.")


def level_finding(difference: Estimate) -> Finding:
    """Is the average predicted benefit that of the new patients (calibration in the large)?"""
    said = f"predicted minus observed {difference.value:.3g} "
    said += f"({difference.low:.3g} to {difference.high:.3g})"
    if difference.low <= 0 <= difference.high:
        return Finding(
            "ok", "external level", difference.value, f"No other average effect is shown: {said}."
        )
    said = f"The average effect is another here: {said}. Read the recalibrated benefit."
    return Finding("warning", "external level", difference.value, said)


def spread_finding(slope: Estimate, differs: bool) -> Finding:
    """Are differences between patients as large as predicted (calibration slope)?

    Args:
        slope: Of the observed benefit on the predicted.
        differs: Whether the model predicts differences at all.
    """
    if not differs:
        said = (
            f"The model predicts the average for all; its ranking alone has slope {slope.value:.2f}"
        )
        said += f" ({slope.low:.2f} to {slope.high:.2f}) here."
        return Finding("note", "external slope", slope.value, said)
    said = f"slope {slope.value:.2f} ({slope.low:.2f} to {slope.high:.2f}; 1 is right)"
    if slope.low > 1 or slope.high < 1:
        said = f"Differences between patients are not as predicted: {said}. Read the recalibrated."
        return Finding("warning", "external slope", slope.value, said)
    if slope.low <= 0:
        said = f"Too uncertain to tell whether differences are as predicted: {said}."
        return Finding("note", "external slope", slope.value, said)
    return Finding("ok", "external slope", slope.value, f"Differences are as predicted: {said}.")


def lacking_findings(
    omics: Sequence[str], covariates: Sequence[str], arms: Sequence[str]
) -> tuple[Finding, ...]:
    """Inputs and arms of the model that the new cohort lacks."""
    out = []
    if omics:
        said = f"The model learned from {', '.join(omics)}, which the cohort lacks: unseen for all."
        out.append(Finding("warning", "missing", float(len(omics)), said))
    if covariates:
        said = f"Covariates that the cohort lacks: {', '.join(covariates)}."
        out.append(Finding("note", "missing", float(len(covariates)), said))
    if arms:
        said = f"Arms of the model without a patient here: {', '.join(arms)}."
        out.append(Finding("note", "missing", float(len(arms)), said))
    return tuple(out)


def unknown_finding(omic: str, n_genes: int) -> tuple[Finding, ...]:
    """Genes measured in the new patients that training had nothing to learn of."""
    if not n_genes:
        return ()
    genes = "1 gene" if n_genes == 1 else f"{n_genes:,} genes"
    said = f"Omic '{omic}': {genes} left out, of which nothing was learned in training (not "
    said += "measured there, or varying too little)."
    return (Finding("note", "missing", float(n_genes), said),)


def level_unknown_finding(
    column: str, indicators: Sequence[str], n_patients: int
) -> tuple[Finding, ...]:
    """Patients with a level of a covariate that the model does not know."""
    if not n_patients:
        return ()
    levels = ", ".join(name.partition("=")[2] for name in indicators)
    said = f"Covariate '{column}': {n_patients} patients have none of the levels that the model "
    said += f"knows ({levels}), and count as unknown. Are they written in another way?"
    return (Finding("warning", "missing", float(n_patients), said),)


def moved_finding(covariates: Sequence[str]) -> tuple[Finding, ...]:
    """Covariates whose mean is more than five training SD away."""
    if not covariates:
        return ()
    said = f"Covariates far from those that the model learned: {', '.join(covariates)}; are they "
    return (Finding("warning", "shift", float(len(covariates)), said + "in another unit?"),)


def shift_finding(omic: str, measured: float, shift: float, far: float) -> Finding:
    """Is an omic measured on the scale that the model learned?

    Args:
        omic: Its name.
        measured: Share of the model's genes of it that some new patient has.
        shift: Mean over genes of the distance of the new mean to the training mean, in training SD.
        far: Share of values more than five training SD away.
    """
    said = f"Omic '{omic}': {measured:.0%} of the model's genes measured, genes' means "
    said += f"{shift:.2f} training SD away on average, {far:.1%} of the values beyond 5 SD"
    if shift > MOST_SHIFT or far > MOST_FAR:
        said += ": another scale or platform? Put both cohorts on one scale before reading on."
        return Finding("warning", "shift", shift, said)
    if measured < LEAST_MEASURED:
        return Finding("note", "shift", measured, said + ".")
    return Finding("ok", "shift", shift, said + ".")
