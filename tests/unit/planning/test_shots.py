"""Exposures of several spots: every spot once, only neighbours together, no further than the phases reach."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openhifu.acoustics.rayleigh import pressure_at
from openhifu.acoustics.source import Fluid
from openhifu.base.errors import Infeasible
from openhifu.base.field import Field, Quantity
from openhifu.base.frames import Frame
from openhifu.base.grid import Grid
from openhifu.model.catalogue import tissue, transducer
from openhifu.model.limits import Prescription
from openhifu.model.medium import Medium
from openhifu.model.pose import Pose
from openhifu.model.sonication import Sonication
from openhifu.model.steering import steering_reach
from openhifu.model.tissue import Property
from openhifu.model.transducer import Transducer
from openhifu.planning.aim import VISIT, Aim, steering_phases
from openhifu.planning.beam import Fineness, grids_from
from openhifu.planning.fields import solve_spots
from openhifu.planning.shots import aimed, shots
from openhifu.planning.spots import place
from openhifu.thermal.boundary import Boundary
from openhifu.thermal.pennes import Pennes
from tests.unit.planning.phantom import array, block, case_data

POSE = Pose(focus=(0.0, 0.130, 0.0), direction=(0.0, -1.0, 0.0))
DEVICE = array(rings=8, sectors=48)


def wish(steered: int | None, lateral: float = 3e-3) -> Prescription:
    return case_data(block()).case.prescription.model_copy(
        update={"steered_spots": steered, "lateral_spacing": lateral}
    )


def ball(radius: float, hole: float = 0.0) -> np.ndarray:
    k = np.arange(-radius, radius + 5e-4, 1e-3)
    points = np.stack(np.meshgrid(k, k, k, indexing="ij"), -1).reshape(-1, 3)
    away = np.linalg.norm(points, axis=1)
    return points[(away <= radius) & (np.hypot(points[:, 0], points[:, 1]) >= hole)]


@settings(max_examples=25, deadline=None)
@given(st.sampled_from([None, 2, 3, 4]), st.floats(6e-3, 14e-3), st.floats(0.0, 5e-3))
def test_every_spot_is_heated_once_and_with_its_neighbours_alone(most: int | None, radius: float, hole: float) -> None:
    spots = place(ball(radius, hole), wish(most), POSE)
    found = shots(spots, wish(most), DEVICE, POSE)
    assert [n for shot in found for n in shot.spots] == list(range(len(spots)))
    for shot in found:
        own = [spots[n] for n in shot.spots]
        assert len(own) <= (most or 1)
        assert {(s.slice_index, s.line_index) for s in own} == {(shot.slice_index, shot.line_index)}
        assert all(math.dist(a.offset, b.offset) < 3.1e-3 for a, b in zip(own, own[1:], strict=False))
        assert np.allclose(Aim(shot.focus, (), shot.steered).places(POSE), [s.focus for s in own], atol=1e-12)
        assert bool(shot.steered) == (len(own) > 1)


def test_lines_are_parted_evenly() -> None:
    spots = place(ball(12e-3), wish(None), POSE)
    found = shots(spots, wish(3), DEVICE, POSE)
    lengths: dict[tuple[int, int], list[int]] = {}
    for shot in found:
        lengths.setdefault((shot.slice_index, shot.line_index), []).append(len(shot.spots))
    assert all(max(parts) - min(parts) <= 1 for parts in lengths.values())
    assert len(found) < 0.45 * len(spots)


def test_the_aim_takes_off_what_the_tissue_adds() -> None:
    found = shots(place(ball(6e-3), wish(2), POSE), wish(2), DEVICE, POSE)
    moved = aimed(found, (1e-3, 0.0, -2e-3))
    assert np.allclose(np.subtract(moved, [s.focus for s in found]), (-1e-3, 0.0, 2e-3))


@pytest.mark.parametrize(
    ("device", "steered", "said"),
    [(array(1, 1), 2, "one element; take an array"), (DEVICE, 9, "steers its focus .* mm across")],
)
def test_what_the_device_cannot_do_is_refused(device: Transducer, steered: int, said: str) -> None:
    spots = place(ball(6e-3), wish(None), POSE)
    with pytest.raises(Infeasible, match=said):
        shots(spots, wish(steered), device, POSE)


@pytest.mark.parametrize("name", ["jc200-like-256", "h317-like"])
@pytest.mark.parametrize("angle", [0.0, 1.1])
def test_at_its_reach_the_focus_keeps_half_of_its_intensity(name: str, angle: float) -> None:
    device = transducer(name)
    water = Fluid.of(tissue("water"), device.frequency)
    reach, length = steering_reach(device), device.focal_length
    assert 4e-3 < reach < 40e-3
    aside = (reach * math.cos(angle), reach * math.sin(angle), 0.0)
    squares = []
    for there in ((0.0, 0.0, 0.0), aside):
        drive = device.drive(1.0, phases=steering_phases(device, there))
        at = pressure_at(drive, [(there[0], there[1], length)], water)
        squares.append(float(np.abs(at[0]) ** 2))
    assert 0.45 < squares[1] / squares[0] < 1.0


def test_a_single_source_steers_nothing() -> None:
    assert steering_reach(transducer("jc200-like")) == 0.0


def test_the_heat_of_a_steered_exposure_is_the_mean_of_its_places() -> None:
    grids = grids_from(DEVICE, POSE, -46e-3, -40e-3, 10e-3, 20e-3, Fineness(0.45e-3, 2))
    medium = case_data(block()).medium(grids.field)
    both = ((-2e-3, 0.0, 0.0), (2e-3, 0.0, 0.0))
    found = solve_spots(medium, DEVICE, POSE, [Aim(POSE.focus), Aim(POSE.focus, (3,), both)], grids)
    still, steered = (h.data for h in found.heat)
    assert found.share_on == (1.0, 1 - 1 / DEVICE.elements)
    offsets = (grids.heat.points() - np.asarray(POSE.focus)) @ np.asarray(POSE.axes).T
    across = np.abs(offsets[..., 2]) < 1.5e-3
    for data, expected in ((still, 0.0), (steered, 2e-3)):
        top = np.argmax(np.where(across, data, 0.0))
        assert abs(abs(offsets.reshape(-1, 3)[top][0]) - expected) < 0.8e-3
    assert steered.sum() == pytest.approx(still.sum(), rel=0.05)
    assert 0.35 < steered.max() / still.max() < 0.65


def test_tissue_takes_turns_for_their_mean() -> None:
    """Three foci 3 mm apart, visited in turn, against the mean of them all the time: apart by a turn's heat at most."""
    grid = Grid.box((-10e-3, -8e-3, -8e-3), (10e-3, 8e-3, 8e-3), 1e-3, Frame.PATIENT)
    medium = Medium.uniform(tissue("liver"), grid)
    x, y, z = np.moveaxis(grid.points(), -1, 0)
    shapes = [np.exp(-(((x - a) / 1.2e-3) ** 2) - (y / 1.2e-3) ** 2 - (z / 5e-3) ** 2) for a in (-3e-3, 0.0, 3e-3)]
    fields = [Field(grid, (2e8 * s).astype(np.float32), Quantity.HEAT_RATE) for s in shapes]
    mean = Field(grid, np.asarray(np.mean([f.data for f in fields], axis=0, dtype=np.float32)), Quantity.HEAT_RATE)
    turns, steady = (Pennes(medium, tissue("blood"), Boundary.HELD_AT_START, track_peak=True) for _ in range(2))
    for _ in range(200):
        for field in fields:
            turns.advance(VISIT, field, 1.0)
    steady.advance(600 * VISIT, mean, 1.0)
    assert steady.peak.data.max() - 37.0 > 50.0
    liver = tissue("liver")
    turn = 3 * VISIT * 2e8 / (liver.value(Property.DENSITY) * liver.value(Property.HEAT_CAPACITY))
    assert np.abs(turns.peak.data - steady.peak.data).max() < turn < 2.0


def test_places_of_a_sonication() -> None:
    shot = Sonication(
        index=0, slice_index=0, line_index=0, focus=(0.0, 0.13, 0.0), acoustic_power=10.0, on_time=1.0,
        cooling_time=1.0, power_ceiling=20.0, predicted_peak=60.0, steered=((-1e-3, 0.0, 0.0), (1e-3, 0.0, 0.0)),
    )  # fmt: skip
    places = np.array(shot.places(POSE))
    assert np.allclose(places.mean(axis=0), shot.focus) and np.linalg.norm(places[1] - places[0]) == pytest.approx(2e-3)
    again = Sonication.from_document(shot.to_document(), "here")
    assert again == shot and again.content_hash == shot.content_hash
    still = shot.model_copy(update={"steered": ()})
    assert "steered" not in still.to_document() and still.places(POSE) == (still.focus,)
    with pytest.raises(ValueError, match="different places"):
        Sonication.model_validate(shot.model_dump() | {"steered": ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0))})
