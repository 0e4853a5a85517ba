"""Power-law attenuation as one triple: coefficient, reference frequency, exponent."""

from __future__ import annotations

from pydantic import Field

from openhifu.base.errors import OutOfRange
from openhifu.base.record import Record
from openhifu.base.units import np_per_m_from_db_per_cm


class Absorption(Record):
    """alpha(f) = coefficient * (f / reference_frequency) ** exponent.

    Attributes:
        coefficient: Np/m at the reference frequency.
        reference_frequency: Hz.
        exponent: dimensionless, 0 to 3.
    """

    coefficient: float = Field(ge=0)
    reference_frequency: float = Field(gt=0)
    exponent: float = Field(ge=0, le=3)

    @classmethod
    def from_db(cls, db_per_cm: float, exponent: float, at_mhz: float = 1.0) -> Absorption:
        """From the clinical form: dB/cm at a frequency in MHz."""
        return cls(coefficient=np_per_m_from_db_per_cm(db_per_cm), reference_frequency=at_mhz * 1e6, exponent=exponent)

    def at(self, frequency: float) -> float:
        """Amplitude attenuation [Np/m] at a frequency [Hz].

        Raises:
            OutOfRange: if the frequency is not positive.
        """
        if not frequency > 0:
            raise OutOfRange(f"a frequency must be positive, got {frequency} Hz")
        return self.coefficient * (frequency / self.reference_frequency) ** self.exponent
