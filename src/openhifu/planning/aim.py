"""Where one exposure heats: where the source stands, which elements are off, and where phases steer its focus."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from openhifu.acoustics.source import Fluid
from openhifu.base.vectors import Vector
from openhifu.model.catalogue import tissue
from openhifu.model.pose import Pose
from openhifu.model.sonication import Sonication, places
from openhifu.model.transducer import Transducer
from openhifu.planning.arrays.geometric import geometric_phases

VISIT = 10e-3
"""s at most that a steered focus stays at one place before it goes on: a focus 2 mm wide takes seconds to cool,
so that what it heats is the mean over all places."""


class Beam(NamedTuple):
    """One way to drive the source.

    Attributes:
        pose: where it stands.
        elements_off: its elements that are off.
        phases: rad of every element; empty for all zero.
        aside: m across the beam by which they steer the focus.
    """

    pose: Pose
    elements_off: tuple[int, ...] = ()
    phases: tuple[float, ...] = ()
    aside: float = 0.0


@dataclass(frozen=True)
class Aim:
    """What makes the heat of one exposure, but for its power.

    Attributes:
        focus: where the geometric focus goes (LPS, m).
        elements_off: elements that are off.
        steered: places of the focus in turn, m along the beam's x, y, z from ``focus``; empty for a still one.
    """

    focus: Vector
    elements_off: tuple[int, ...] = ()
    steered: tuple[Vector, ...] = ()

    @classmethod
    def of(cls, shot: Sonication) -> Aim:
        """That of an exposure of a plan."""
        return cls(shot.focus, shot.elements_off, shot.steered)

    def places(self, pose: Pose) -> tuple[Vector, ...]:
        """Where the focus is in turn (LPS, m), with the orientation of a pose."""
        return places(self.focus, self.steered, pose)

    def beams(self, device: Transducer, pose: Pose) -> tuple[Beam, ...]:
        """The beams it consists of, one for every place of the focus.

        Args:
            device: the source.
            pose: gives its orientation.

        Raises:
            CannotModel: if the focus is steered and the device has one element.
        """
        there = pose.moved_to(self.focus)
        if not self.steered:
            return (Beam(there, self.elements_off),)
        return tuple(
            Beam(there, self.elements_off, steering_phases(device, place), math.hypot(*place[:2]))
            for place in self.steered
        )


def steering_phases(device: Transducer, place: Vector) -> tuple[float, ...]:
    """Phases [rad] that steer the focus to a place, m along the beam's x, y, z from the geometric one.

    Straight paths through water at the catalogue's sound speed, as a generator sets them who knows no tissue; no phases
    for the geometric focus itself.
    """
    if not any(place):
        return ()
    x, y, z = place
    return geometric_phases(device, (x, y, device.focal_length + z), Fluid.of(tissue("water"), device.frequency))
