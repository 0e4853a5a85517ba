"""A therapy source as data: its radiating surface, its ceilings and its calibration.

In its own frame (apex at 0, beam along +z).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator

from openhifu.base.record import Record
from openhifu.base.vectors import Vector

if TYPE_CHECKING:
    from openhifu.model.drive import Drive
    from openhifu.model.pose import Pose


class Cap(Record):
    """A spherical cap, with or without a central hole, in one piece or cut into equal-area tiles.

    Rings are cut so that each has the same area (equal steps of cos(theta)); every ring is cut into the same number
    of sectors.
    Element ``ring * sectors + sector``, from the hole outwards, sectors anticlockwise from +x seen along +z.

    Attributes:
        focal_length: radius of curvature [m].
        outer_diameter: m.
        hole_diameter: m, 0 for none.
        rings: number of rings.
        sectors: number of sectors per ring.
    """

    kind: Literal["cap"] = "cap"
    focal_length: float = Field(gt=0)
    outer_diameter: float = Field(gt=0)
    hole_diameter: float = Field(ge=0)
    rings: int = Field(default=1, ge=1)
    sectors: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.hole_diameter >= self.outer_diameter:
            raise ValueError(
                f"hole {self.hole_diameter} m is not smaller than the outer diameter {self.outer_diameter} m"
            )
        if self.outer_diameter > 2 * self.focal_length:
            raise ValueError(
                f"outer diameter {self.outer_diameter} m exceeds twice the focal length {self.focal_length} m"
            )
        return self

    @property
    def half_angles(self) -> tuple[float, float]:
        """Half-angles [rad] seen from the focus: hole edge, outer edge."""
        return (
            math.asin(self.hole_diameter / 2 / self.focal_length),
            math.asin(self.outer_diameter / 2 / self.focal_length),
        )

    @property
    def area(self) -> float:
        """Radiating area [m2]."""
        inner, outer = self.half_angles
        return 2 * math.pi * self.focal_length**2 * (math.cos(inner) - math.cos(outer))

    @property
    def elements(self) -> int:
        """Number of elements that can be driven apart."""
        return self.rings * self.sectors


class SeparateElements(Record):
    """What arrays of separate flat elements have in common.

    Attributes:
        focal_length: distance from the apex to the geometric focus [m].
        positions: element centres [m].
        normals: unit vectors along which the elements radiate.
    """

    focal_length: float = Field(gt=0)
    positions: tuple[Vector, ...] = Field(min_length=1)
    normals: tuple[Vector, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(self.positions) != len(self.normals):
            raise ValueError(f"{len(self.positions)} positions but {len(self.normals)} normals")
        if any(abs(math.hypot(*n) - 1) > 1e-6 for n in self.normals):
            raise ValueError("every normal must be a unit vector")
        return self

    @property
    def half_angles(self) -> tuple[float, float]:
        """Smallest and largest angle [rad] between an element, the focus and the axis."""
        angles = [math.atan2(math.hypot(x, y), self.focal_length - z) for x, y, z in self.positions]
        return min(angles), max(angles)

    @property
    def elements(self) -> int:
        """Number of elements."""
        return len(self.positions)


class PistonArray(SeparateElements):
    """Separate circular pistons on a surface.

    Attributes:
        element_diameter: m.
    """

    kind: Literal["array"] = "array"
    element_diameter: float = Field(gt=0)

    @property
    def element_radius(self) -> float:
        """From an element's centre to its rim [m]."""
        return self.element_diameter / 2

    @property
    def area(self) -> float:
        """Radiating area [m2]."""
        return self.elements * math.pi * self.element_diameter**2 / 4


