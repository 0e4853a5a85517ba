"""Heated blocks watched by the simulated ultrasound imager: how well each marker tells ablated tissue."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np

from openhifu.base.grid import Grid
from openhifu.monitoring.ablation_marker import AblationMarker
from openhifu.monitoring.echo_decorrelation import EchoDecorrelation
from openhifu.monitoring.echo_energy import EchoEnergy
from openhifu.monitoring.gray_scale import GrayScaleChange
from openhifu.monitoring.roc import Roc, roc
from openhifu.twin.echo_scanner import ABLATED, EchoModel, EchoScanner
from openhifu.twin.heated_block import HeatedBlock, block_tissues, heat_block

PAIR = 8.5e-3
"""s between the two frames of a pair."""

LIVER = EchoModel(
    frequency=3.5e6,
    sound_speed=1580.0,
    resolution=(0.7e-3, 0.25e-3),
    density=30e6,
    snr=30.0,
    scar=3.0,
    rate_cold=-5.0,
    rate_at_60=-2.3,
    rate_most=-1.0,
    patchiness=(3.5, 1.3),
    patch=3e-3,
)
"""An abdominal probe. Patchiness is set so that the areas under the ROC curves come near the published ones: energy
0.877 and decorrelation 0.948 for 60 degC (Subramanian 2016, ex vivo); 0.734 and 0.832 for ablation (2014, in vivo)."""


@dataclass(frozen=True, eq=False)
class MarkerScores:
    """A marker's ROC curves over all pixels of all blocks.

    Attributes:
        ablated: strongest value against a dose of 240 CEM43 at the end.
        hot: strongest value against 60 degC ever reached.
        threshold: of the marker's calibration.
    """

    ablated: Roc
    hot: Roc
    threshold: float


def markers() -> dict[str, AblationMarker]:
    """One of each."""
    return {"gray scale": GrayScaleChange(), "energy": EchoEnergy(), "decorrelation": EchoDecorrelation()}


def imaging_plane() -> Grid:
    """36 x 36 mm in the muscle of a block, 0.25 mm across and 0.08 mm along the beam."""
    affine = np.diag([0.25e-3, 0.25e-3, 0.08e-3, 1.0])
    affine[:3, 3] = (-18e-3, 0.0, 4e-3)
    tissues = block_tissues(24e-3, 44e-3, 8e-3, 1e-3)
    return Grid((144, 1, 450), affine, tissues.grid.frame)


@cache
def _block() -> HeatedBlock:
    times = tuple(float(t) for t in np.arange(0.0, 30.1, 2.0))
    return heat_block(block_tissues(24e-3, 44e-3, 8e-3, 1e-3), 22e-3, (3.5e-3, 8e-3), 75.0, 20.0, times)


def run(seeds: Iterable[int], model: EchoModel = LIVER) -> dict[str, MarkerScores]:
    """Watch one exposure per seed with all markers."""
    block, plane = _block(), imaging_plane()
    points = plane.points()
    ablated = block.moments[-1].cem43.at(points, 0.0) >= ABLATED
    hot = np.max([m.temperature.at(points, 37.0) for m in block.moments], axis=0) >= 60.0
    found: dict[str, list[np.ndarray]] = {name: [] for name in markers()}
    for seed in seeds:
        for name, marker in _watched(block, plane, model, seed).items():
            strongest = marker.strongest
            if strongest is not None:
                found[name].append(strongest.values)
    calibrated = markers()
    return {
        name: MarkerScores(
            roc(np.stack(values), np.broadcast_to(ablated, (len(values), *ablated.shape))),
            roc(np.stack(values), np.broadcast_to(hot, (len(values), *hot.shape))),
            calibrated[name].calibration.threshold,
        )
        for name, values in found.items()
    }


def _watched(block: HeatedBlock, plane: Grid, model: EchoModel, seed: int) -> dict[str, AblationMarker]:
    scanner, followed = EchoScanner(plane, model, seed), markers()
    for moment in block.moments:
        for late in (0.0, PAIR):
            frame = scanner.image(moment.temperature, moment.cem43, moment.at + late)
            for marker in followed.values():
                marker.follow(frame)
    return followed
