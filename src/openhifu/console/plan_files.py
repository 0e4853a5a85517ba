"""Plans on disk: one JSON file that is signed and delivered, and beside it what was computed on the way.

``PLAN.json`` is the plan. ``PLAN.planned.h5`` and ``PLAN.window.h5`` hold the predicted fields and the window map; they
can be made again from the case, and are never trusted over the plan.
"""

from __future__ import annotations

from pathlib import Path

from openhifu.base.errors import FileProblem, Tampered
from openhifu.base.files import read_text, write_whole
from openhifu.console.planning import open_case, with_device
from openhifu.imaging.hdf5 import read_history, read_window, write_history, write_window
from openhifu.model.case_data import CaseData
from openhifu.model.plan import TreatmentPlan
from openhifu.planning.make import Planned


def beside(plan: Path, what: str) -> Path:
    """Path of a companion of a plan file."""
    return plan.with_name(f"{plan.name.removesuffix('.json')}.{what}.h5")


def save_planned(planned: Planned, path: Path) -> None:
    """Write a plan and its companions; the plan itself last, so that a plan file is always complete."""
    write_history(beside(path, "planned"), planned.history)
    write_window(beside(path, "window"), planned.window)
    write_whole(path, planned.plan.to_document().encode())


def load_plan(path: Path) -> TreatmentPlan:
    """Read a plan file.

    Raises:
        FileProblem: if there is none.
        Tampered: if it was edited after it was made.
    """
    return TreatmentPlan.from_document(read_text(path, "plan"), str(path))


def case_of(plan: TreatmentPlan, folder: Path | None) -> CaseData:
    """The case a plan was made for, from its folder.

    Raises:
        Tampered: if the case is not the one of the plan any more.
    """
    data = with_device(open_case(folder or Path(plan.case_folder)), plan.device)
    if data.case.content_hash != plan.provenance.case_hash:
        raise Tampered(
            f"case {data.folder} hashes to {data.case.content_hash[:12]}, the plan was made for "
            f"{plan.provenance.case_hash[:12]}: it was changed since; plan it again"
        )
    return data


def load_planned(path: Path, case_folder: Path | None = None) -> Planned:
    """Read a plan with its companions and its case.

    Raises:
        FileProblem: if a companion is missing.
        Tampered: if one belongs to another plan.
    """
    plan = load_plan(path)
    data = case_of(plan, case_folder)
    history_file, window_file = beside(path, "planned"), beside(path, "window")
    for file in (history_file, window_file):
        if not file.is_file():
            raise FileProblem(
                f"{file} is missing beside the plan; make the plan again with: openhifu plan {data.folder}"
            )
    history = read_history(history_file)
    if history.plan_hash != plan.content_hash:
        raise Tampered(f"{history_file} belongs to plan {history.plan_hash[:12]}, not to {path}; plan again")
    return Planned(plan, data, history, read_window(window_file))