class RectangleArray(SeparateElements):
    """Separate flat rectangles on a surface.

    Attributes:
        element_size: width and height [m].
        widths: unit vectors along the elements' widths, perpendicular to their normals.
    """

    kind: Literal["rectangles"] = "rectangles"
    element_size: tuple[float, float]
    widths: tuple[Vector, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _square_on(self) -> Self:
        if min(self.element_size) <= 0:
            raise ValueError(f"an element needs a positive width and height, got {self.element_size} m")
        if len(self.widths) != len(self.normals):
            raise ValueError(f"{len(self.normals)} normals but {len(self.widths)} widths")
        for width, normal in zip(self.widths, self.normals, strict=True):
            if abs(math.hypot(*width) - 1) > 1e-6 or abs(sum(a * b for a, b in zip(width, normal, strict=True))) > 1e-6:
                raise ValueError(f"the width {width} is no unit vector perpendicular to its normal {normal}")
        return self

    @property
    def element_radius(self) -> float:
        """From an element's centre to its corner [m]."""
        return math.hypot(*self.element_size) / 2

    @property
    def area(self) -> float:
        """Radiating area [m2]."""
        return self.elements * self.element_size[0] * self.element_size[1]


class VelocityPlane(Record):
    """The normal velocity on a plane across the axis, as a measured beam has it: a source in place of its device.

    Samples are centred on the axis, row by row along x; nothing moves beside them. It is one element: its own
    amplitudes and phases are the beam's, and a drive scales them all to its power.

    Attributes:
        focal_length: distance from the apex to the geometric focus [m].
        z: of the plane from the apex [m].
        spacing: between samples along x and y [m].
        shape: samples along x and y.
        real: real part of the amplitude along +z, exp(-i omega t) [m/s].
        imag: imaginary part.
        power: that these velocities radiate [W].
        half_angle: of the cone of rays, seen from the focus [rad].
    """

    kind: Literal["plane"] = "plane"
    focal_length: float = Field(gt=0)
    z: float = Field(ge=0)
    spacing: tuple[float, float]
    shape: tuple[int, int]
    real: tuple[float, ...] = Field(min_length=4)
    imag: tuple[float, ...] = Field(min_length=4)
    power: float = Field(gt=0)
    half_angle: float = Field(gt=0, lt=math.pi / 2)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        count = self.shape[0] * self.shape[1]
        if min(self.shape) < 2 or len(self.real) != count or len(self.imag) != count:
            raise ValueError(
                f"a plane of {self.shape} samples has {len(self.real)} real and {len(self.imag)} imaginary"
            )
        if min(self.spacing) <= 0 or self.z >= self.focal_length:
            raise ValueError("samples must lie apart, and the plane before the focus")
        return self

    @property
    def half_angles(self) -> tuple[float, float]:
        """Half-angles [rad] of the cone of rays: it is full."""
        return 0.0, self.half_angle

    @property
    def elements(self) -> int:
        """It is driven as a whole."""
        return 1

    @property
    def area(self) -> float:
        """Area of the plane [m2]."""
        return self.shape[0] * self.shape[1] * self.spacing[0] * self.spacing[1]

    @property
    def reach(self) -> float:
        """From the axis to a corner [m]."""
        return math.hypot(*(0.5 * n * h for n, h in zip(self.shape, self.spacing, strict=True)))


Surface = Annotated[Cap | PistonArray | RectangleArray | VelocityPlane, Field(discriminator="kind")]


class Travel(Record):
    """How far the positioner moves the focus from its home, each way [m].

    And how far it tilts [rad] from the vertical.
    """

    x: float = Field(gt=0)
    y: float = Field(gt=0)
    z: float = Field(gt=0)
    tilt: float = Field(gt=0, le=math.pi)


class Ceilings(Record):
    """What the device never exceeds, whatever a plan says.

    Attributes:
        acoustic_power: W through the radiating surface.
        on_time: s per exposure.
        spot_energy: J acoustic per exposure.
        total_energy: J acoustic per treatment.
        travel: reach of the axes.
        stand_off: least gap [m] of water between radiating surface and skin.
    """

    acoustic_power: float = Field(gt=0)
    on_time: float = Field(gt=0)
    spot_energy: float = Field(gt=0)
    total_energy: float = Field(gt=0)
    travel: Travel
    stand_off: float = Field(ge=0)


class Calibration(Record):
    """How acoustic power follows from what the device is told.

    Attributes:
        serial: the individual device.
        date: ISO date of the measurement.
        relative_uncertainty: of the acoustic power (95 %).
        source: method or reference.
    """

    serial: str
    date: str
    relative_uncertainty: float = Field(gt=0, lt=1)
    source: str


class Transducer(Record):
    """A therapy device as data.

    Attributes:
        name: key in the catalogue.
        title: words for people.
        frequency: Hz.
        surface: what radiates.
        ceilings: hard limits.
        calibration: power calibration in force.
        assumptions: what about this description is assumed, not published.
        source: where it comes from.
    """

    name: str
    title: str
    frequency: float = Field(gt=0)
    surface: Surface
    ceilings: Ceilings
    calibration: Calibration
    assumptions: tuple[str, ...]
    source: str

    @property
    def focal_length(self) -> float:
        """Distance from apex to geometric focus [m]."""
        return self.surface.focal_length

    @property
    def elements(self) -> int:
        """Number of elements that can be driven apart; 1 for a single source."""
        return self.surface.elements

    def drive(
        self,
        acoustic_power: float,
        elements_off: tuple[int, ...] = (),
        phases: tuple[float, ...] = (),
        pose: Pose | None = None,
        amplitudes: tuple[float, ...] = (),
    ) -> Drive:
        """This device driven with an acoustic power [W]; see ``Drive`` for the other arguments."""
        from openhifu.model.drive import Drive as DriveRecord

        data = {
            "transducer": self,
            "acoustic_power": acoustic_power,
            "elements_off": elements_off,
            "phases": phases,
            "amplitudes": amplitudes,
            "pose": pose,
        }
        return DriveRecord.from_data(data, f"drive of {self.name}")
