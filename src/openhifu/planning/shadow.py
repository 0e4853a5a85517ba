"""Elements whose rays to a spot run through bone or cartilage, to be switched off for that spot."""

from __future__ import annotations

import numpy as np

from openhifu.model.pose import Pose
from openhifu.model.transducer import Transducer
from openhifu.planning.anatomy import Anatomy, Way
from openhifu.planning.rays import bundle, trace, turned

SHADOWED = 0.1
"""Share of an element's rays in shadow above which it is switched off."""


def elements_off(view: Anatomy, device: Transducer, pose: Pose, shadowed: float = SHADOWED) -> tuple[int, ...]:
    """Elements to switch off for a pose; none for a source of one element, which cannot.

    Args:
        view: the anatomy.
        device: the source.
        pose: with the focus on the spot.
        shadowed: share of an element's rays through bone, cartilage or gas above which it goes off.
    """
    if device.elements == 1:
        return ()
    rays = bundle(device, fine=True)
    met = trace(view, np.asarray(pose.focus), turned(rays, pose), rays.length)
    lit = rays.element >= 0
    dark = met.meets(Way.BONE) | met.meets(Way.CARTILAGE) | met.meets(Way.GAS)
    count = np.bincount(rays.element[lit], minlength=device.elements)
    blocked = np.bincount(rays.element[lit], weights=dark[lit], minlength=device.elements)
    off = blocked > shadowed * np.maximum(count, 1)
    return tuple(int(e) for e in np.flatnonzero(off))
