"""Closed loop: an exposure ends on its measured dose, goes on or is topped up within limits, pauses for an organ."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from openhifu.base.errors import NotApproved
from openhifu.base.outcome import Ending
from openhifu.delivery.authorisation import Rehearsal, require_allowed
from openhifu.delivery.folds import delivered_spots
from openhifu.delivery.measured_dose import cem43, planned_cem43
from openhifu.delivery.program import program
from openhifu.delivery.steps import Arm, Ask, StepResult
from openhifu.model.events import Answered, Asked, Purpose, SonicationEnded, SonicationStarted
from openhifu.model.limits import DoseControl
from openhifu.model.plan import TreatmentPlan
from tests.unit.delivery.bench import Bench, PointPatient, deliver, device, plan, titration

CONTROL = DoseControl(share=1.0, repeat_below=0.5, longest=1.4, most_repeats=1, organ_share=0.8)
FIXED = titration().model_copy(update={"lowest_scale": 1.0, "highest_scale": 1.0})
"""No help from the power: what remains is control of the time."""


def steered(spots: int = 2, control: DoseControl | None = CONTROL, **changed: float) -> TreatmentPlan:
    return plan(spots=spots, power=40.0, titrate=FIXED, control=control, **changed)  # type: ignore[arg-type]


def purposes(bench: Bench) -> list[tuple[int, Purpose]]:
    what = [e.what for e in bench.journal.events]
    return [(w.index, w.purpose) for w in what if isinstance(w, SonicationStarted)]


@given(st.floats(38.0, 70.0), st.floats(0.1, 20.0))
def test_constant_temperature_is_the_definition(temperature: float, minutes: float) -> None:
    ratio = 0.5 if temperature >= 43 else 0.25
    jump = [(1e-9, temperature), (60.0 * minutes, temperature)]
    assert cem43(jump) == pytest.approx(minutes * ratio ** (43 - temperature), rel=1e-6)


def test_a_ramp_is_the_sum_of_small_steps() -> None:
    """39 to 57 degC in 20 s, through the break of the rule."""
    n = 200_000
    levels = [39 + 18 * (i + 0.5) / n for i in range(n)]
    steps = sum((0.5 if t > 43 else 0.25) ** (43 - t) * (20.0 / n) / 60.0 for t in levels)
    assert cem43([(1e-9, 39.0), (20.0, 57.0)]) == pytest.approx(steps, rel=1e-6)


def test_the_planned_dose_is_that_of_the_growth_law() -> None:
    spot, n = steered().sonications[0], 100_000
    rise = spot.predicted_peak - 37.0
    curve = [37 + rise * math.log1p(8 * (i + 0.5) / n) / math.log1p(8.0) for i in range(n)]
    expected = sum((0.5 if t > 43 else 0.25) ** (43 - t) * (8.0 / n) / 60.0 for t in curve)
    assert planned_cem43(spot, FIXED) == pytest.approx(expected, rel=2e-3)


def test_a_patient_as_planned_gets_what_was_planned(tmp_path: Path) -> None:
    bench = deliver(tmp_path / "j", Rehearsal(steered()))
    assert bench.ending is Ending.COMPLETED
    for spot in delivered_spots(bench.journal.events):
        assert spot.on_time == pytest.approx(8.0, abs=1.1)  # one image a second


def test_a_patient_who_heats_more_is_exposed_shorter(tmp_path: Path) -> None:
    bench = deliver(tmp_path / "j", Rehearsal(steered()), PointPatient(factor=1.3))
    spots = delivered_spots(bench.journal.events)
    assert all(s.on_time < 5.5 and s.ending is Ending.COMPLETED for s in spots)
    ended = [e.what.sentence for e in bench.journal.events if isinstance(e.what, SonicationEnded)]
    assert all("measured in the target: enough" in s for s in ended[1:])
    assert purposes(bench) == [(0, Purpose.TEST), (0, Purpose.TREAT), (1, Purpose.TREAT)]


def test_a_patient_who_heats_less_is_exposed_longer_and_topped_up_within_the_limits(tmp_path: Path) -> None:
    bench = deliver(tmp_path / "j", Rehearsal(steered()), PointPatient(factor=0.75))
    spots = delivered_spots(bench.journal.events)
    assert purposes(bench)[1:5] == [(0, Purpose.TREAT), (0, Purpose.TOP_UP), (1, Purpose.TREAT), (1, Purpose.TOP_UP)]
    assert all(s.on_time <= 8.0 * 1.4 + 1e-6 for s in spots)
    assert spots[0].on_time == pytest.approx(11.2)
    assert bench.ending is Ending.COMPLETED


def test_what_still_got_too_little_is_given_once_more_after_a_person_approved_the_change(tmp_path: Path) -> None:
    bench = deliver(tmp_path / "j", Rehearsal(steered()), PointPatient(factor=0.75))
    assert purposes(bench)[5:] == [(0, Purpose.AGAIN), (1, Purpose.AGAIN)]
    asked = [e.what for e in bench.journal.events if isinstance(e.what, Asked | Answered)][-2:]
    assert isinstance(asked[0], Asked)
    assert isinstance(asked[1], Answered)
    assert "That changes the plan" in asked[0].question
    assert (asked[1].choice, bool(asked[1].by)) == ("approve the change", True)


def test_a_person_who_leaves_the_plan_as_it_is_ends_nothing_and_nothing_is_given_again() -> None:
    of = steered(spots=1)
    steps, told = program(of), []
    result: StepResult | None = None
    while True:
        try:
            step = next(steps) if result is None else steps.send(result)
        except StopIteration:
            break
        told.append(step)
        refuses = isinstance(step, Ask) and step.again
        result = StepResult(answer="leave it") if refuses else StepResult(power=40.0, on_time=8.0, dose=0.1)
    asked = [s for s in told if isinstance(s, Ask) and s.again]
    assert [s.again for s in asked] == [(0,)]
    assert told[-1] is asked[0]


def test_once_more_without_approval_is_refused_whatever_the_program_says() -> None:
    of = steered()
    step = Arm(index=1, purpose=Purpose.AGAIN, focus=of.sonications[1].focus, power=40.0, on_time=8.0)
    require_allowed(of, device(), step, 0.0, 0, frozenset({1}))
    with pytest.raises(NotApproved, match="nobody approved"):
        require_allowed(of, device(), step, 0.0, 0, frozenset({0}))
    with pytest.raises(NotApproved, match="begun 1 times"):
        require_allowed(of, device(), step, 0.0, 1, frozenset({1}))


def test_without_control_nothing_is_longer_and_nothing_is_topped_up(tmp_path: Path) -> None:
    bench = deliver(tmp_path / "j", Rehearsal(steered(control=None)), PointPatient(factor=0.75))
    assert [s.on_time for s in delivered_spots(bench.journal.events)] == pytest.approx([8.0, 8.0])
    assert Purpose.TOP_UP not in {p for _, p in purposes(bench)}


def test_an_organ_that_warms_up_ends_the_exposure_for_a_pause_and_the_rest_follows(tmp_path: Path) -> None:
    """The ribs ask for a pause before going on would use up their dose, before their interlock trips."""
    of = steered(spots=1)
    ribs = of.organs[0].model_copy(update={"limit": of.organs[0].limit.model_copy(update={"cem43_max": 1.0})})
    bench = deliver(tmp_path / "j", Rehearsal(of.model_copy(update={"organs": (ribs,)})), PointPatient(rib_share=0.5))
    ended = [e.what for e in bench.journal.events if isinstance(e.what, SonicationEnded)]
    assert [e.purpose for e in ended][:3] == [Purpose.TEST, Purpose.TREAT, Purpose.TOP_UP]
    assert "ribs reads" in ended[1].sentence
    assert all(e.ending is Ending.COMPLETED for e in ended)
    kinds = bench.kinds()
    between = kinds[kinds.index("sonication ended") + 1 :]
    assert "cooling" in between


def test_after_a_trip_nothing_is_topped_up_until_a_person_approves(tmp_path: Path) -> None:
    from tests.unit.delivery.test_endings import quiet

    model = quiet(moves_at=18.0, displacement=5e-3)
    bench = deliver(tmp_path / "j", Rehearsal(steered(spots=1)), PointPatient(factor=0.75), model)
    cut, again = delivered_spots(bench.journal.events)
    assert (cut.ending, again.ending) == (Ending.INTERLOCK, Ending.COMPLETED)
    assert [p for _, p in purposes(bench)] == [Purpose.TEST, Purpose.TREAT, Purpose.AGAIN]
    what = [e.what for e in bench.journal.events]
    approved = next(n for n, w in enumerate(what) if isinstance(w, Answered) and w.choice == "approve the change")
    given = next(n for n, w in enumerate(what) if isinstance(w, SonicationStarted) and w.purpose is Purpose.AGAIN)
    assert approved < given


def test_more_or_longer_than_the_plan_allows_is_refused_whatever_the_program_says() -> None:
    of, focus = steered(), steered().sonications[0].focus
    top_up = Arm(index=0, purpose=Purpose.TOP_UP, focus=focus, power=40.0, on_time=8.0)
    require_allowed(of, device(), top_up, 0.0, before=0)
    for step, before, words in (
        (top_up, 1, "begun 1 times"),
        (top_up.model_copy(update={"purpose": Purpose.TREAT}), 1, "begun 1 times"),
        (top_up.model_copy(update={"on_time": 11.3}), 0, "on-time"),
        (top_up.model_copy(update={"purpose": Purpose.TEST, "on_time": 8.1}), 0, "on-time"),
    ):
        with pytest.raises(NotApproved, match=words):
            require_allowed(of, device(), step, 0.0, before)
    with pytest.raises(NotApproved, match="begun 0 times"):
        require_allowed(steered(control=None), device(), top_up, 0.0)


def test_control_without_a_growth_law_is_refused() -> None:
    with pytest.raises(ValidationError, match="titration"):
        plan(control=CONTROL)
