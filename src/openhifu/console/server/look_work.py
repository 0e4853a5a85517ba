"""The process behind ``looks``: ``python -m openhifu.console.server.look_work DATA``; a line in, a line out.

It ends when its server does, for then nothing is left to read, and when nobody asked for some minutes.
"""

from __future__ import annotations

import math
import select
import sys
import time
from functools import lru_cache
from pathlib import Path

import numpy as np

from openhifu.base.errors import HifuError
from openhifu.console.planning import with_device
from openhifu.console.server.library import Library
from openhifu.console.server.looks import LookAsked, LookShown
from openhifu.console.server.work import NICENESS
from openhifu.delivery.precedence import be_ordinary
from openhifu.model.catalogue import transducer
from openhifu.model.pose import Pose
from openhifu.planning.anatomy import Anatomy, anatomy
from openhifu.planning.rays import bundle
from openhifu.planning.scene import target_centre, target_half_size
from openhifu.planning.shadow import elements_off
from openhifu.planning.window import REFUSALS, PoseRules, direction_of, look, worst_look

IDLE = 600.0
"""s without a question after which the process ends and gives its memory back."""


class Looker:
    """Answers; keeps the anatomies of the last plans it was asked about.

    Args:
        data: the data folder.
    """

    def __init__(self, data: Path) -> None:
        """Nothing is read yet."""
        self._library = Library(data)
        self._opened = lru_cache(2)(self._open)

    def answer(self, asked: LookAsked) -> LookShown:
        """What rays meet from a direction. Raises like reading the case."""
        plan = self._library.plan(asked.plan)
        view, centre, half_size = self._opened(plan.case, plan.device)
        began, device, rules = time.perf_counter(), transducer(plan.device), PoseRules()
        direction = direction_of(asked.azimuth, asked.elevation)
        pose = Pose(focus=centre, direction=direction)
        seen = look(view, bundle(device, fine=True), pose)
        foci = np.asarray(centre) + rules.margin * half_size * np.vstack([np.zeros(3), np.eye(3), -np.eye(3)])
        code = worst_look(view, device, direction, foci, rules)[1]
        off = elements_off(view, device, pose)
        return LookShown(
            direction=direction,
            bone=seen.bone,
            cartilage=seen.cartilage,
            gas=seen.gas,
            bowel=seen.bowel,
            cut=seen.cut,
            amplitude=seen.amplitude,
            stand_off_m=seen.stand_off if math.isfinite(seen.stand_off) else 0.0,
            elements_off=len(off),
            elements=device.elements,
            refusal=REFUSALS[code],
            took_ms=1e3 * (time.perf_counter() - began),
        )

    def _open(self, case: str, device: str) -> tuple[Anatomy, tuple[float, float, float], float]:
        data = with_device(self._library.case(case), device)
        return anatomy(data, transducer(device).frequency), target_centre(data), target_half_size(data)


def main(data: Path) -> int:
    """Answer line by line."""
    be_ordinary(NICENESS)
    looker = Looker(data)
    while select.select([sys.stdin], [], [], IDLE)[0]:
        line = sys.stdin.readline()
        if not line:
            return 0
        try:
            said = looker.answer(LookAsked.model_validate_json(line)).model_dump_json()
        except HifuError as error:
            said = "refused: " + " ".join(str(error).split())
        print(said, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
