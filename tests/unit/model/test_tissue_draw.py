"""A patient's tissue: within the published ranges, around the nominal values, the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest

from openhifu.base.frames import Frame
from openhifu.base.grid import Grid
from openhifu.model.catalogue import tissue
from openhifu.model.medium import Medium
from openhifu.model.tissue import Known, Property
from openhifu.model.tissue_draw import draw_tissues
from openhifu.model.tissuemap import TissueMap


def medium(*names: str) -> Medium:
    data = np.arange(len(names), dtype=np.uint8).reshape(-1, 1, 1)
    grid = Grid(data.shape, np.diag([1e-3, 1e-3, 1e-3, 1.0]), Frame.PATIENT)
    return Medium(TissueMap(grid, data, names), tuple(tissue(n) for n in names))


LAYERS = medium("water", "fat", "muscle", "liver", "bone_cortical")


def test_every_draw_lies_in_its_range_and_is_on_record() -> None:
    draw = draw_tissues(LAYERS, seed=3)
    assert set(draw.tissues) == {"fat", "muscle", "liver", "bone_cortical"}
    recorded = {(d.tissue, d.property): d for d in draw.record.values}
    for name, drawn in draw.tissues.items():
        for prop in Property:
            before, after = tissue(name).values[prop], drawn.values[prop]
            if not isinstance(before, Known) or before.low == before.high:
                assert after == before
                assert (name, prop) not in recorded
                continue
            assert isinstance(after, Known)
            assert before.low <= after.nominal <= before.high
            assert recorded[name, prop].drawn == after.nominal
            assert recorded[name, prop].nominal == before.nominal
            assert "seed 3" in after.source
    assert draw.record.seed == 3


def test_the_same_seed_draws_the_same_and_another_another() -> None:
    assert draw_tissues(LAYERS, 5).record == draw_tissues(LAYERS, 5).record
    assert draw_tissues(LAYERS, 5).record.values != draw_tissues(LAYERS, 6).record.values


def test_a_tissue_more_changes_no_other_draw() -> None:
    few, more = draw_tissues(medium("liver"), 7), draw_tissues(medium("skin", "liver"), 7)
    assert few.tissues["liver"] == more.tissues["liver"]


def test_what_does_not_occur_is_not_drawn() -> None:
    absent = Medium(
        TissueMap(LAYERS.grid, np.zeros(LAYERS.grid.shape, np.uint8), ("fat", "liver")), LAYERS.tissues[1:4:2]
    )
    assert set(draw_tissues(absent, 1).tissues) == {"fat"}


def test_only_what_is_asked_for_is_drawn() -> None:
    draw = draw_tissues(LAYERS, 1, frozenset({Property.ATTENUATION}))
    assert {d.property for d in draw.record.values} == {Property.ATTENUATION}
    assert draw.tissues["liver"].values[Property.DENSITY] == tissue("liver").values[Property.DENSITY]


@pytest.mark.parametrize(("prop", "logarithmic"), [(Property.ATTENUATION, True), (Property.SOUND_SPEED, False)])
def test_draws_follow_the_triangular_law(prop: Property, logarithmic: bool) -> None:
    """Mean of a triangular distribution: (low + mode + high) / 3, in the logarithm where that is drawn."""
    known = tissue("liver").known(prop)
    liver = medium("liver")
    scale = np.log if logarithmic else np.asarray
    values = scale([draw_tissues(liver, s, frozenset({prop})).tissues["liver"].value(prop) for s in range(600)])
    low, mode, high = (float(scale(v)) for v in (known.low, known.nominal, known.high))
    deviation = np.sqrt((low**2 + mode**2 + high**2 - low * mode - low * high - mode * high) / 18)
    assert np.mean(values) == pytest.approx((low + mode + high) / 3, abs=4 * deviation / np.sqrt(600))
    assert np.std(values) == pytest.approx(deviation, rel=0.15)


def test_the_patient_in_the_middle_has_as_many_draws_below_as_above() -> None:
    here = medium("fat", "muscle", "skin", "liver")
    middle = draw_tissues(here, None)
    assert middle.record.seed is None
    assert middle.record.rule.startswith("median of")
    several = [draw_tissues(here, seed).record.values for seed in range(400)]
    for n, value in enumerate(middle.record.values):
        below = np.mean([draws[n].drawn < value.drawn for draws in several])
        assert below == pytest.approx(0.5, abs=0.1), (value.tissue, value.property)
        assert value.low <= value.drawn <= value.high
