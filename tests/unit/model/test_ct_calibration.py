"""CT numbers to density, sound speed and attenuation: published figures, refusals, and the way into the medium."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from openhifu.base.errors import FormatError, OutOfRange, UnknownName
from openhifu.base.field import Field, Quantity
from openhifu.base.frames import Frame
from openhifu.base.grid import Grid
from openhifu.model.ct_calibration import CtTissue, ct_calibration, ct_calibration_names
from openhifu.model.ct_medium import split_by_ct
from openhifu.model.medium import Medium
from openhifu.model.tissue import Property
from openhifu.model.tissue_draw import draw_tissues
from openhifu.model.tissuemap import TissueMap
from openhifu.planning.anatomy import anatomy


@pytest.mark.parametrize(
    ("name", "at", "expected", "within"),
    [
        # Schneider 1996, table 2 of tissues: muscle 1.05 g/cm3 near 45 HU, cortical bone 1.92 g/cm3 at its upper end.
        ("schneider-1996", 45.0, 1050.0, 10.0),
        ("schneider-1996", 1376.0, 1920.0, 5.0),
        ("schneider-1996", -1000.0, 0.0, 6.0),
        ("schneider-2000", -98.0, 930.0, 1.0),  # adipose tissue
        ("schneider-2000", 0.0, 1018.0, 0.1),
        ("schneider-2000", 1524.0, 1920.0, 2.0),  # cortical bone
        ("mast-2000", 1060.0, 1577.8, 0.1),  # (1060 + 349) / 0.893
        ("mast-2000", 950.0, 1454.6, 0.1),
        ("webb-2018-ge-120-bone", 1000.0, 2070.0, 0.1),
        ("webb-2021-ge-120-bone", 1000.0, 2600 * np.exp(-1.6), 1e-6),
    ],
)
def test_published_figures(name: str, at: float, expected: float, within: float) -> None:
    assert ct_calibration(name).values(np.array([at]))[0] == pytest.approx(expected, abs=within)


def test_every_calibration_names_its_source_and_rises_or_falls_as_physics_has_it() -> None:
    for name in ct_calibration_names():
        one = ct_calibration(name)
        assert one.source and one.seen and one.caution
        x = np.linspace(*one.range, 4001)
        values = one.values(x)
        assert np.all(values >= -6)
        steps = np.diff(values)
        if one.gives == "attenuation":  # denser bone attenuates less: the pores scatter
            assert np.all(steps < 0)
        elif name == "schneider-2000":  # as published it falls at 14 HU (by 0.5) and at 100 HU (by 44)
            assert np.count_nonzero(steps < 0) == 2
        else:
            assert np.all(steps > -5.0)


@pytest.mark.parametrize("at", [-99.0, 1601.0])
def test_outside_the_range_is_refused(at: float) -> None:
    with pytest.raises(OutOfRange, match=r"holds from -98 to 1600 HU; 1 of 2 values lie outside"):
        ct_calibration("schneider-2000").values(np.array([50.0, at]))


def test_unknown_names_and_wrong_kinds_are_refused() -> None:
    with pytest.raises(UnknownName, match="schneider-2000"):
        ct_calibration("schneider-200")
    with pytest.raises(FormatError, match="gives sound_speed, not density"):
        CtTissue.from_data({"tissues": ("muscle",), "density": "mast-2000", "step": 20}, "x")
    with pytest.raises(FormatError, match="needs a density"):
        CtTissue.from_data({"tissues": ("muscle",), "sound_speed": "mast-2000", "step": 20}, "x")
    with pytest.raises(FormatError, match="name a calibration"):
        CtTissue.from_data({"tissues": ("muscle",), "step": 20}, "x")


def _bone_in_muscle(hu: float = 600.0) -> tuple[Medium, Field]:
    """Eight planes of muscle at 50 HU, and of bone that rises from ``hu`` by 100 HU a plane."""
    grid = Grid.box((0.0,) * 3, (3e-3, 3e-3, 15e-3), 1e-3, Frame.PATIENT)
    data = np.zeros(grid.shape, np.uint8)
    ct = np.full(grid.shape, 50.0, np.float32)
    data[:, :, 8:] = 1
    ct[:, :, 8:] = hu + 100 * np.arange(8)
    return Medium.from_map(TissueMap(grid, data, ("muscle", "bone_cortical"))), Field(grid, ct, Quantity.HOUNSFIELD)


BONE = CtTissue(
    tissues=("bone_cortical",), density="schneider-2000", sound_speed="webb-2018-ge-120-bone",
    attenuation="webb-2021-ge-120-bone", step=50,
)  # fmt: skip


def test_each_voxel_gets_the_value_of_its_ct_number() -> None:
    medium, ct = _bone_in_muscle()
    split = split_by_ct(medium, ct, (BONE,))
    speed = split.property_table(Property.SOUND_SPEED)[split.map.data]
    density = split.property_table(Property.DENSITY)[split.map.data]
    attenuation = split.property_table(Property.ATTENUATION)[split.map.data]
    hu = ct.data[0, 0, 8:]
    assert speed[0, 0, 8:] == pytest.approx(0.75 * hu + 1320)
    assert density[0, 0, 8:] == pytest.approx(1017 + 0.592 * hu)
    assert attenuation[0, 0, 8:] == pytest.approx(2600 * np.exp(-0.0016 * hu))
    muscle = medium.tissues[0]
    assert np.all(speed[:, :, :8] == muscle.value(Property.SOUND_SPEED))
    bone = medium.tissues[1]
    for tissue in split.tissues[2:]:
        assert tissue.value(Property.CONDUCTIVITY) == bone.value(Property.CONDUCTIVITY)
        assert tissue.known(Property.SOUND_SPEED).source.startswith("CT calibration webb-2018-ge-120-bone")
    assert np.count_nonzero(split.map.mask("bone_cortical")) == np.count_nonzero(medium.map.mask("bone_cortical"))


def test_voxels_outside_the_range_are_counted_and_refused() -> None:
    medium, ct = _bone_in_muscle(1000.0)
    with pytest.raises(OutOfRange, match=r"tissue 'bone_cortical'.*schneider-2000.*16 of 128 values.*to 1700"):
        split_by_ct(medium, ct, (BONE,))


def test_too_many_steps_are_refused() -> None:
    medium, ct = _bone_in_muscle()
    ct.data[:, :, 8:] = np.linspace(300, 1590, 128).reshape(4, 4, 8)
    fine = CtTissue(tissues=("bone_cortical",), density="schneider-2000", step=5)
    assert len(split_by_ct(medium, ct, (fine,)).tissues) <= 130
    wide = medium.map.data.copy()
    wide[:] = 1
    ct.data[:] = np.linspace(-90, 1590, 256).reshape(4, 4, 16)
    every = Medium.from_map(TissueMap(medium.grid, wide, medium.map.tissues))
    with pytest.raises(OutOfRange, match="larger step_hu"):
        split_by_ct(every, ct, (fine,))


def test_steps_of_one_tissue_are_drawn_together() -> None:
    """A patient whose bone is softer than the catalogue's has softer bone at every CT number."""
    medium, ct = _bone_in_muscle()
    split = split_by_ct(medium, ct, (BONE,))
    drawn = draw_tissues(split, seed=3)
    ratios = [
        drawn.tissues[t.name].value(Property.DENSITY) / t.value(Property.DENSITY)
        for t in split.tissues
        if "@" in t.name
    ]
    assert len(ratios) == 8
    assert ratios == pytest.approx([ratios[0]] * 8)
    assert ratios[0] != 1


