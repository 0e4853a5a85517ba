"""Fields are solved once for media that differ in heat alone, and anew for any that differ in sound."""

from __future__ import annotations

import numpy as np
import pytest

from openhifu.base.field import Field
from openhifu.model.medium import Medium
from openhifu.model.pose import Pose
from openhifu.model.tissue import Known, Property
from openhifu.planning import kept_fields
from openhifu.planning.aim import Aim
from openhifu.planning.beam import Fineness, grids_from
from openhifu.planning.fields import SpotFields, solve_spots
from openhifu.planning.kept_fields import KeptFields
from tests.unit.planning.phantom import array, block, case_data

POSE = Pose(focus=(0.0, 0.120, 0.0), direction=(0.0, -1.0, 0.0))
AIMS = (Aim((0.0, 0.120, 0.0)), Aim((4e-3, 0.124, 0.0), (1,), ((0.0, 0.0, 0.0), (1e-3, 0.0, 0.0))))
SOURCE = array()
GRIDS = grids_from(SOURCE, POSE, -46e-3, -40e-3, 10e-3, 20e-3, Fineness(0.45e-3, 4))
MEDIUM = case_data(block()).medium(GRIDS.field)


def changed(prop: Property, factor: float) -> Medium:
    """The phantom with one property changed of every tissue that has it, but water."""
    own = [t for t in MEDIUM.tissues if t.name != "water" and isinstance(t.values[prop], Known)]
    return MEDIUM.with_tissues({t.name: t.replaced({prop: factor * t.value(prop)}, "for a test") for t in own})


def alike(one: Field, other: Field) -> bool:
    return bool(np.array_equal(one.data, other.data))


def test_what_differs_in_perfusion_alone_is_not_solved_again(monkeypatch: pytest.MonkeyPatch) -> None:
    solved: list[Medium] = []

    def counted(medium: Medium, *rest: object) -> SpotFields:
        solved.append(medium)
        return solve_spots(medium, *rest)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(kept_fields, "solve_spots", counted)
    kept = KeptFields()
    first = kept(MEDIUM, SOURCE, POSE, AIMS, GRIDS)
    turned = kept(changed(Property.HEAT_CAPACITY, 1.1), SOURCE, POSE, AIMS[::-1], GRIDS)
    assert len(solved) == 1
    assert alike(turned.heat[0], first.heat[1]) and alike(turned.heat[1], first.heat[0])
    assert turned.share_on == first.share_on[::-1]
    assert (first.central_index, turned.central_index) == (0, 1)
    louder = kept(changed(Property.ATTENUATION, 1.5), SOURCE, POSE, AIMS, GRIDS)
    assert len(solved) == 2
    assert not alike(louder.heat[0], first.heat[0])
    assert alike(kept(MEDIUM, SOURCE, POSE, AIMS, GRIDS).heat[0], first.heat[0])
    assert len(solved) == 2
    kept(changed(Property.SOUND_SPEED, 1.01), SOURCE, POSE, AIMS, GRIDS)
    kept(changed(Property.ATTENUATION, 1.5), SOURCE, POSE, AIMS, GRIDS)  # of the last two only
    assert len(solved) == 4


def test_another_spot_is_solved() -> None:
    kept = KeptFields()
    kept(MEDIUM, SOURCE, POSE, AIMS[:1], GRIDS)
    found = kept(MEDIUM, SOURCE, POSE, AIMS, GRIDS)
    assert len(found.heat) == 2
    assert alike(found.heat[1], solve_spots(MEDIUM, SOURCE, POSE, AIMS, GRIDS).heat[1])
