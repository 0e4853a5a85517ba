"""CT numbers to density, sound speed and attenuation by named published calibrations; refused outside their range."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from openhifu.base.errors import OutOfRange, UnknownName
from openhifu.base.record import Record


class CtCalibration(Record):
    """One published calibration.

    Attributes:
        name: how a case asks for it.
        gives: density [kg/m3], sound speed [m/s] or attenuation [Np/m at 1 MHz].
        of: what it is a function of: HU, or density [kg/m3].
        tissues: what it was made for, in words.
        range: where it holds, in units of ``of``.
        pieces: straight pieces: from, to, value at 0, slope; a value where two meet belongs to the later one.
        exponential: factor and rate of ``factor exp(rate x)`` instead of pieces.
        exponent: of the frequency, for an attenuation.
        kvp: tube voltage of the fit; 0 where its source gives none.
        source: the publication.
        seen: where its numbers were read.
        caution: what a user must know.
    """

    name: str
    gives: Literal["density", "sound_speed", "attenuation"]
    of: Literal["hu", "density"]
    tissues: str
    range: tuple[float, float]
    pieces: tuple[tuple[float, float, float, float], ...] = ()
    exponential: tuple[float, float] | None = None
    exponent: float | None = None
    kvp: float
    source: str = Field(min_length=3)
    seen: str
    caution: str

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if bool(self.pieces) == bool(self.exponential):
            raise ValueError("give either pieces or an exponential")
        if (self.gives == "attenuation") != (self.exponent is not None):
            raise ValueError("an attenuation, and nothing else, needs the exponent of the frequency")
        ends = [self.range[0], *(p[1] for p in self.pieces)]
        if self.pieces and ([p[0] for p in self.pieces] != ends[:-1] or ends[-1] != self.range[1]):
            raise ValueError("pieces must follow each other and fill the range")
        return self

    def values(self, given: NDArray[np.floating]) -> NDArray[np.float64]:
        """What it gives for HU or densities, in SI units.

        Raises:
            OutOfRange: if a value lies outside the range, with how many do and how far.
        """
        x = np.asarray(given, np.float64)
        low, high = self.range
        outside = (x < low) | (x > high)
        if outside.any():
            unit = "HU" if self.of == "hu" else "kg/m3"
            raise OutOfRange(
                f"calibration {self.name!r} holds from {low:g} to {high:g} {unit}; {np.count_nonzero(outside)} of "
                f"{x.size} values lie outside, from {x.min():g} to {x.max():g}; use it for other tissues or choose "
                "another (openhifu case calibrations)"
            )
        if self.exponential is not None:
            factor, rate = self.exponential
            return factor * np.exp(rate * x)
        piece = np.searchsorted([p[0] for p in self.pieces[1:]], x, side="right")
        table = np.array(self.pieces)
        return table[piece, 2] + table[piece, 3] * x


@cache
def _all() -> dict[str, CtCalibration]:
    text = files("openhifu").joinpath("data/ct_calibrations.toml").read_text(encoding="utf-8")
    return {
        name: CtCalibration.from_data({"name": name, **entry}, f"calibration {name!r}")
        for name, entry in tomllib.loads(text).items()
    }


def ct_calibration_names() -> tuple[str, ...]:
    """Names of all calibrations shipped with the program."""
    return tuple(_all())


def ct_calibration(name: str) -> CtCalibration:
    """A calibration by name.

    Raises:
        UnknownName: with the nearest names.
    """
    if name not in _all():
        raise UnknownName("CT calibration", name, _all())
    return _all()[name]


class CtTissue(Record):
    """Which tissues of a case take values from the CT numbers of their own voxels, and by which calibrations.

    Attributes:
        tissues: catalogue names.
        density: name of a calibration that gives density; empty to keep the catalogue's.
        sound_speed: name of one that gives sound speed; empty to keep the catalogue's.
        attenuation: name of one that gives attenuation; empty to keep the catalogue's.
        step: HU; voxels are grouped in steps of this width, each with the values of its middle.
    """

    tissues: tuple[str, ...] = Field(min_length=1)
    density: str = ""
    sound_speed: str = ""
    attenuation: str = ""
    step: float = Field(ge=5, le=500)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        asked = {"density": self.density, "sound_speed": self.sound_speed, "attenuation": self.attenuation}
        if not any(asked.values()):
            raise ValueError("name a calibration for density, sound_speed or attenuation")
        for gives, name in asked.items():
            if name and ct_calibration(name).gives != gives:
                raise ValueError(f"calibration {name!r} gives {ct_calibration(name).gives}, not {gives}")
            if name and ct_calibration(name).of == "density" and not self.density:
                raise ValueError(f"calibration {name!r} needs a density: name one for density, too")
        return self
