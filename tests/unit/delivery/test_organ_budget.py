"""The measured dose of organs at risk: added up, spread over the exposures that are left, and never passed over."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhifu.base.outcome import Ending
from openhifu.delivery.authorisation import Rehearsal
from openhifu.delivery.folds import delivered_spots
from openhifu.delivery.measured_dose import cem43
from openhifu.delivery.organ_budget import CEASE_TIME, LIGHTEST, LOWEST, OrganBudget
from openhifu.delivery.organ_watch import OrganWatch
from openhifu.delivery.program import program
from openhifu.delivery.steps import Ask, Cool, OrganState, Sonicate, StepResult
from openhifu.model.events import Reading, RunEnded, SonicationEnded
from openhifu.model.limits import DoseControl, OrganAtRisk
from openhifu.model.plan import OrganPrediction, TreatmentPlan
from tests.unit.delivery.bench import PointPatient, deliver, plan
from tests.unit.delivery.test_dose_control import CONTROL, steered

LIMIT = 4.0
"""CEM43 [min] of ribs that the point patient's would pass."""


def ribs() -> OrganAtRisk:
    return steered().organs[0]


def with_limit(minutes: float, spots: int, control: DoseControl | None = CONTROL) -> TreatmentPlan:
    """The steered plan, its ribs with a limit of their own."""
    of = steered(spots=spots, control=control)
    organ = of.organs[0].model_copy(update={"limit": of.organs[0].limit.model_copy(update={"cem43_max": minutes})})
    return of.model_copy(update={"organs": (organ,)})


def state(dose: float, temperature: float = 40.0) -> tuple[OrganState, ...]:
    return (OrganState(organ=ribs().name, temperature=temperature, dose=dose),)


@given(st.lists(st.tuples(st.floats(0.1, 20.0), st.floats(37.0, 60.0)), min_size=2, max_size=30))
def test_the_dose_of_readings_is_that_of_the_definition(steps: list[tuple[float, float]]) -> None:
    watch, at = OrganWatch(1), 0.0
    readings = []
    for lasted, value in steps:
        at += lasted
        readings.append((at, value))
        watch.add(at, [("ribs", value)])
    (found,) = watch.states()
    # the definition counts from 37 degC at 0 s; the watch from the first reading on
    before = cem43(readings[:1])
    assert found.dose == pytest.approx(cem43(readings) - before, rel=1e-9, abs=1e-12)


def test_noise_adds_little_to_the_dose() -> None:
    """A kelvin of noise on 45 degC: the mean of three reads a few per cent too much, single readings a sixth."""
    noise = np.random.default_rng(1).normal(0.0, 1.0, 4000)
    found = []
    for readings in (3, 1):
        watch = OrganWatch(readings)
        for n, error in enumerate(noise):
            watch.add(float(n), [("ribs", 45.0 + error)])
        found.append(watch.states()[0].dose / (4.0 * 3999 / 60))
    assert 1.0 < found[0] < 1.08
    assert found[1] > 1.14


def test_warmth_is_the_mean_of_the_last_readings_and_nothing_is_cool_without_them() -> None:
    watch = OrganWatch(3)
    assert watch.warmer([("ribs", 60.0)]) == ("ribs",)
    for n, value in enumerate((50.0, 40.0, 41.0, 42.0)):
        assert watch.warmer([("ribs", 60.0)]) == (("ribs",) if n < 3 else ())
        watch.add(float(n), [("ribs", value)])
    assert watch.warmer([("ribs", 41.1)]) == ()
    assert watch.warmer([("ribs", 41.0)]) == ("ribs",)
    assert watch.warmer([("skin", 60.0)]) == ("skin",), "an organ that was never read is not cool"


def test_a_reading_that_is_no_number_adds_no_dose_and_is_not_cool() -> None:
    watch = OrganWatch(2)
    for n, value in enumerate((50.0, math.nan, 50.0)):
        watch.add(float(n), [("ribs", value)])
    assert watch.states()[0].dose == 0.0
    assert watch.warmer([("ribs", 99.0)]) == ("ribs",)


def test_the_dose_of_an_interrupted_run_counts(tmp_path: Path) -> None:
    bench = deliver(tmp_path / "j", Rehearsal(steered()), PointPatient(rib_share=0.4))
    once, twice = ({s.organ: s.dose for s in OrganWatch(1, bench.journal.events * n).states()} for n in (1, 2))
    assert once["ribs"] == pytest.approx(_doses(bench.journal.events)["ribs"], rel=1e-6)
    assert twice["ribs"] == pytest.approx(2 * once["ribs"])


