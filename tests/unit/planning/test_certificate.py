"""What a limit costs, against the course found from scratch with that limit wider."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from openhifu.model.limits import OrganLimit
from openhifu.planning.certificate import WIDER, certify
from openhifu.planning.optimise import optimise
from openhifu.planning.task import Task
from tests.unit.planning.test_optimise import CAP, POINTS, task


def within(dose: float, resume: float = 42.0) -> Task:
    """Three spots beside an organ that is near them and may get little."""
    plain = task()
    limit = OrganLimit(organ="organ", cem43_max=dose, resume_below=resume, source="for a test")
    return replace(plain, organs={"organ": (POINTS[..., 1] > 4e-3, limit)}, look=0.5)


def test_the_price_of_a_dose_limit_agrees_with_a_search_from_scratch() -> None:
    tight, wide = within(DOSE, 44.0), within((1 + WIDER) * DOSE, 44.0)
    found, other = optimise(tight), optimise(wide)
    prices = {r.limit: r for r in certify(tight, found)}
    assert "dose of organ" in prices
    saved = found.treatment.total_time - other.treatment.total_time
    assert prices["dose of organ"].time_saved > 0
    assert prices["dose of organ"].time_saved == pytest.approx(saved, rel=0.5)


DOSE = 0.1  # min; what the three spots reach where nothing is waited for is twice as much


def test_a_course_far_from_every_limit_has_only_the_shortest_pause_to_gain() -> None:
    free = replace(within(500.0, resume=50.0), ceiling=200.0, caps=np.full(3, 10 * CAP))
    bound = certify(free, optimise(free))
    assert [r.limit for r in bound] == ["shortest pause"]
    assert bound[0].time_saved == pytest.approx(3 * WIDER * free.least_pause, abs=0.2)
    assert "4 s instead of 5 s" in bound[0].sentence
