"""How a transducer is driven: total acoustic power, which elements are off, phases, and where it stands."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from openhifu.base.record import Record
from openhifu.model.pose import Pose
from openhifu.model.transducer import Transducer


class Drive(Record):
    """A continuous-wave excitation.

    Elements that are on move with normal velocities u in proportion to their amplitudes; acoustic power W is the sum of
    rho c u^2 / 2 times their areas (plane-wave load, the usual approximation for sources many wavelengths wide).

    Attributes:
        transducer: the device.
        acoustic_power: W through the surface of the elements that are on, in water.
        elements_off: numbers of the elements that are switched off.
        phases: rad per element (drive is Re{u exp(-i (omega t - phase))}); empty for all zero.
        amplitudes: of each element's normal velocity relative to the others'; empty for all alike. Only their ratios
            count: the power is ``acoustic_power``.
        pose: where the source stands in the patient; None keeps everything in the transducer's own frame.
    """

    transducer: Transducer
    acoustic_power: float = Field(gt=0)
    elements_off: tuple[int, ...] = ()
    phases: tuple[float, ...] = ()
    amplitudes: tuple[float, ...] = ()
    pose: Pose | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        n = self.transducer.elements
        wrong = [e for e in self.elements_off if not 0 <= e < n]
        if wrong:
            raise ValueError(f"{self.transducer.name} has elements 0 to {n - 1}; it has no element {wrong[0]}")
        if len(set(self.elements_off)) >= n:
            raise ValueError("every element is off; leave at least one on")
        if self.phases and len(self.phases) != n:
            raise ValueError(f"{len(self.phases)} phases for {n} elements; give one per element or none")
        if self.amplitudes and len(self.amplitudes) != n:
            raise ValueError(f"{len(self.amplitudes)} amplitudes for {n} elements; give one per element or none")
        if any(a < 0 for a in self.amplitudes):
            raise ValueError("amplitudes are zero or more; turn an element's sign by a phase of pi")
        if self.amplitudes and not any(a > 0 for e, a in enumerate(self.amplitudes) if e not in self.elements_off):
            raise ValueError("every element that is on has amplitude zero; give at least one of them more")
        if self.acoustic_power > self.transducer.ceilings.acoustic_power:
            raise ValueError(
                f"{self.acoustic_power} W is above the {self.transducer.ceilings.acoustic_power} W "
                f"that {self.transducer.name} may radiate"
            )
        return self
