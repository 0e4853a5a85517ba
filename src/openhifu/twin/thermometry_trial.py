"""A heated block imaged by the simulated MR scanner: how far thermometry lies from the truth it was made of."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache

import numpy as np
from numpy.typing import NDArray

from openhifu.monitoring.measured_dose import MeasuredDose
from openhifu.monitoring.mr_frames import GradientEcho
from openhifu.monitoring.multi_baseline import MultiBaseline
from openhifu.monitoring.prf import prf_map
from openhifu.monitoring.referenceless import Referenceless
from openhifu.monitoring.rigid_motion import RigidMotion
from openhifu.monitoring.single_reference import SingleReference
from openhifu.monitoring.smooth_phase import SmoothPhase
from openhifu.monitoring.temperature_map import PhaseThermometer
from openhifu.twin.heated_block import HeatedBlock, block_tissues, heat_block
from openhifu.twin.mr_scanner import STILL, MrModel, MrScanner, Vector

FACTORS = (2, 2, 3)
"""Fine voxels of 1 mm in an image voxel."""
HEATED_RADIUS = 14e-3
"""m from the beam axis; beyond it tissue counts as unheated."""
WIDTH = 11e-3
"""m of surroundings that the referenceless method fits."""
BREATH = 4.1
"""s of one breath."""
FRAME_TIME = 2.5
"""s between images."""
RISE_THAT_COUNTS = 5.0
"""K; voxels with at least this true rise are the heated region."""


class Method(StrEnum):
    """The thermometers on trial."""

    UNCORRECTED = "one reference, drift left in"
    SINGLE = "one reference"
    MULTI = "multi-baseline"
    REFERENCELESS = "referenceless"


@dataclass(frozen=True, slots=True)
class Trial:
    """Settings of a trial.

    Attributes:
        method: thermometer.
        snr: of muscle.
        drift: relative drift of the field over the whole trial.
        motion: m, amplitude of breathing along the beam (a third of it sideways).
        peak: degC reached by the hottest voxel.
        coefficient_scale: the patient's PRF coefficient over the published one.
        seed: of everything random.
    """

    method: Method = Method.MULTI
    snr: float = 25.0
    drift: float = 0.1e-6
    motion: float = 1e-3
    peak: float = 66.0
    coefficient_scale: float = 1.0
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Found:
    """What a trial found.

    Attributes:
        rms: root mean square error [K] of the temperature in the heated region over all frames, against voxel means.
        bias: mean of that error [K].
        hottest_error: hottest measured less hottest true voxel mean over all frames [K].
        predicted: root mean square of the deviations the thermometer stated there [K].
        dose_volume: measured volume over 240 CEM43 relative to the true one.
        motion_error: root mean square error of the displacement [m], along the axis where it is largest.
    """

    rms: float
    bias: float
    hottest_error: float
    predicted: float
    dose_volume: float
    motion_error: float


@cache
def _block(peak: float) -> HeatedBlock:
    times = tuple(float(t) for t in np.arange(0.0, 45.1, FRAME_TIME))
    return heat_block(block_tissues(26e-3, 40e-3, 6e-3, 1e-3), 20e-3, (3.5e-3, 8e-3), peak, 20.0, times)


def run(trial: Trial) -> Found:
    """Heat, image, measure, compare."""
    block = _block(trial.peak)
    scanner = MrScanner(block.tissues, FACTORS, _model(trial, block.moments[-1].at), trial.seed)
    coefficient = prf_map(block.tissues, scanner.grid)
    points = scanner.grid.points()
    coefficient[np.hypot(points[..., 0], points[..., 1]) > HEATED_RADIUS] = np.nan
    unheated = block.unheated(scanner.grid, HEATED_RADIUS, math.inf)
    thermometer = _thermometer(trial, block, scanner, coefficient, unheated)
    motion = RigidMotion(scanner.image(37.0, 0.0), unheated)
    dose, errors, stated, moved, tops = MeasuredDose(scanner.grid), [], [], [], []
    for moment in block.moments:
        at = 1.0 + moment.at
        away = _breath(trial.motion, at)
        frame, truth = scanner.image(moment.temperature, at, away), scanner.truth(moment.temperature, away)
        measured, displacement = thermometer.read(frame), motion.displacement(frame)
        dose.add(measured, displacement)
        heated = (truth.data >= 37.0 + RISE_THAT_COUNTS) & measured.valid
        errors.append((measured.temperature.data - truth.data)[heated])
        stated.append(measured.deviation[heated])
        moved.append(displacement - np.array(away))
        tops.append((np.nanmax(measured.temperature.data), truth.data[measured.valid].max()))
    error, hottest = np.concatenate(errors), np.max(np.array(tops), axis=0)
    return Found(
        rms=_rms(error),
        bias=float(error.mean()),
        hottest_error=float(hottest[0] - hottest[1]),
        predicted=_rms(np.concatenate(stated)),
        dose_volume=dose.volume() / block.dose_volume,
        motion_error=max(_rms(column) for column in np.array(moved).T),
    )


def still(trial: Trial) -> Trial:
    """The same trial on a patient and a field that stand still."""
    return replace(trial, motion=0.0, drift=0.0)


def _model(trial: Trial, duration: float) -> MrModel:
    """3 T, TE 10 ms, drift spread unevenly by a quarter across the block, a bubble of gas 6 cm aside."""
    rate = trial.drift / duration
    return MrModel(
        sequence=GradientEcho(3.0, 10e-3),
        snr=trial.snr,
        drift=rate,
        drift_slope=(4.0 * rate, 3.0 * rate, 4.0 * rate),
        shim=0.1e-6,
        bubble=12e-3,
        bubble_at=(60e-3, 0.0, 20e-3),
        texture=0.15,
        fading=0.01,
        coefficient_scale=trial.coefficient_scale,
    )


def _thermometer(
    trial: Trial,
    block: HeatedBlock,
    scanner: MrScanner,
    coefficient: NDArray[np.float64],
    unheated: NDArray[np.bool_],
) -> PhaseThermometer:
    drift = SmoothPhase(scanner.grid, unheated, 1)
    match trial.method:
        case Method.UNCORRECTED:
            return SingleReference(scanner.image(37.0, 0.0, STILL), coefficient, None)
        case Method.SINGLE:
            return SingleReference(scanner.image(37.0, 0.0, STILL), coefficient, drift)
        case Method.MULTI:
            places = np.linspace(-1.0, 1.0, 9)
            library = [scanner.image(37.0, 0.0, (0.0, 0.3 * trial.motion * s, trial.motion * s)) for s in places]
            return MultiBaseline(library, coefficient, drift)
        case Method.REFERENCELESS:
            muscle = block.unheated(scanner.grid, HEATED_RADIUS, WIDTH) & np.isfinite(
                prf_map(block.tissues, scanner.grid)
            )
            background = SmoothPhase(scanner.grid, muscle, 4)
            return Referenceless(scanner.grid, scanner.model.sequence, coefficient, background)


def _breath(amplitude: float, at: float) -> Vector:
    phase = math.sin(2 * math.pi * at / BREATH)
    return (0.0, 0.3 * amplitude * phase, amplitude * phase)


def _rms(values: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(values**2)))
