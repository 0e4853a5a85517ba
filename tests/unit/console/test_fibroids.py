"""The cohort of fibroids: what is kept, what Ctrl-C leaves, and how energy per volume is held against the published."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from openhifu.base.errors import Infeasible, Tampered
from openhifu.base.progress import Progress
from openhifu.console import fibroids as cohort
from openhifu.console.cli import app
from openhifu.imaging.pelvis import GRADES, Pelvis
from openhifu.model.fibroids import FibroidOutcome, eef_ratio
from openhifu.planning.fields import SolveSpots
from openhifu.reporting.cohort import FIBROIDS_2021
from openhifu.reporting.figures.fibroids import fibroids as drawn
from openhifu.reporting.figures.style import png
from openhifu.reporting.words import english

PELVES = [Pelvis(diameter=d, grade=g) for d in (30e-3, 90e-3) for g in ("none", "high")]


def outcome(pelvis: Pelvis, eef: float = 4.0) -> FibroidOutcome:
    """A treatment of 100 mL with so many J/mm3."""
    return FibroidOutcome(
        diameter=pelvis.diameter, grade=pelvis.grade, device="jc200-like", seed=1, voxel=1e-3, exposures=20,
        planned_ratio=0.95, ratio=0.9, ablated=1e-4, energy=1e5 * eef, beam_on=400, time=3600,
    )  # fmt: skip


def plans_nothing(pelvis: Pelvis, place: Path, device: str, solve: SolveSpots, progress: Progress) -> None:
    """In the place of planning: counts by leaving a file, refuses the highly perfused, is stopped at 9 cm."""
    (place / "looked").parent.mkdir(parents=True, exist_ok=True)
    (place / "looked").write_text("x")
    if pelvis.diameter > 50e-3:
        raise KeyboardInterrupt
    raise Infeasible("no pose reaches it")


def test_what_is_finished_is_kept_and_not_done_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cohort, "_planned", plans_nothing)
    found = cohort.fibroids(PELVES, tmp_path, "jc200-like", None)
    assert [o.diameter for o in found] == [30e-3, 30e-3]
    assert all("no pose" in o.refused for o in found)
    for place in tmp_path.iterdir():
        (place / "looked").unlink()
    again = cohort.fibroids(PELVES, tmp_path, "jc200-like", None)
    assert again == found
    assert [p.name for p in sorted(tmp_path.iterdir()) if (p / "looked").exists()] == ["090mm-none"]
    with pytest.raises(Tampered, match="the patient in the middle"):
        cohort.fibroids(PELVES, tmp_path, "jc200-like", 2)


def test_stopped_before_anything_is_finished_it_is_stopped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cohort, "_planned", plans_nothing)
    with pytest.raises(KeyboardInterrupt):
        cohort.fibroids(PELVES[2:], tmp_path, "jc200-like", 1)


def test_ratios_are_of_medians_within_one_grade() -> None:
    found = [outcome(p, eef) for p, eef in zip(PELVES, (9.0, 20.0, 3.0, 4.0), strict=True)]
    assert eef_ratio(found, "none", (30e-3, 50e-3), 70e-3) == pytest.approx(3.0)
    assert eef_ratio(found, "high", (0.0, 60e-3), 60e-3) == pytest.approx(5.0)
    assert eef_ratio(found[:2], "none", (30e-3, 50e-3), 70e-3) is None
    lines = cohort.table(found)
    assert any("none 3.00, high 5.00" in line and "3 to 4" in line for line in lines)
    assert any("3.88 J/mm3" in line for line in lines)
    refused = replace_refused(found[0])
    assert "not treated: no pose" in cohort.table([refused])[2]
    assert cohort.as_csv(found).decode().count("\n") == 5


def replace_refused(o: FibroidOutcome) -> FibroidOutcome:
    """The same, refused."""
    return o.model_copy(update={"refused": "no pose reaches it", "ablated": 0.0})


def test_the_figure_is_drawn_with_and_without_treatments() -> None:
    found = [outcome(p) for p in PELVES]
    assert png(lambda: drawn(found, english())) != png(lambda: drawn(found[:1], english()))
    assert png(lambda: drawn([replace_refused(found[0])], english()))


def test_every_grade_is_a_pelvis_and_bad_sizes_are_refused(tmp_path: Path) -> None:
    for grade in GRADES:
        assert replace(PELVES[0], grade=grade).grade == grade
    done = CliRunner().invoke(app, ["cohort", "fibroids", "--sizes", "3;5", "-o", str(tmp_path)])
    assert done.exit_code == 2 and "3,5,7,9" in done.output
    assert FIBROIDS_2021.small[1] == 2.0
