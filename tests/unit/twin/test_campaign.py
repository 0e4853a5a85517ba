"""The fault campaign: nothing that must never happen happens, and it would be seen if it did."""

from __future__ import annotations

import pytest

from openhifu.delivery import engine, program
from openhifu.delivery.journal import Journal
from openhifu.delivery.output import Output
from openhifu.delivery.states import State
from openhifu.model.events import Happening, SonicationStarted
from openhifu.twin import campaign
from openhifu.twin.bad_day import bad_day, variants
from openhifu.twin.campaign import COUNTS, CampaignReport, calm_days, one_treatment, run_campaign


def test_a_hundred_bad_days() -> None:
    report = run_campaign(range(100), workers=1)
    assert set(report.counts) == set(COUNTS)
    assert report.ok, report.failures
    assert report.treatments == 100
    assert report.resumed > 50
    assert set(report.endings) == {"completed", "fault", "interlock", "killed", "operator stop", "patient stop"}
    assert CampaignReport.from_data(report.data(), "itself") == report


def test_every_day_has_its_disturbance_and_the_same_seed_makes_the_same_day() -> None:
    for seed in range(200):
        day = bad_day(seed, calm_days())
        assert day.kinds
        again = bad_day(seed, calm_days())
        assert (day.kinds, day.plan, day.killed_at, day.disk_room) == (
            again.kinds,
            again.plan,
            again.killed_at,
            again.disk_room,
        )
    assert [one_treatment(s).ending for s in range(20)] == [one_treatment(s).ending for s in range(20)]


def test_the_treatments_that_are_disturbed_go_through_every_state() -> None:
    states = {pair[0] for calm in calm_days() for pair in calm.pairs}
    nothing_is_asked_in = {State.IDLE, State.ARMED}
    assert set(State) - states == nothing_is_asked_in
    assert len(variants()) == len(calm_days())


@pytest.mark.parametrize(
    "seed",
    [
        21250,  # a renewal hangs for 0.15 s and is carried out, and the off after it hangs as long
        29402,  # 400 W in the place of 18 W for 50 ms, and a disk that fails before the end can be written
        32416,  # the engine's clock goes back 0.58 s and off lies: what struck is timed by the machine's clock
        3496,  # the thermometer jumps and uses up the ribs' dose: what is left out is no completed treatment
        8485,  # the thermometer lies, before anything was fired
    ],
)
def test_days_that_once_failed(seed: int) -> None:
    outcome = one_treatment(seed)
    assert outcome.kinds
    assert outcome.found == []


def counts_of(seeds: range) -> dict[str, int]:
    return run_campaign(seeds, workers=1).counts


def test_a_generator_without_a_lease_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    end = property(lambda burst: min(burst.timer, burst.off_at))
    monkeypatch.setattr("openhifu.twin.generator._Burst.end", end)
    assert counts_of(range(60))["beyond_lease"] > 0


def test_an_engine_that_does_not_write_before_it_fires_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    append = Journal.append

    def forgetful(self: Journal, what: Happening) -> object:
        return self.note(what) if isinstance(what, SonicationStarted) else append(self, what)

    monkeypatch.setattr(Journal, "append", forgetful)
    assert counts_of(range(60))["unjournalled"] > 0


def test_an_engine_that_repeats_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "begun", lambda events: frozenset())
    monkeypatch.setattr(engine, "require_allowed", lambda *arguments: None)
    counts = counts_of(range(60))
    assert counts["repeated"] > 0
    assert counts["resume_wrong"] > 0


def test_an_engine_that_does_not_switch_off_on_a_stop_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Output, "off", lambda self: None)
    counts = counts_of(range(100))
    assert counts["beyond_lease"] > 0


def test_an_engine_that_calls_every_ending_completed_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "ending_of", lambda error: (engine.Ending.COMPLETED, "fine"))
    assert counts_of(range(30))["wrong_ending"] > 0


def test_workers_find_the_same(tmp_path: object) -> None:
    alone, together = run_campaign(range(50), 1), run_campaign(range(50), 2)
    assert alone.endings == together.endings
    assert calm_days()[0].duration > 0
    assert campaign.RULES.people_patience < 10
