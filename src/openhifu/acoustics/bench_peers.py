"""Contests of the full wave with time-domain peers on the same physical box, to the same steady state."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from openhifu.acoustics.fullwave import FullWave
from openhifu.acoustics.problem import Recording
from openhifu.acoustics.validation_fullwave import BENCHMARKS, Layers
from openhifu.base.measurement import Contest

_LAYER = 10  # points of a peer's own absorbing layer at each end
_PERIODS = 50  # of a peer's run until its wave is at rest: 45 to 55 are usual
_COURANT = 0.3
_TIMED = 4  # steps that a peer is timed for
_FREQUENCY, _STEP = 5e5, 0.5e-3


def _full_wave(layers: Layers) -> Callable[[], object]:
    surfaces = layers.surfaces()
    solver, problem = FullWave(surfaces, tolerance=3e-3), layers.problem(surfaces)
    return lambda: solver.solve(problem, Recording(pressure=True, heat=False))


def _against_steps(name: str, peer: str, layers: Layers, fastest: float, goal: float | None) -> Contest:
    """A field by the full wave, and by as many time steps as a peer needs for it, timed on a few."""
    across = round(2 * layers.half_width / _STEP) + 2 * _LAYER
    along = round((layers.ends[1] - layers.ends[0]) / _STEP) + 2 * _LAYER
    steps = math.ceil(_PERIODS / _FREQUENCY / (_COURANT * _STEP / fastest))
    return Contest(
        name=name,
        peer=peer,
        work={
            "shape": [along, across, across],
            "spacing": _STEP,
            "frequency": _FREQUENCY,
            "bone": fastest > 2000,
            "steps": _TIMED,
        },
        prepare=partial(_full_wave, layers),
        scale=1.0,
        peer_scale=steps / _TIMED,
        unit=f"s a field ({steps} time steps)",
        repetitions=2,
        goal=goal,
    )


CONTESTS: dict[str, Contest] = {
    f"fullwave-{kind}-{peer}": _against_steps(
        f"full wave, {case}, beside {peer}", f"{peer}_steps", BENCHMARKS[case], fastest, goal
    )
    for kind, case, fastest in (("soft", "BM2", 1500.0), ("bone", "BM4", 2800.0))
    for peer, goal in (("kwave", 30.0), ("jwave", None), ("babelvisco", None))
}
"""Every contest by its name."""
