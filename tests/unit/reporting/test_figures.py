"""Pictures: where planes and cones lie, and that what is drawn is there."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from openhifu.base.errors import StorageError
from openhifu.model.case_data import CaseData
from openhifu.model.plan import TreatmentPlan
from openhifu.model.target import Ellipsoid, LabelTarget
from openhifu.reporting.case_figure import case_figure
from openhifu.reporting.figures import style
from openhifu.reporting.figures.anatomy import target_centre, target_reach
from openhifu.reporting.figures.cone import wedge
from openhifu.reporting.figures.plane import AXIAL, CORONAL, SAGITTAL, Plane, body_plane, box_along

PSEUDONYM = '#P$_{x}$ *0042* <b> \\ "q" @ [y] $5'


def plane_of(right: tuple[float, float, float], up: tuple[float, float, float]) -> Plane:
    origin = np.array([0.01, -0.02, 0.03])
    return Plane(origin, origin, np.asarray(right, float), np.asarray(up, float), (-0.02, -0.01), (0.02, 0.03), 1e-3)


@pytest.mark.parametrize("view", [AXIAL, CORONAL, SAGITTAL])
def test_pixels_lie_where_their_coordinates_say(view) -> None:
    through = np.array([-0.06, 0.02, 0.01])
    plane = body_plane(view, through, (-0.1, -0.08, -0.05), (0.1, 0.09, 0.06), 2e-3)
    columns, rows = plane.centres()
    points = plane.grid.points()[:, :, 0]
    picture = plane.project(points)
    np.testing.assert_allclose(picture[..., 0], np.broadcast_to(columns[:, None], picture.shape[:2]), atol=1e-9)
    np.testing.assert_allclose(picture[..., 1], np.broadcast_to(rows[None, :], picture.shape[:2]), atol=1e-9)
    np.testing.assert_allclose(picture[..., 2], 0.0, atol=1e-9)
    np.testing.assert_allclose(points @ plane.normal, through @ plane.normal, atol=1e-12)


def test_the_patients_right_is_on_the_left_and_the_front_on_top() -> None:
    plane = body_plane(AXIAL, (0, 0, 0), (-0.1, -0.1, -0.1), (0.1, 0.1, 0.1), 1e-3)
    right_front = plane.project((-0.05, -0.03, 0.0))
    assert right_front[0] == pytest.approx(-50) and right_front[1] == pytest.approx(30)


def test_a_plane_through_the_axis_shows_the_whole_cone() -> None:
    found = wedge(np.array([1.0, 0.0, 0.0]), plane_of((1, 0, 0), (0, 1, 0)), 0.75)
    assert found is not None and found == pytest.approx((0.0, 0.75))


def test_a_plane_across_the_axis_shows_none() -> None:
    assert wedge(np.array([0.0, 0.0, 1.0]), plane_of((1, 0, 0), (0, 1, 0)), 0.75) is None


def test_the_edge_of_an_oblique_cut_lies_on_the_cone() -> None:
    direction = np.array([-0.82, -0.5, -0.28]) / np.linalg.norm([-0.82, -0.5, -0.28])
    plane = plane_of((1, 0, 0), (0, -1, 0))
    found = wedge(direction, plane, 0.757)
    assert found is not None
    for side in (-1, 1):
        phi = found[0] + side * found[1]
        edge = np.cos(phi) * plane.right + np.sin(phi) * plane.up
        assert np.arccos(edge @ direction) == pytest.approx(0.757, abs=1e-12)


def test_box_along_measures_an_oblique_grid(plan: TreatmentPlan, planned) -> None:
    low, high = box_along(planned.cem43.grid, plan.pose.axes, plan.pose.focus)
    np.testing.assert_allclose(low, [-27e-3, -27e-3, -52e-3], atol=1e-9)
    np.testing.assert_allclose(high, [27e-3, 27e-3, 24e-3], atol=1e-9)


def test_a_labels_centre_is_its_centroid(data: CaseData) -> None:
    assert data.labels is not None
    centre = target_centre(data, LabelTarget(label="liver"))
    voxels = data.labels.grid.world(np.argwhere(data.labels.mask("liver")))
    np.testing.assert_allclose(centre, voxels.mean(axis=0))
    assert target_reach(data, LabelTarget(label="liver")) > 0.05


def picture(path: Path) -> np.ndarray:
    return imread(io.BytesIO(path.read_bytes()))[..., :3]


@pytest.mark.parametrize(
    "target",
    [
        None,
        Ellipsoid(centre=(-60e-3, -20e-3, 0.0), semi_axes=(8e-3, 12e-3, 10e-3)),
        LabelTarget(label="rib_right_8"),
    ],
)
def test_a_case_is_drawn(data: CaseData, tmp_path: Path, target) -> None:
    case = data.case.model_copy(update={"pseudonym": PSEUDONYM, **({} if target is None else {"target": target})})
    shown = replace(data, case=case)
    drawn = picture(case_figure(shown, tmp_path / "case.png"))
    assert drawn.shape[1] > 2000
    goal = np.array(to_rgb(style.TARGET))
    assert np.sum(np.all(np.abs(drawn - goal) < 0.02, axis=-1)) > 200
    assert drawn.std() > 0.1


def test_a_case_without_labels_is_drawn(data: CaseData, tmp_path: Path) -> None:
    layers = tuple(o for o in data.case.organs if o.tissues)
    bare = replace(data, labels=None, case=data.case.model_copy(update={"organs": layers}))
    assert picture(case_figure(bare, tmp_path / "case.png")).std() > 0.1


def test_drawing_leaves_the_users_settings_alone(data: CaseData, tmp_path: Path) -> None:
    with matplotlib.rc_context({"font.size": 23.0, "figure.facecolor": "black"}):
        case_figure(data, tmp_path / "case.png")
        assert matplotlib.rcParams["font.size"] == 23.0
    assert np.all(picture(tmp_path / "case.png")[0, 0] == 1.0)


def test_a_figure_that_cannot_be_written_says_so(data: CaseData, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(StorageError, match="cannot write"):
        case_figure(data, tmp_path / "file" / "case.png")


def test_no_two_organs_next_to_each_other_share_a_colour() -> None:
    assert len(set(style.ORGANS)) == len(style.ORGANS) >= 8
