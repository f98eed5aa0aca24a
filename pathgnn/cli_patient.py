"""What `pathgnn explain --patient` says: the cascades of single patients."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pathgnn.cli_say import print_table, say

if TYPE_CHECKING:
    from pathgnn.export.results import Results
    from pathgnn.run_folder import Input

SHOWN = ("order", "gene", "role", "parent", "sign", "adds", "frequency", "drugs")
PATIENTS = "patients"
CAUTION = (
    "One patient has no p: a cascade of a single patient is a question for an experiment, no "
    "finding. `adds` is what a gene adds to this patient's predicted benefit over the reference "
    "({unit})."
)


def places(given: Input, names: tuple[str, ...], ids: bool) -> tuple[int, ...]:
    """Places of the patients named, by pseudonym or by their own ids."""
    from pathgnn.cohort.pseudonym import pseudonyms
    from pathgnn.export.to_patient_cascades import places_of

    own = given.nodes.patients
    return places_of(names, own if ids else pseudonyms(len(own)))


def show_patients(
    results: Results, given: Input, patients: tuple[int, ...], ids: bool, out: Path
) -> None:
    """Print each patient's cascades and write them to one table."""
    from pathgnn.export.dictionary import write_dictionary
    from pathgnn.export.to_patient_cascades import patient_cascades
    from pathgnn.files import write_csv
    from pathgnn.lock import locked

    whole = patient_cascades(results, given.study.explain, patients, ids)
    for patient, table in whole.groupby("patient", sort=False):
        if table["gene"].isna().all():
            say(f"{patient}: no stable cascade")
            continue
        for number, cascade in table.groupby("cascade"):
            pathway = cascade["pathway"].iloc[0] or "no named pathway"
            print_table(cascade[list(SHOWN)], f"{patient}, cascade {number}: {pathway}")
    say(CAUTION.format(unit=results.benefit.estimand.unit))
    with locked(out):
        write_csv(out / PATIENTS / "patient_cascades.csv", whole)
        write_dictionary({"patient_cascades": whole}, results.benefit.estimand.unit, out / PATIENTS)
    say(f"Table: {out / PATIENTS / 'patient_cascades.csv'}")
