"""The words in which a person gives a target, an organ, a crop and a spacing on a command line."""

from __future__ import annotations

import math
from decimal import Decimal

from openhifu.base.errors import FormatError
from openhifu.imaging.resampling import Crop
from openhifu.model.ct_calibration import CtTissue
from openhifu.model.limits import OrganAtRisk
from openhifu.model.target import Ellipsoid, LabelTarget, Sphere, Target

TARGET_FORMS = "sphere:x,y,z,r or ellipsoid:x,y,z,a,b,c (mm, LPS) or label:NAME"
ORGAN_FORM = "name=ribs;labels=rib_*,sternum;tissues=bone_cortical;cem43=16;resume=42;distance=0;source=WHERE FROM"
CALIBRATION_FORM = "tissues=bone_cortical;density=schneider-2000;sound_speed=webb-2018-ge-120-bone;step=50 (HU)"
CROP_FORM = "i0:i1,j0:j1,k0:k1 (voxels of the CT, end exclusive)"
SPACING_FORM = "x,y,z (mm along the axes of the CT)"


def parse_target(text: str) -> Target:
    """A target from ``sphere:x,y,z,r``, ``ellipsoid:x,y,z,a,b,c`` (mm, LPS) or ``label:NAME``.

    Raises:
        FormatError: saying which forms there are.
    """
    kind, _, rest = text.partition(":")
    if kind == "label" and rest:
        return LabelTarget(label=rest)
    size = {"sphere": 4, "ellipsoid": 6}.get(kind)
    if size is None:
        raise FormatError(f"target {text!r} is of no known form; give {TARGET_FORMS}")
    mm = _numbers(rest, size, f"target {text!r}", TARGET_FORMS)
    metres = [_metres(v) for v in mm]
    if kind == "sphere":
        return Sphere.from_data({"centre": metres[:3], "radius": metres[3]}, f"target {text!r}")
    if min(mm[3:]) <= 0:
        raise FormatError(f"target {text!r} has a semi-axis of {min(mm[3:])} mm; all three must be positive")
    return Ellipsoid.from_data({"centre": metres[:3], "semi_axes": metres[3:]}, f"target {text!r}")


def parse_organ(text: str) -> OrganAtRisk:
    """An organ at risk from ``name=...;labels=...;tissues=...;cem43=...;resume=...;distance=...;source=...``.

    ``cem43`` is in minutes, ``resume`` in degC, ``distance`` in mm; labels or tissues, and distance, may be left out.

    Raises:
        FormatError: naming what is wrong with which part.
    """
    where = f"organ {text!r}"
    parts = dict.fromkeys(("labels", "tissues"), "") | {"distance": "0"}
    for piece in text.split(";"):
        key, equals, value = piece.partition("=")
        if key.strip() not in {"name", "labels", "tissues", "cem43", "resume", "distance", "source"} or not equals:
            raise FormatError(f"{where} has the part {piece!r}; give {ORGAN_FORM}")
        parts[key.strip()] = value.strip()
    absent = [key for key in ("name", "cem43", "resume", "source") if not parts.get(key)]
    if absent or not (parts["labels"] or parts["tissues"]):
        raise FormatError(f"{where} lacks {', '.join(absent) or 'labels or tissues'}; give {ORGAN_FORM}")
    cem43, resume, distance = (_numbers(parts[k], 1, where, ORGAN_FORM)[0] for k in ("cem43", "resume", "distance"))
    limit = {"organ": parts["name"], "cem43_max": cem43, "resume_below": resume, "source": parts["source"]}
    data = {
        "name": parts["name"],
        "labels": tuple(filter(None, parts["labels"].split(","))),
        "tissues": tuple(filter(None, parts["tissues"].split(","))),
        "limit": limit,
        "distance_min": _metres(distance),
    }
    return OrganAtRisk.from_data(data, where)


def parse_calibration(text: str) -> CtTissue:
    """Tissues calibrated by their CT numbers from ``tissues=..;density=..;sound_speed=..;attenuation=..;step=..``.

    Raises:
        FormatError: if a part is unknown, missing or of another form, or a calibration gives something else.
        UnknownName: if there is no such calibration.
    """
    where = f"CT calibration {text!r}"
    parts: dict[str, str] = dict.fromkeys(("tissues", "density", "sound_speed", "attenuation", "step"), "")
    for piece in text.split(";"):
        key, equals, value = piece.partition("=")
        if key.strip() not in parts or not equals:
            raise FormatError(f"{where} has the part {piece!r}; give {CALIBRATION_FORM}")
        parts[key.strip()] = value.strip()
    if not parts["tissues"] or not parts["step"]:
        raise FormatError(f"{where} lacks tissues or step; give {CALIBRATION_FORM}")
    step = _numbers(parts.pop("step"), 1, where, CALIBRATION_FORM)[0]
    tissues = tuple(filter(None, (t.strip() for t in parts.pop("tissues").split(","))))
    return CtTissue.from_data({**parts, "tissues": tissues, "step": step}, where)


def parse_crop(text: str) -> Crop:
    """A crop from ``i0:i1,j0:j1,k0:k1``.

    Raises:
        FormatError: if it is of another form.
    """
    try:
        pairs = [tuple(int(v) for v in part.split(":")) for part in text.split(",")]
        (a, b), (c, d), (e, f) = pairs
    except ValueError as error:
        raise FormatError(f"crop {text!r} is of no known form; give {CROP_FORM}") from error
    return (a, b), (c, d), (e, f)


def parse_spacing(text: str) -> tuple[float, float, float]:
    """A spacing [m] from ``x,y,z`` in mm.

    Raises:
        FormatError: if it is not three positive numbers.
    """
    mm = _numbers(text, 3, f"spacing {text!r}", SPACING_FORM)
    if min(mm) <= 0:
        raise FormatError(f"spacing {text!r} must be positive; give {SPACING_FORM}")
    return _metres(mm[0]), _metres(mm[1]), _metres(mm[2])


def _metres(mm: float) -> float:
    """The float nearest to the decimal number a person typed, shifted by three places."""
    return float(Decimal(repr(mm)).scaleb(-3))


def _numbers(text: str, count: int, where: str, form: str) -> list[float]:
    try:
        found = [float(v) for v in text.split(",")]
    except ValueError as error:
        raise FormatError(f"{where} holds something that is no number; give {form}") from error
    if len(found) != count or not all(math.isfinite(v) for v in found):
        raise FormatError(f"{where} has {len(found)} numbers, {count} finite ones are needed; give {form}")
    return found
