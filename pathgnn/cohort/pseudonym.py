"""What patients are called where no id may stand."""

from __future__ import annotations


def pseudonym(patient: int) -> str:
    """The name of the patient at this place in the cohort, from 0."""
    return f"P{patient + 1:05d}"


def pseudonyms(n: int) -> tuple[str, ...]:
    """Names for all n patients of a cohort, in its order."""
    return tuple(map(pseudonym, range(n)))