def _doses(events: tuple) -> dict[str, float]:
    readings = [e.what for e in events if isinstance(e.what, Reading)]
    names = [o.region for o in readings[0].organs]
    found = {}
    for n, name in enumerate(names):
        points = [(r.measured_at, r.organs[n].hottest) for r in readings]
        found[name] = cem43([(t - points[0][0] + 1e-12, v) for t, v in points])
    return found


@given(st.lists(st.tuples(st.floats(0, 3.0), st.floats(37, 60)), min_size=1, max_size=40), st.floats(0.1, 1.0))
def test_levels_stay_between_what_a_pause_can_reach_and_what_the_plan_allows(
    course: list[tuple[float, float]], share: float
) -> None:
    organ, dose = ribs(), 0.0
    budget = OrganBudget([organ], share, len(course))
    for n, (used, warmth) in enumerate(course):
        assert LIGHTEST <= budget.begin(state(dose, warmth)) <= 1
        dose += used
        budget.end(state(dose, warmth + 2), len(course) - n - 1)
        ((_, level),) = budget.levels()
        assert LOWEST <= level <= organ.limit.resume_below
        assert bool(budget.used_up()) == (dose >= 0.9 * share * organ.limit.cem43_max)


def test_what_used_twice_its_share_starts_a_kelvin_colder() -> None:
    organ = ribs()
    budget = OrganBudget([organ], 1.0, 10)
    budget.begin(state(0.0, 41.0))
    used = 2 * organ.limit.cem43_max / 11  # twice what then is left to each of the nine others
    budget.end(state(used, 46.0), 9)
    assert budget.left(organ.name) / 9 == pytest.approx(used / 2)
    assert budget.levels()[0][1] == pytest.approx(40.0)


def test_the_worst_of_the_last_exposures_decides() -> None:
    organ = ribs()
    budget = OrganBudget([organ], 1.0, 20)
    dose = 0.0
    for n, used in enumerate((24.0, 1.0, 1.0)):
        budget.begin(state(dose, 41.0))
        dose += used
        budget.end(state(dose, 46.0), 19 - n)
    share = (organ.limit.cem43_max - dose) / 17
    assert budget.levels()[0][1] == pytest.approx(41.0 + math.log2(share / 24.0))


def test_what_no_pause_made_cold_enough_is_heated_less() -> None:
    """A kelvin too warm, where a whole exposure adds ten: a tenth less of it."""
    organ = ribs()
    budget = OrganBudget([organ], 1.0, 10)
    assert budget.begin(state(0.0, 40.0)) == 1.0
    used = 2 * organ.limit.cem43_max / 11
    budget.end(state(used, 50.0), 9)
    assert budget.begin(state(used, 40.0)) == pytest.approx(0.9)
    budget.end(state(1.5 * used, 49.0), 8)  # nine tenths added nine kelvin
    assert budget.begin(state(1.5 * used, 37.0)) == 1.0


def test_readings_may_add_up_to_more_than_a_place_gets_as_exposures_move_on() -> None:
    organ = ribs()
    expected = OrganPrediction(
        organ=organ.name, peak_temperature=45.0, cem43_max=10.0, volume_over_limit=0.0, reading_cem43=30.0
    )
    budget = OrganBudget([organ], 0.5, 10, expected=[expected])
    place = 0.5 * organ.limit.cem43_max
    assert budget.left(organ.name) == pytest.approx(place)
    for n in range(10):
        budget.begin(state(0.0))
        budget.end(state(0.0), 9 - n)
        assert budget.left(organ.name) == pytest.approx(place * (1 + 2 * (n + 1) / 10))


def test_a_resume_goes_on_where_the_earlier_runs_ended() -> None:
    """What earlier runs used counts, as theirs and not as that of the first exposure; their exposures were given."""
    organ = ribs()
    expected = OrganPrediction(
        organ=organ.name, peak_temperature=45.0, cem43_max=10.0, volume_over_limit=0.0, reading_cem43=30.0
    )
    before = 0.9 * organ.limit.cem43_max
    budget = OrganBudget([organ], 1.0, 10, 5, [expected])
    budget.begin(state(before, 41.0))
    assert budget.left(organ.name) == pytest.approx(2.0 * organ.limit.cem43_max - before)
    assert budget.used_up() == ()
    budget.end(state(before + 1.0, 46.0), 4)
    share = (3.0 * organ.limit.cem43_max - before - 1.0) / 4
    assert budget.levels()[0][1] == pytest.approx(min(41.0 + math.log2(share), organ.limit.resume_below))


