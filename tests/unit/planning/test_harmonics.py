"""What harmonics add at a focus: nothing in the weak limit, more with pressure, and never a value that nobody has."""

from __future__ import annotations

import pytest

from openhifu.base.errors import CannotModel
from openhifu.model.catalogue import tissue, transducer
from openhifu.model.pose import Pose
from openhifu.model.tissue import Property
from openhifu.planning.harmonics import Added, added_heat, highest_nonlinearity
from tests.unit.planning.phantom import array, block, case_data

DOWN = Pose(focus=(0.0, 0.130, 0.0), direction=(0.0, -1.0, 0.0))


def added(pressure: float, bone: bool = False, gas: bool = False) -> Added:
    return added_heat(case_data(block(bone=bone, gas=gas)), array(), DOWN, pressure)


@pytest.fixture(scope="module")
def usual() -> Added:
    return added(4e6)


def test_it_grows_with_the_square_of_a_weak_pressure(usual: Added) -> None:
    assert 0.0 < added(1e6).share < 0.01
    assert added(2e6).share == pytest.approx(usual.share / 4, rel=0.25)


def test_a_tissue_without_a_value_of_its_own_is_named_and_bounded(usual: Added) -> None:
    assert usual.supposed == ("subcutaneous_fat",)
    assert highest_nonlinearity() == tissue("fat").known(Property.NONLINEARITY).high


def test_bone_on_the_axis_does_not_make_a_beam_look_linear(usual: Added) -> None:
    assert added(4e6, bone=True).share == pytest.approx(usual.share, rel=1e-6)


def test_gas_before_the_focus_is_refused() -> None:
    behind = Pose(focus=(0.0, 0.172, 0.0), direction=(0.0, -1.0, 0.0))
    with pytest.raises(CannotModel, match="gas"):
        added_heat(case_data(block(gas=True), depth=0.172), array(), behind, 4e6)


def test_a_source_that_is_no_whole_cap_is_refused() -> None:
    with pytest.raises(CannotModel):
        added_heat(case_data(block()), transducer("h317-like"), DOWN, 4e6)