def test_a_case_asks_for_it_by_name(tmp_path: Path) -> None:
    """Written, read back, in the medium and in what `case check` says; a case that does not ask keeps its hash."""
    from openhifu.imaging import bundled_case, describe, read_case
    from openhifu.imaging.case_file import read_case_text

    plain = read_case(bundled_case("liver"))
    folder = tmp_path / "liver"
    folder.mkdir()
    for file in plain.folder.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    text = (folder / "case.toml").read_text(encoding="utf-8")
    asked = '\n[[ct_calibration]]\ntissues = ["bone_cortical"]\ndensity = "schneider-2000"\nstep_hu = 100\n'
    (folder / "case.toml").write_text(text + asked, encoding="utf-8")
    found = read_case(folder)
    assert found.case.content_hash != plain.case.content_hash
    assert "ct_tissues" not in plain.case.data()
    again = read_case_text((folder / "case.toml").read_text(encoding="utf-8"), "x").case("x")
    assert again == found.case
    density = found.medium().property_table(Property.DENSITY)
    bone = found.tissues.mask("bone_cortical")
    here = density[found.medium().map.data[bone]]
    expected = ct_calibration("schneider-2000").values(np.asarray(found.ct.data[bone], float))
    assert np.max(np.abs(here - expected)) < 0.592 * 100  # within one step
    assert np.mean(here - expected) == pytest.approx(0, abs=0.01)
    assert any("bone_cortical by its CT numbers: density" in o.sentence for o in describe(found))
    assert np.array_equal(anatomy(found, 0.8e6).way, anatomy(plain, 0.8e6).way)
    (folder / "case.toml").write_text(text + asked.replace("schneider-2000", "schneider-2001"), encoding="utf-8")
    with pytest.raises((UnknownName, FormatError), match="schneider-2000"):
        read_case(folder)
