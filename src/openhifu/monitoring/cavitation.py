"""Cavitation heard by a passive receiver: the trace, the verdict, and what every detector promises."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import OutOfRange


@dataclass(frozen=True, eq=False)
class ReceiveTrace:
    """A stretch of sound from a hydrophone or a passive receiver.

    Attributes:
        samples: real, any linear unit.
        sample_rate: Hz.
        at: when it began [s].

    Raises:
        OutOfRange: if it is no line of finite numbers or the rate is not positive.
    """

    samples: NDArray[np.floating]
    sample_rate: float
    at: float

    def __post_init__(self) -> None:
        """Check the numbers."""
        if self.samples.ndim != 1 or not np.all(np.isfinite(self.samples)) or not 0 < self.sample_rate < math.inf:
            raise OutOfRange("a receive trace needs one line of finite samples and a positive sample rate")


@dataclass(frozen=True, slots=True)
class CavitationReading:
    """A verdict on one trace.

    Attributes:
        at: s.
        stable: whether bubbles oscillate: a line at half the drive frequency or an odd multiple of it.
        inertial: whether bubbles collapse: noise between the lines has risen.
        subharmonic: highest of those lines over the noise beside it [dB].
        broadband: noise between the lines over that without output [dB].
    """

    at: float
    stable: bool
    inertial: bool
    subharmonic: float
    broadband: float


class CavitationDetector(Protocol):
    """Judges traces one by one.

    What every detector promises: without cavitation, each of the two verdicts is wrong in a share
    ``false_alarm_rate`` of the traces, however strong the drive and its harmonics are; a gain common to reference and
    trace changes nothing; a verdict depends on nothing but its trace.
    """

    @property
    def false_alarm_rate(self) -> float:
        """Of each verdict, per trace."""
        ...

    def judge(self, trace: ReceiveTrace) -> CavitationReading:
        """What a trace tells.

        Raises:
            OutOfRange: if its sample rate is another one, or it is too short.
        """
        ...
