"""Bubbles in the beam: the power is lowered where the dose is controlled, an interlock trips where it is not."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import pytest

from openhifu.base.outcome import Ending
from openhifu.delivery.authorisation import Rehearsal
from openhifu.delivery.folds import quiet_power
from openhifu.delivery.journal import JournalReading, read_journal
from openhifu.delivery.program import history
from openhifu.delivery.protocols import SoundReading
from openhifu.model.events import InterlockTripped, Purpose, SonicationEnded, SonicationStarted
from openhifu.model.plan import TreatmentPlan
from openhifu.twin.heard import EarModel, Heard
from openhifu.twin.machine import Ear, Senses
from openhifu.twin.rehearse import rehearse
from tests.unit.delivery.bench import QUIET, PointPatient, device, plan
from tests.unit.delivery.test_dose_control import steered


@dataclass
class Threshold:
    """Hears bubbles at and above a power; deaf, or repeating itself, from a moment on."""

    power: float
    deaf_from: float = math.inf
    stuck_from: float = math.inf

    def __call__(self, at: float, power: float) -> SoundReading:
        level = math.nan if at >= self.deaf_from else 0.0
        return SoundReading(min(at, self.stuck_from), False, power >= self.power, level)


def heard(path: Path, of: TreatmentPlan, ear: Ear) -> tuple[Ending, JournalReading]:
    run = rehearse(Rehearsal(of), device(), PointPatient(), path, 1, "test", model=QUIET, senses=Senses(ear=ear))
    return run.result.ending, read_journal(path)


def powers(reading: JournalReading) -> list[tuple[Purpose, float]]:
    return [(w.purpose, w.power) for e in reading.events if isinstance(w := e.what, SonicationStarted)]


def test_with_dose_control_the_rest_is_given_with_less_power(tmp_path: Path) -> None:
    ending, reading = heard(tmp_path / "j", steered(), Threshold(35.0))
    assert ending is Ending.COMPLETED
    test, first, *rest = powers(reading)
    assert (test[0], first) == (Purpose.TEST, (Purpose.TREAT, 40.0))
    assert rest
    assert all(power == pytest.approx(0.8 * 40.0) for _, power in rest)
    ended = [w for e in reading.events if isinstance(w := e.what, SonicationEnded)]
    assert [w.cavitated for w in ended] == [False, True, *(False for _ in rest)]
    assert "bubbles collapse" in ended[1].sentence
    assert ended[1].on_time < 2.0


def test_a_resumed_run_remembers_the_power_at_which_bubbles_collapsed(tmp_path: Path) -> None:
    of = steered()
    _, reading = heard(tmp_path / "j", of, Threshold(35.0))
    mean = next(w.mean_power for e in reading.events if isinstance(w := e.what, SonicationEnded) and w.cavitated)
    assert quiet_power(reading.events, 0.8) == pytest.approx(0.8 * mean)
    assert history(of, reading.events).quiet == pytest.approx(0.8 * mean)
    assert history(of, ()).quiet == math.inf


def test_without_dose_control_an_interlock_trips(tmp_path: Path) -> None:
    _, reading = heard(tmp_path / "j", plan(power=40.0), Threshold(35.0))
    tripped = {w.name for e in reading.events if isinstance(w := e.what, InterlockTripped)}
    assert tripped == {"cavitation"}
    cut = [w for e in reading.events if isinstance(w := e.what, SonicationEnded)]
    assert all(w.ending is Ending.INTERLOCK for w in cut)


@pytest.mark.parametrize(
    ("ear", "name"),
    [(Threshold(1e9, deaf_from=5.0), "cavitation"), (Threshold(1e9, stuck_from=5.0), "cavitation detector stale")],
)
@pytest.mark.parametrize("controlled", [False, True])
def test_ears_that_fail_trip(tmp_path: Path, ear: Threshold, name: str, controlled: bool) -> None:
    _, reading = heard(tmp_path / "j", steered() if controlled else plan(power=40.0), ear)
    assert name in {w.name for e in reading.events if isinstance(w := e.what, InterlockTripped)}


def test_the_spectral_detector_on_receive_traces_lowers_the_power(tmp_path: Path) -> None:
    ending, reading = heard(tmp_path / "j", steered(), Heard(EarModel(collapse_power=35.0, drive=1e6)))
    assert ending is Ending.COMPLETED
    assert [round(power) for _, power in powers(reading)][1:3] == [40, 32]


def test_the_spectral_detector_hears_nothing_where_nothing_collapses(tmp_path: Path) -> None:
    _, reading = heard(tmp_path / "j", steered(), Heard(EarModel(collapse_power=1e9, drive=1e6)))
    assert not any(w.cavitated for e in reading.events if isinstance(w := e.what, SonicationEnded))
