"""What a treatment did, or is expected to do, to the tissue: one noun for planned and delivered alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.base.field import Field


@dataclass(frozen=True, eq=False)
class Curves:
    """Time courses.

    Attributes:
        time: s from the start of pre-cooling, shape (n,).
        power: acoustic power [W], shape (n,).
        hottest: highest temperature [degC] of the target and of each organ at risk, by name, each of shape (n,).
    """

    time: NDArray[np.float64]
    power: NDArray[np.float64]
    hottest: dict[str, NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class TreatmentHistory:
    """Fields and curves of one whole treatment on one grid.

    Attributes:
        title: ``"planned"`` or ``"delivered"``.
        plan_hash: content hash of the plan it belongs to.
        pressure: amplitude |P| [Pa] of one representative sonication at its planned power, on its own (finer) grid.
        pressure_of: index of that sonication.
        peak_temperature: highest temperature ever reached per voxel [degC].
        cem43: thermal dose [min] at the end.
        dose_form: name of the CEM43 form.
        curves: time courses.
    """

    title: str
    plan_hash: str
    pressure: Field
    pressure_of: int
    peak_temperature: Field
    cem43: Field
    dose_form: str
    curves: Curves
