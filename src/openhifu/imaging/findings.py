"""What is wrong with a case in memory, or worth knowing about it before planning."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import OutOfRange
from openhifu.base.outcome import Outcome, Verdict
from openhifu.imaging.morphology import Mask
from openhifu.imaging.tissue_classes import BONE
from openhifu.model.case_data import CaseData
from openhifu.model.ct_calibration import ct_calibration
from openhifu.model.regions import organ_mask, target_mask
from openhifu.model.target import LabelTarget, Sphere
from openhifu.model.tissue import Property
from openhifu.model.tissuemap import STEP_MARK

_GAS = ("gas", "lung_inflated")
_CONTRAST_HU = 100.0
"""Blood without contrast agent has 30 to 60 HU."""

_NEAR_FACE = 0.03
"""m; a body cut closer to the target than this leaves out tissue the beam may cross."""


def describe(data: CaseData) -> list[Outcome]:
    """Findings about a case in memory, errors first, then warnings."""
    target = _target(data)
    found = _placed(data, target)
    if not any(o.verdict is Verdict.ERROR for o in found):
        found += [*_surroundings(data, target), *_cut_faces(data, target)]
    found += _empty_labels(data) + _from_ct(data)
    order = {Verdict.ERROR: 0, Verdict.WARNING: 1, Verdict.OK: 2}
    return sorted(found, key=lambda o: order[o.verdict])


def placement(data: CaseData) -> list[Outcome]:
    """Whether the target lies in the image, in the body, and clear of gas and lung."""
    return _placed(data, _target(data))


def _placed(data: CaseData, target: Mask) -> list[Outcome]:
    volume = data.ct.grid.voxel_volume
    if not target.any():
        return [_error("the target covers no voxel of the image", "give its centre in mm LPS, inside the patient")]
    if not _whole_in_image(data, target):
        return [_error("the target reaches beyond the image", "move it or use a scan that covers it")]
    inside = data.tissues.data[target]
    outside = np.count_nonzero(inside == data.tissues.index_of(data.case.background)) * volume
    gas = sum(np.count_nonzero(inside == data.tissues.tissues.index(t)) for t in _GAS if t in data.tissues.tissues)
    found = []
    if outside > 0:
        found.append(_error(f"{_ml(outside)} of the target lies outside the body", "move it into the body"))
    if gas:
        found.append(
            _error(f"{_ml(gas * volume)} of the target lies in gas or lung", "ultrasound does not reach it: move it")
        )
    if not found:
        hu = data.ct.data[target]
        found.append(
            _ok(
                f"the target covers {_ml(np.count_nonzero(target) * volume)} of {_makeup(data, target)}, "
                f"{hu.mean():.0f} HU (standard deviation {hu.std():.0f})"
            )
        )
    return found


def distances(data: CaseData) -> dict[str, float]:
    """Distance [m] from the target's edge to each organ at risk that occurs, voxel centre to voxel centre."""
    return {name: away for name, away in _distances(data, _target(data)).items() if away is not None}


def _distances(data: CaseData, target: Mask) -> dict[str, float | None]:
    """Distance [m] to each organ at risk; None for one that occurs nowhere."""
    away = _distance_to(target, data.ct.grid.spacing)
    masks = {organ.name: organ_mask(organ, data.ct.grid, data.labels, data.tissues) for organ in data.case.organs}
    return {name: float(away[mask].min()) if mask.any() else None for name, mask in masks.items()}


def _surroundings(data: CaseData, target: Mask) -> list[Outcome]:
    found = []
    least = {organ.name: organ.distance_min for organ in data.case.organs}
    for name, distance in _distances(data, target).items():
        if distance is None:
            found.append(_warning(f"organ at risk {name!r} occurs nowhere in the image", "check its labels"))
            continue
        sentence = f"{name} comes within {1e3 * distance:.0f} mm of the target"
        if distance < least[name]:
            remedy = "shrink or move the target, or keep the organ away"
            found.append(_warning(f"{sentence}, closer than the {1e3 * least[name]:.0f} mm asked for", remedy))
        else:
            found.append(_ok(sentence))
    return found


def _cut_faces(data: CaseData, target: Mask) -> list[Outcome]:
    """Image faces at which tissue, not background, is cut off."""
    outside = data.tissues.index_of(data.case.background)
    where = np.argwhere(target)
    found = []
    for axis in range(3):
        last = data.ct.grid.shape[axis] - 1
        for edge, steps in ((0, where[:, axis].min()), (-1, last - where[:, axis].max())):
            if np.all(np.take(data.tissues.data, edge, axis=axis) == outside):
                continue
            away = float(steps) * data.ct.grid.spacing[axis]
            sentence = (
                f"the image cuts tissue off at its {_side(data, axis, edge)}, {1e3 * away:.0f} mm from the target"
            )
            if away < _NEAR_FACE:
                found.append(_warning(sentence, "use a wider crop, or keep the beam from that side"))
            else:
                found.append(_ok(sentence))
    return found


