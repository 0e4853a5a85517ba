"""An array before a block with a bone bar: ways to one focal pressure, in heat and in dose; the command."""

from __future__ import annotations

from dataclasses import replace

import pytest
from typer.testing import CliRunner

from openhifu.base.errors import CannotModel, Infeasible, OutOfRange
from openhifu.console.cli import app
from openhifu.model.pose import Pose
from openhifu.planning.arrays.ring import ring
from openhifu.planning.arrays.setting import setting
from openhifu.planning.arrays.trial import bone_trial, heated
from tests.unit.planning.phantom import array, block, case_data

_POSE = Pose(focus=(0.0, 0.130, 0.0), direction=(0.0, -1.0, 0.0))
_DEVICE = array(2, 12).model_copy(update={"frequency": 0.8e6})


def test_weighting_spares_the_bar_and_its_dose_falls_at_equal_focal_pressure() -> None:
    here = setting(case_data(block(bone=True)), _DEVICE, _POSE)
    trial = bone_trial(here, here.bone_view())
    ways = (trial.plain, trial.corrected, *trial.switched, *trial.weighted)
    assert all(w.pressure == pytest.approx(1e6, rel=1e-5) for w in ways)
    assert trial.corrected.power < trial.plain.power
    assert trial.best.highest < trial.plain.highest / 5 and trial.best.power <= trial.plain.power
    assert trial.switched and trial.switched[-1].absorbed < trial.corrected.absorbed
    plain, best = heated(here, (trial.plain, trial.best), 1e6, 65.0)
    assert plain.focal_peak == pytest.approx(65.0, abs=0.2)
    assert best.bone_dose < plain.bone_dose / 5 and best.bone_peak < plain.bone_peak
    assert best.power / plain.power == pytest.approx(trial.best.power / trial.plain.power)


def test_a_ring_of_foci_is_even_and_dark_in_its_middle() -> None:
    here = setting(case_data(block()), array(4, 16).model_copy(update={"frequency": 0.8e6}), _POSE, 5e-3)
    found = ring(here, 3, 5e-3)
    assert found.made.drive.acoustic_power == 1.0
    assert found.pressures.min() > 0.97 * found.pressures.max() > found.beside
    n = found.plane.shape[0] // 2
    assert found.plane[n, n] < 0.3 * found.pressures.min()
    for count, radius in ((1, 5e-3), (40, 5e-3), (3, 0.0)):
        with pytest.raises(OutOfRange, match="2 to 16 foci"):
            ring(here, count, radius)


def test_a_radius_without_foci_is_refused() -> None:
    done = CliRunner().invoke(app, ["steer", "cases/liver", "--radius-mm", "5"])
    assert done.exit_code == 2 and "--foci" in done.output


def test_without_bone_there_is_nothing_to_spare() -> None:
    with pytest.raises(Infeasible, match="nothing to spare"):
        setting(case_data(block()), _DEVICE, _POSE).bone_view()


def test_dose_of_bone_needs_bone_among_the_organs_at_risk() -> None:
    data = case_data(block(bone=True))
    bare = replace(data, case=data.case.model_copy(update={"organs": ()}))
    here = setting(bare, _DEVICE, _POSE)
    with pytest.raises(CannotModel, match="name them among its organs at risk"):
        heated(here, (), 1e6, 65.0)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--direction", "1,2"], "three numbers"),
        (["--direction", "0,0,0"], "three numbers"),
        (["--device", "jc200-like", "--direction", "-0.786,-0.554,-0.275"], "one element"),
    ],
)
def test_steer_says_what_it_cannot_do(arguments: list[str], words: str) -> None:
    found = CliRunner().invoke(app, ["steer", "cases/liver", *arguments])
    assert found.exit_code == 2
    assert words in " ".join(found.output.split())
