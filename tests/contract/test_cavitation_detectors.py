"""What every cavitation detector must do."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from openhifu.base.errors import OutOfRange
from openhifu.monitoring.cavitation import CavitationDetector, ReceiveTrace
from openhifu.monitoring.spectral_cavitation import SpectralDetector
from openhifu.twin.receiver import Bubbles, Receiver, ReceiverModel

MODEL = ReceiverModel(0.8e6, 10e6, (0.2e6, 4.5e6), (100.0, 30.0, 10.0, 4.0), 1.0, 2.0, 1e-4)


def silence(receiver: Receiver) -> list[ReceiveTrace]:
    return [receiver.trace(2e-3, 0.0, radiating=False) for _ in range(20)]


def spectral(reference: list[ReceiveTrace]) -> CavitationDetector:
    return SpectralDetector(MODEL.drive, reference, 1e-3, (0.5e6, 4e6))


Make = Callable[[list[ReceiveTrace]], CavitationDetector]


@pytest.fixture(params=[spectral], ids=lambda make: make.__name__)
def make(request: pytest.FixtureRequest) -> Make:
    return request.param


def verdicts(make: Make, bubbles: Bubbles, gain: float = 1.0, repeats: int = 10) -> list[tuple[bool, bool]]:
    receiver = Receiver(MODEL, 3)
    detector = make([ReceiveTrace(gain * t.samples, t.sample_rate, t.at) for t in silence(receiver)])
    traces = [receiver.trace(2e-3, float(n), True, bubbles) for n in range(repeats)]
    readings = [detector.judge(ReceiveTrace(gain * t.samples, t.sample_rate, t.at)) for t in traces]
    return [(r.stable, r.inertial) for r in readings]


def test_a_strong_drive_with_harmonics_is_no_cavitation(make: Make) -> None:
    assert verdicts(make, Bubbles()) == [(False, False)] * 10


def test_oscillating_bubbles_are_stable_cavitation_only(make: Make) -> None:
    assert verdicts(make, Bubbles(stable=1.0)) == [(True, False)] * 10


def test_collapsing_bubbles_are_inertial_cavitation_only(make: Make) -> None:
    assert verdicts(make, Bubbles(inertial=3.0)) == [(False, True)] * 10


def test_both_are_told_at_once(make: Make) -> None:
    assert verdicts(make, Bubbles(stable=5.0, inertial=3.0)) == [(True, True)] * 10


@pytest.mark.parametrize("gain", [1e-6, 1e6])
def test_the_receivers_gain_does_not_matter(make: Make, gain: float) -> None:
    bubbles = Bubbles(stable=0.3, inertial=0.5)
    assert verdicts(make, bubbles, gain) == verdicts(make, bubbles)


def test_a_verdict_depends_on_nothing_but_its_trace(make: Make) -> None:
    receiver = Receiver(MODEL, 4)
    detector = make(silence(receiver))
    quiet = receiver.trace(2e-3, 1.0, radiating=True)
    before = detector.judge(quiet)
    detector.judge(receiver.trace(2e-3, 2.0, True, Bubbles(5.0, 5.0)))
    assert detector.judge(quiet) == before
    assert 0 < detector.false_alarm_rate < 1


def test_short_or_foreign_traces_are_refused(make: Make) -> None:
    detector = make(silence(Receiver(MODEL, 5)))
    with pytest.raises(OutOfRange, match="shorter than a segment"):
        detector.judge(ReceiveTrace(np.zeros(100), MODEL.sample_rate, 0.0))
    with pytest.raises(OutOfRange, match="samples/s"):
        detector.judge(ReceiveTrace(np.zeros(20000), 5e6, 0.0))
    with pytest.raises(OutOfRange, match="finite"):
        ReceiveTrace(np.array([0.0, np.nan]), 1e6, 0.0)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"false_alarm_rate": 0.0}, "false-alarm rate"),
        ({"drive": 2.5e6}, "told apart"),
        ({"cycles": 32}, "told apart"),
        ({"band": (4.4e6, 4.41e6)}, "between the lines"),
        ({"reference": []}, "reference"),
    ],
)
def test_settings_that_cannot_work_are_refused(arguments: dict, words: str) -> None:
    settings = {
        "drive": MODEL.drive,
        "reference": silence(Receiver(MODEL, 6)),
        "false_alarm_rate": 0.01,
        "band": (0.5e6, 4e6),
    }
    with pytest.raises(OutOfRange, match=words):
        SpectralDetector(**{**settings, **arguments})


def test_bubbles_need_a_drive() -> None:
    with pytest.raises(OutOfRange, match="without a drive"):
        Receiver(MODEL, 7).trace(1e-3, 0.0, False, Bubbles(stable=1.0))