def _empty_labels(data: CaseData) -> list[Outcome]:
    if data.labels is None:
        return [_warning("the case has no label map: organs are known by HU only", "segment the scan")]
    counts = np.bincount(data.labels.data.ravel(), minlength=max(data.labels.names) + 1)
    empty = sum(counts[value] == 0 for value in data.labels.names if value)
    if not empty:
        return []
    return [_ok(f"{empty} names of the label map have no voxel; what the map lacks may still be in the body")]


def _from_ct(data: CaseData) -> list[Outcome]:
    """What the CT calibrations make of this case's tissues; an error where they do not hold."""
    if not data.case.ct_tissues:
        return []
    try:
        medium = data.medium()
    except OutOfRange as error:
        return [_error(str(error), "change ct_calibration in case.toml")]
    found = []
    for item in data.case.ct_tissues:
        for name in item.tissues:
            steps = [t for t in medium.tissues if t.name.startswith(name + STEP_MARK)]
            if not steps:
                found.append(_warning(f"CT calibration: tissue {name!r} occurs nowhere", "check its name"))
                continue
            speed = [t.value(Property.SOUND_SPEED) for t in steps]
            density = [t.value(Property.DENSITY) for t in steps]
            kvp = sorted({ct_calibration(c).kvp for c in (item.density, item.sound_speed, item.attenuation) if c} - {0})
            made = f", made for {kvp[0]:g} kVp" if kvp else ""
            found.append(
                _ok(
                    f"{name} by its CT numbers{made}: density {min(density):.0f} to {max(density):.0f} kg/m3, "
                    f"sound speed {min(speed):.0f} to {max(speed):.0f} m/s in {len(steps)} steps"
                )
            )
    blood = data.tissues.mask("blood") if "blood" in data.tissues.tissues else np.zeros(1, bool)
    soft = [n for item in data.case.ct_tissues for n in item.tissues if n not in BONE]
    if soft and blood.any() and (bright := float(np.median(data.ct.data[blood]))) > _CONTRAST_HU:
        found.append(
            _warning(
                f"vessels have {bright:.0f} HU: contrast agent raises the CT numbers of {', '.join(soft)}, "
                "not density or sound speed",
                "calibrate soft tissue on a scan without contrast agent",
            )
        )
    return found


def _target(data: CaseData) -> Mask:
    return target_mask(data.case.target, data.ct.grid, data.labels)


def _distance_to(mask: Mask, spacing: tuple[float, float, float]) -> NDArray[np.float64]:
    from scipy.ndimage import distance_transform_edt

    return np.asarray(distance_transform_edt(~mask, sampling=spacing))


def _whole_in_image(data: CaseData, target: Mask) -> bool:
    """Whether the target's bounding box lies in the image (a label always does)."""
    shape = data.case.target
    if isinstance(shape, LabelTarget):
        return True
    half = np.full(3, shape.radius) if isinstance(shape, Sphere) else np.asarray(shape.semi_axes)
    return bool(
        np.all(data.ct.grid.contains(np.asarray(shape.centre) + np.concatenate([np.diag(half), -np.diag(half)])))
    )


def _makeup(data: CaseData, target: Mask) -> str:
    """What the target consists of, by label or by tissue."""
    if data.labels is not None:
        values, names = data.labels.data[target], {**data.labels.names, 0: "unlabelled"}
    else:
        values, names = data.tissues.data[target], dict(enumerate(data.tissues.tissues))
    counts = np.bincount(values)
    order = np.argsort(counts)[::-1][:3]
    return ", ".join(f"{names[int(v)]} ({counts[v] / values.size:.0%})" for v in order if counts[v])


def _side(data: CaseData, axis: int, edge: int) -> str:
    """Which side of the patient an image face looks to."""
    outward = data.ct.grid.affine[:3, axis] * (-1 if edge == 0 else 1)
    main = int(np.argmax(np.abs(outward)))
    return (("right", "left"), ("front", "back"), ("foot end", "head end"))[main][int(outward[main] > 0)]


def _ml(volume: float) -> str:
    return f"{1e6 * volume:.2f} mL"


def _ok(sentence: str) -> Outcome:
    return Outcome(verdict=Verdict.OK, sentence=sentence)


def _warning(sentence: str, remedy: str) -> Outcome:
    return Outcome(verdict=Verdict.WARNING, sentence=sentence, remedy=remedy)


def _error(sentence: str, remedy: str) -> Outcome:
    return Outcome(verdict=Verdict.ERROR, sentence=sentence, remedy=remedy)
