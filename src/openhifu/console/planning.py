"""A case folder, or the name of a bundled case, planned."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from openhifu.base.progress import Progress, silent
from openhifu.imaging import bundled_case, bundled_case_names, read_case
from openhifu.model.case_data import CaseData
from openhifu.model.catalogue import transducer
from openhifu.planning.make import Planned, make_plan


def open_case(case: Path) -> CaseData:
    """Read a case folder; a bare name that is no folder may be a bundled case."""
    if not case.exists() and str(case).removeprefix("cases/") in bundled_case_names():
        return read_case(bundled_case(str(case).removeprefix("cases/")))
    return read_case(case)


def with_device(data: CaseData, device: str) -> CaseData:
    """The same case for another device of the catalogue.

    Raises:
        UnknownName: with the nearest names.
    """
    name = transducer(device).name
    return replace(data, case=data.case.model_copy(update={"device": name}))


def plan_case(case: Path, device: str = "", progress: Progress = silent) -> Planned:
    """Read and plan a case, for another device than its own if one is named."""
    data = open_case(case)
    return make_plan(with_device(data, device) if device else data, progress)
