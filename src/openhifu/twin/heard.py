"""A rehearsal that listens: receive traces of the simulated receiver, judged by the spectral cavitation detector."""

from __future__ import annotations

from openhifu.base.record import Record
from openhifu.delivery.protocols import SoundReading
from openhifu.monitoring.spectral_cavitation import SpectralDetector
from openhifu.twin.receiver import SILENT, Bubbles, Receiver, ReceiverModel

_TRACE = 2e-3  # s of sound for one verdict
_REFERENCE_TRACES = 40
_COLLAPSE = Bubbles(stable=0.5, inertial=1.0)  # as loud as the weakest that the detector is tested on


class EarModel(Record):
    """The receiver of a rehearsal.

    Attributes:
        collapse_power: true acoustic power [W] at and above which bubbles collapse in this patient.
        drive: frequency of the therapy [Hz].
        false_alarm_rate: of the detector, per trace; one is judged about once a second.
        seed: of noise.
    """

    collapse_power: float
    drive: float
    false_alarm_rate: float = 1e-4
    seed: int = 1


class Heard:
    """An ``Ear``: bubbles collapse whenever there is more output than this patient stands.

    Args:
        model: receiver and patient.
    """

    def __init__(self, model: EarModel) -> None:
        """Record the silence that everything is compared with."""
        self._model, f = model, model.drive
        receiver = ReceiverModel(f, 12.5 * f, (0.25 * f, 5.6 * f), (100.0, 30.0, 10.0, 4.0, 2.0), 1.0, 2.0, 1e-4)
        self._receiver = Receiver(receiver, model.seed)
        silence = [self._receiver.trace(_TRACE, 0.0, radiating=False) for _ in range(_REFERENCE_TRACES)]
        self._detector = SpectralDetector(f, silence, model.false_alarm_rate, (0.6 * f, 5.0 * f))

    def __call__(self, at: float, power: float) -> SoundReading:
        """Listen for 2 ms; ``at`` is s, ``power`` the true acoustic W."""
        bubbles = _COLLAPSE if power >= self._model.collapse_power else SILENT
        judged = self._detector.judge(self._receiver.trace(_TRACE, at, power > 0, bubbles))
        return SoundReading(at, judged.stable, judged.inertial, judged.broadband)
