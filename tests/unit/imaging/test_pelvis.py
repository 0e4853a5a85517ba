"""The parametric pelvis has the dimensions it was asked for, and refuses those that do not fit together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from openhifu.base.errors import OutOfRange
from openhifu.imaging import distances, preset, read_case
from openhifu.imaging.pelvis import NAMES, Pelvis, new_pelvis
from openhifu.model.target import Sphere
from openhifu.model.tissue import Property

PELVIS = Pelvis(diameter=50e-3, grade="high")


def test_the_case_has_the_dimensions_asked_for(tmp_path: Path) -> None:
    new_pelvis(tmp_path / "case", PELVIS)
    data = read_case(tmp_path / "case")
    assert data.labels is not None
    fibroid = data.labels.mask("fibroid")
    volume = fibroid.sum() * data.ct.grid.voxel_volume
    assert volume == pytest.approx(np.pi / 6 * PELVIS.diameter**3, rel=0.02)
    assert distances(data)["sacrum"] == pytest.approx(PELVIS.to_sacrum, abs=2.1e-3)
    places = data.ct.grid.world(np.argwhere(data.tissues.mask("skin")))
    middle = places[(np.abs(places[:, 0]) < 2e-3) & (np.abs(places[:, 2]) < 2e-3)]
    assert -PELVIS.diameter / 2 - middle[:, 1].min() == pytest.approx(PELVIS.depth, abs=2.1e-3)
    inside = {data.tissues.tissues[i] for i in np.unique(data.tissues.data[fibroid])}
    assert inside == {"fibroid_high_perfusion"}
    here = next(t for t in data.medium().tissues if t.name == "fibroid_high_perfusion")
    assert here.value(Property.PERFUSION) * 60e6 == pytest.approx(3010)


@pytest.mark.parametrize("diameter", [30e-3, 50e-3])
def test_bowel_is_out_of_every_ray_from_the_front(diameter: float) -> None:
    pelvis = Pelvis(diameter=diameter)
    labels, grid = pelvis.images()[1:]
    bowel = grid.world(np.argwhere(labels == 5))
    deepest = np.array([0.0, diameter / 2, 0.0])
    sideways = np.hypot(bowel[:, 0], bowel[:, 2])
    ahead = deepest[1] - bowel[:, 1]
    assert len(bowel) > 1000
    assert np.all(sideways > diameter / 2 + np.maximum(ahead, 0) * np.tan(np.radians(43.4)))


def test_a_seed_gives_one_pelvis_and_another_seed_another() -> None:
    first, again, other = PELVIS.images()[0], PELVIS.images()[0], replace(PELVIS, seed=2).images()[0]
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"depth": 30e-3}, "meets the body wall"),
        ({"grade": "low"}, "uterus-like"),
        ({"diameter": 0.2}, "20 to 100"),
        ({"to_endometrium": 0.03}, "0 to 20 mm"),
    ],
)
def test_what_does_not_fit_is_refused(change: dict[str, object], word: str) -> None:
    with pytest.raises(OutOfRange, match=word):
        replace(PELVIS, **change)  # pyright: ignore[reportArgumentType]


def test_a_part_is_treated_densely_and_by_titration(tmp_path: Path) -> None:
    new_pelvis(tmp_path / "case", PELVIS, treat=16e-3)
    case = read_case(tmp_path / "case").case
    assert case.target == Sphere(centre=(0.0, 0.0, 0.0), radius=8e-3)
    wish = case.prescription
    whole = preset("fibroid").prescription.to_si()
    assert wish.lateral_spacing < whole["lateral_spacing"] and wish.axial_spacing < whole["axial_spacing"]
    assert wish.titration is not None and wish.titration.reading_share == 0.74


@pytest.mark.parametrize("treat", [5e-3, 51e-3])
def test_a_part_that_is_not_within_the_fibroid_is_refused(tmp_path: Path, treat: float) -> None:
    with pytest.raises(OutOfRange, match="8 mm to its diameter"):
        new_pelvis(tmp_path / "case", PELVIS, treat=treat)
    assert not (tmp_path / "case").exists()


def test_the_endometrium_lies_as_far_off_as_asked_and_within_the_uterus() -> None:
    for distance in (1e-3, 10e-3, 20e-3):
        labels, grid = replace(PELVIS, to_endometrium=distance).images()[1:]
        named = {name: grid.world(np.argwhere(labels == value)) for value, name in NAMES.items()}
        nearest = np.abs(named["endometrium"][:, 2]).min() - PELVIS.diameter / 2
        assert nearest == pytest.approx(distance, abs=2.1e-3)
        assert named["uterus"][:, 2].min() < named["endometrium"][:, 2].min()


def test_what_the_thermometer_reads_is_set_where_the_preset_titrates(tmp_path: Path) -> None:
    new_pelvis(tmp_path / "case", PELVIS, reading_share=1.0)
    titration = read_case(tmp_path / "case").case.prescription.titration
    assert titration is not None and titration.reading_share == 1.0
