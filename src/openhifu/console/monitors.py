"""What watches a rehearsal: which thermometer reads it, and whether somebody listens for bubbles."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import UnknownName
from openhifu.base.field import Field, Quantity
from openhifu.planning.fields import SpotFields
from openhifu.planning.scene import Scene
from openhifu.twin.heard import EarModel, Heard
from openhifu.twin.machine import Senses
from openhifu.twin.patient import SimulatedPatient
from openhifu.twin.seen_in_images import ScannerModel, SeenInImages


class Thermometry(StrEnum):
    """What a rehearsal reads temperatures with."""

    PLAIN = "plain"
    MR = "mr"


@dataclass(frozen=True)
class Monitors:
    """What watches a rehearsal.

    Attributes:
        thermometer: the truth in voxels of 2 mm with noise, or PRF thermometry of simulated phase images.
        cavitation: true acoustic power [W] at and above which bubbles collapse in this patient, and the spectral
            detector listens for them; None for no ears. Nothing published says it well enough to be drawn.
        imaged: hears every image's temperatures [degC], and must not keep the field beyond its return; None for nobody.
    """

    thermometer: Thermometry = Thermometry.PLAIN
    cavitation: float | None = None
    imaged: Callable[[Field], None] | None = None


def watched_by(thermometer: str, cavitation: float | None = None) -> Monitors:
    """The monitors of a command's options.

    Raises:
        UnknownName: for a thermometer that there is not.
    """
    known = [t.value for t in Thermometry]
    if thermometer not in known:
        raise UnknownName("thermometer", thermometer, known)
    return Monitors(Thermometry(thermometer), cavitation)


def senses(
    monitors: Monitors,
    here: Scene,
    patient: SimulatedPatient,
    regions: Mapping[str, NDArray[np.bool_]],
    fields: SpotFields,
    seed: int,
) -> Senses:
    """Eye and ear on a patient, as the monitors are chosen; None leaves the machine's plain thermometer, and no ear.

    Args:
        monitors: the choice.
        here: the scene.
        patient: whose temperatures are imaged.
        regions: what is read, masks on the heat grid.
        fields: of all exposures in this patient, at one watt.
        seed: of noise.

    Raises:
        CannotModel: if MR thermometry cannot see a region of this case.
    """
    eye, ear = None, None
    if monitors.thermometer is Thermometry.MR:
        together = sum((h.data for h in fields.heat), np.zeros(here.grids.heat.shape, np.float32))
        heat = Field(here.grids.heat, together, Quantity.HEAT_RATE)
        water = here.data.case.background
        eye = SeenInImages(here.tissues.map, patient.solver, regions, heat, water, ScannerModel(seed=seed))
    if monitors.cavitation is not None:
        ear = Heard(EarModel(collapse_power=monitors.cavitation, drive=here.device.frequency, seed=seed))
    made = Senses(eye, ear)
    return made if monitors.imaged is None else _shown(made, patient, monitors.imaged)


def _shown(watching: Senses, patient: SimulatedPatient, imaged: Callable[[Field], None]) -> Senses:
    """The same senses, whose every image is shown: what MR thermometry made of it, or with the plain one the truth."""

    def show(at: float) -> None:
        eye = watching.eye
        seen = eye.newest if isinstance(eye, SeenInImages) else None
        imaged(patient.solver.temperature if seen is None else seen)

    return replace(watching, imaged=show)
