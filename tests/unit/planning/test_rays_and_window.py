"""Rays, shadows and the window on a block whose answers are known by hand."""

import math

import numpy as np
import pytest

from openhifu.base.errors import Infeasible
from openhifu.model.catalogue import tissue
from openhifu.model.pose import Pose
from openhifu.planning.anatomy import Way, anatomy
from openhifu.planning.beam import beam_grids
from openhifu.planning.rays import Bundle, bundle, trace
from openhifu.planning.shadow import elements_off
from openhifu.planning.window import GAS, PoseRules, look, skin_angle, survey, worst_look
from tests.unit.planning.phantom import BONE, array, block, case_data

FOCUS = (0.0, 0.130, 0.0)
STRAIGHT = Pose(focus=FOCUS, direction=(0.0, -1.0, 0.0))


def view_of(**what):
    return anatomy(case_data(block(**what)), 1e6)


def test_attenuation_along_a_ray_is_the_sum_of_its_layers():
    ray = Bundle(np.array([[0.0, 0.0, -1.0]]), np.array([0]), np.array([0.1]))
    met = trace(view_of(), np.array(FOCUS), np.array([[0.0, -1.0, 0.0]]), ray.length)
    layers = {"liver": 28e-3, "muscle": 10e-3, "subcutaneous_fat": 10e-3, "skin": 2e-3}
    expected = sum(tissue(name).attenuation.at(1e6) * length for name, length in layers.items())
    assert met.attenuation[0] == pytest.approx(expected, rel=0.02)
    assert met.skin[0] == pytest.approx(0.050, abs=1e-3)
    assert not met.meets(Way.BONE)[0] and not met.cut[0]


def test_the_bundle_covers_the_aperture_evenly_and_names_its_elements():
    device = array()
    rays = bundle(device, fine=True)
    counts = np.bincount(rays.element[rays.element >= 0], minlength=device.elements)
    assert counts.min() == counts.max() > 0
    inner, outer = device.surface.half_angles
    cosine = -rays.directions[rays.element >= 0][:, 2]
    assert cosine.min() > math.cos(outer) and cosine.max() < math.cos(inner)
    assert np.mean(cosine) == pytest.approx((math.cos(inner) + math.cos(outer)) / 2, rel=1e-3)


def test_a_bone_bar_over_one_half_blocks_that_half_and_switches_off_its_elements():
    view, device = view_of(bone=True), array()
    seen = look(view, bundle(device, fine=True), STRAIGHT)
    assert seen.bone == pytest.approx(0.5, abs=0.03)
    off = elements_off(view, device, STRAIGHT)
    x_axis = np.array(STRAIGHT.axes[0])
    centre_angle = 2 * np.pi * (np.array(off) % 16 + 0.5) / 16
    lateral = np.cos(centre_angle) * x_axis[0] + np.sin(centre_angle) * np.array(STRAIGHT.axes[1])[0]
    assert len(off) == pytest.approx(32, abs=4)
    assert np.all(lateral < 0.2)  # the bar lies at x < 0


def test_a_single_element_has_nothing_to_switch_off():
    assert elements_off(view_of(bone=True), array(1, 1), STRAIGHT) == ()


def test_directions_through_gas_are_refused_and_the_open_side_is_not():
    view, device, rules = view_of(gas=True), array(), PoseRules(step=math.radians(10))
    window = survey(view, device, FOCUS, rules)
    best = np.unravel_index(np.nanargmax(window.amplitude), window.amplitude.shape)
    assert math.cos(window.elevation[best[1]]) * math.sin(window.azimuth[best[0]]) < -0.8
    behind = np.argmin(np.abs(window.azimuth - math.pi / 2))
    assert window.refusal[behind, len(window.elevation) // 2] == GAS
    assert np.all(np.isnan(window.amplitude) == (window.refusal > 0))


def test_the_worst_look_counts_the_edges_of_the_target():
    view, device = view_of(gas=True), array()
    foci = np.array([FOCUS, (0.0, 0.158, 0.0)])
    alone = worst_look(view, device, (0.0, -1.0, 0.0), foci[:1], PoseRules())[0]
    both = worst_look(view, device, (0.0, -1.0, 0.0), foci, PoseRules())[0]
    assert both.amplitude < alone.amplitude


@pytest.mark.parametrize("tilt", [0.0, 20.0])
def test_skin_angle_and_depth(tilt):
    angle = math.radians(tilt)
    pose = Pose(focus=FOCUS, direction=(math.sin(angle), -math.cos(angle), 0.0))
    found, depth = skin_angle(view_of(), pose)
    assert math.degrees(found) == pytest.approx(tilt, abs=3)
    assert depth == pytest.approx(0.050 / math.cos(angle), abs=1.5e-3)


def test_beam_grids_start_in_water_and_heat_voxels_are_whole_blocks():
    view, device = view_of(), array()
    grids = beam_grids(view, device, STRAIGHT, reach=7e-3)
    first = grids.field.world(np.array([grids.field.shape[0] // 2, grids.field.shape[1] // 2, 0]))
    assert 0.06 < first[1] < 0.08
    corner = grids.field.index(grids.heat.world(np.array([0, 0, 0])))
    assert np.allclose(corner - np.floor(corner), 0.5)
    last = grids.field.index(grids.heat.world(np.array(grids.heat.shape) - 1))
    assert np.all(corner > 0) and np.all(last < np.array(grids.field.shape))


def test_a_source_that_would_touch_the_skin_is_refused():
    deep = Pose(focus=(0.0, 0.168, 0.0), direction=(0.0, -1.0, 0.0))
    with pytest.raises(Infeasible, match="rim"):
        beam_grids(view_of(), array(), deep, reach=5e-3)


def test_bone_has_no_attenuation_for_rays_because_it_is_opaque():
    view = view_of(bone=True)
    assert view.attenuation[BONE] == 0.0
    assert view.way[20, 48, 40] == Way.BONE
