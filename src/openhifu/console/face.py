"""The face of the package: the verbs in Python, thin over the rooms."""

from __future__ import annotations

from pathlib import Path

from openhifu.acoustics.field import AcousticField
from openhifu.acoustics.problem import AcousticProblem, Recording
from openhifu.acoustics.solve import solve as solve_problem
from openhifu.base.errors import CannotModel
from openhifu.base.progress import Progress, silent
from openhifu.console.planning import open_case
from openhifu.console.rehearsal import DEFAULT_SEED
from openhifu.console.rehearsal import rehearse as run_plan
from openhifu.console.reports import report_of_run
from openhifu.console.runs import Run
from openhifu.model.case_data import CaseData
from openhifu.model.drive import Drive
from openhifu.model.medium import Medium
from openhifu.model.plan import Approval
from openhifu.planning.make import Planned, make_plan
from openhifu.thermal.heat import Heated
from openhifu.thermal.heat import heat as heat_tissue


def solve(
    drive: Drive, medium: Medium, method: str = "auto", pressure: bool = True, arrays: str | None = None
) -> AcousticField:
    """Continuous-wave field of a driven source in a medium.

    Args:
        drive: the source and its power; its frame (own, or the patient's by a pose) is the medium's.
        medium: tissues on a grid along the beam.
        method: ``"auto"`` chooses and says why; a name is obeyed or refused.
        pressure: whether to keep the complex pressure on the whole grid, besides heat rate and focal figures.
        arrays: ``"jax"`` runs the march with that library's arrays, on a graphics processor where it has one.

    Raises:
        CannotModel: if the method lacks the physics or does not run on the arrays, or their library is missing.
        GeometryError: if the grid does not follow the beam, or cuts it.
    """
    return solve_problem(AcousticProblem(drive, medium), Recording(pressure=pressure, heat=True), method, arrays)


def heat(field: AcousticField, medium: Medium, on: float, off: float) -> Heated:
    """Heat resting tissue at 37 degC with a field for ``on`` [s], then let it cool for ``off`` [s].

    Raises:
        CannotModel: if the field was solved without its heat rate.
    """
    if field.heat_rate is None:
        raise CannotModel("this field has no heat rate; solve it with heat recorded")
    return heat_tissue(field.heat_rate, medium, on, off)


def read_case(folder: str | Path) -> CaseData:
    """A case folder, or a bundled case by name (``cases/liver``), read and checked."""
    return open_case(Path(folder))


def plan(case: CaseData, progress: Progress = silent) -> Planned:
    """Plan a case; the plan is in ``.plan``, its expected fields in ``.history``."""
    return make_plan(case, progress)


def rehearse(planned: Planned, folder: str | Path, seed: int = DEFAULT_SEED, progress: Progress = silent) -> Run:
    """Run a plan on the simulated machine and a simulated patient drawn from ``seed``; the run folder must be new."""
    return run_plan(planned, Path(folder), seed, progress=progress)


def treat(
    planned: Planned, approval: Approval, folder: str | Path, seed: int = DEFAULT_SEED, progress: Progress = silent
) -> Run:
    """Deliver an approved plan on the simulated device."""
    return run_plan(planned, Path(folder), seed, approval, progress=progress)


def report(run: Run, out: str | Path) -> Path:
    """Write ``report.pdf`` and its figures into a folder; returns the path of the PDF."""
    return report_of_run(run, Path(out))