def test_an_exposure_ends_when_going_on_would_use_up_the_rest() -> None:
    organ = ribs()
    budget = OrganBudget([organ], 1.0, 10)
    budget.see(state(organ.limit.cem43_max - 1.0))
    ((_, level),) = budget.cease_above()
    assert cem43([(1e-9, level), (CEASE_TIME, level)]) == pytest.approx(1.0, rel=1e-6)
    budget.see(state(organ.limit.cem43_max))
    assert budget.used_up() == (organ.name,)
    assert budget.cease_above()[0][1] < 37.0


def test_pauses_grow_when_an_organ_uses_more_than_its_share_and_only_as_long_as_there_is_time() -> None:
    of = with_limit(25.0, spots=3)
    steps = program(of)
    result: StepResult | None = None
    pauses: list[Cool] = []
    dose = 0.0
    for _ in range(200):
        try:
            step = next(steps) if result is None else steps.send(result)
        except StopIteration:
            break
        dose += 5.0 if isinstance(step, Sonicate) else 0.0
        full = tuple((t, 57.0) for t in (2.0, 4.0, 6.0, 8.0))
        shot = {"power": 40.0, "on_time": 8.0, "target": full, "dose": 1e4} if isinstance(step, Sonicate) else {}
        answer = {"answer": step.choices[0]} if isinstance(step, Ask) else {}
        result = StepResult(elapsed=100.0, organs=state(dose, 41.5), **shot, **answer)  # type: ignore[arg-type]
        if isinstance(step, Cool) and step.reason == "between exposures":
            pauses.append(step)
    first, second, last = pauses
    assert first.wished_below[0][1] < of.organs[0].limit.resume_below
    assert first.wished_for > first.duration
    assert first.resume_below == ((of.organs[0].name, of.organs[0].limit.resume_below),)
    assert last.wished_below == () and last.wished_for == 0.0, "after the last exposure there is nothing to wait for"


def test_a_plan_without_control_knows_no_budget(tmp_path: Path) -> None:
    bench = deliver(tmp_path / "j", Rehearsal(plan(spots=2)), PointPatient(rib_share=0.4))
    assert bench.ending is Ending.COMPLETED
    assert len(delivered_spots(bench.journal.events)) == 2


def test_the_rest_is_left_out_when_an_organ_has_had_what_it_may(tmp_path: Path) -> None:
    """Ribs that get more than half of every rise use up their share; what is left is not given, and the run says so."""
    bench = deliver(tmp_path / "j", Rehearsal(with_limit(LIMIT, 12)), PointPatient(rib_share=0.6))
    events = [e.what for e in bench.journal.events]
    given_ = delivered_spots(bench.journal.events)
    last = events[-1]
    assert isinstance(last, RunEnded) and last.ending is Ending.INTERLOCK
    assert "ribs" in last.sentence and "are left out" in last.sentence
    assert 0 < len({s.index for s in given_}) < 12
    assert _doses(bench.journal.events)["ribs"] <= LIMIT
    assert all(e.ending is Ending.COMPLETED for e in events if isinstance(e, SonicationEnded))


def test_the_budget_keeps_the_limit_that_open_loop_exceeds(tmp_path: Path) -> None:
    """Warmth builds up over exposures: planned pauses exceed the ribs' limit, budgeted ones keep it."""
    patient = {"rib_share": 0.4, "forgets": False}
    opened = deliver(tmp_path / "open", Rehearsal(with_limit(LIMIT, 8, None)), PointPatient(**patient))  # type: ignore[arg-type]
    closed = deliver(tmp_path / "closed", Rehearsal(with_limit(LIMIT, 8)), PointPatient(**patient))  # type: ignore[arg-type]
    assert _doses(opened.journal.events)["ribs"] > LIMIT
    assert _doses(closed.journal.events)["ribs"] <= LIMIT
    assert len({s.index for s in delivered_spots(closed.journal.events)}) >= 4
