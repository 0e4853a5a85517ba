"""A whole treatment as one temperature history: pre-cooling, exposures, and rests until the organs at risk are cool."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from openhifu.base.errors import OutOfRange
from openhifu.base.field import Field
from openhifu.base.outcome import Outcome, Verdict
from openhifu.base.progress import Progress, silent
from openhifu.model.history import Curves
from openhifu.thermal.dose import Dose
from openhifu.thermal.heat import verdict_of
from openhifu.thermal.probe import Probe
from openhifu.thermal.recorder import Recorder
from openhifu.thermal.solver import BioheatSolver


@dataclass(frozen=True, eq=False)
class Exposure:
    """One exposure of one spot.

    Attributes:
        heat: heat rate [W/m3] per watt of acoustic power, mean over each voxel of the solver's grid.
        power: W acoustic.
        on_time: s.
        least_rest: s to rest after it at least, whatever the rest rule allows.

    Raises:
        OutOfRange: if a number is negative or not finite.
    """

    heat: Field
    power: float
    on_time: float
    least_rest: float = 0.0

    def __post_init__(self) -> None:
        """Check the numbers."""
        for name in ("power", "on_time", "least_rest"):
            _not_negative(getattr(self, name), f"the {name.replace('_', ' ')} of an exposure")


@dataclass(frozen=True, eq=False)
class Watch:
    """A region that must be cool before the next exposure.

    Attributes:
        probe: its voxels.
        resume_below: degC; infinite only records it.
    """

    probe: Probe
    resume_below: float


@dataclass(frozen=True, eq=False)
class RestRule:
    """When the next exposure may begin.

    Attributes:
        min_time: s of rest at least.
        max_time: s of rest at most; then the treatment goes on and the outcome names who was still too hot.
        watches: regions, each with its temperature.
        interval: longest time [s] between looks at the regions; cut to a whole number of the solver's stable steps.

    Raises:
        OutOfRange: if a number is negative or not finite, the interval is zero, or min_time is above max_time.
    """

    min_time: float
    max_time: float
    watches: tuple[Watch, ...] = ()
    interval: float = 1.0

    def __post_init__(self) -> None:
        """Check the numbers."""
        _not_negative(self.min_time, "the least rest")
        _not_negative(self.max_time, "the longest rest")
        if self.min_time > self.max_time:
            raise OutOfRange(f"the least rest {self.min_time} s is above the longest rest {self.max_time} s")
        if not (math.isfinite(self.interval) and self.interval > 0):
            raise OutOfRange(f"the interval between looks must be finite and positive, got {self.interval} s")


@dataclass(frozen=True)
class ExposureResult:
    """What one exposure of a treatment came to.

    Attributes:
        index: place in the order.
        power: W acoustic.
        on_time: s.
        peak: highest temperature [degC] in the target during it and the rest after it.
        rest: s rested after it.
        held_up_by: regions still too hot when the longest rest was over; empty if none.
    """

    index: int
    power: float
    on_time: float
    peak: float
    rest: float
    held_up_by: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Treatment:
    """What a whole treatment came to.

    Attributes:
        curves: time, power and hottest temperatures of the target and every watched region.
        peak: highest temperature of each voxel [degC].
        dose: the running dose that was handed in, at the end.
        total_time: s from the start of pre-cooling to the end of the last rest.
        energy: J acoustic.
        exposures: one result each, in order.
        outcome: whether the model held and the rests sufficed.
    """

    curves: Curves
    peak: Field
    dose: Dose
    total_time: float
    energy: float
    exposures: tuple[ExposureResult, ...]
    outcome: Outcome


def run_treatment(
    solver: BioheatSolver,
    exposures: Sequence[Exposure],
    rest: RestRule,
    target: Probe,
    dose: Dose,
    pre_cooling: float = 0.0,
    progress: Progress = silent,
    proceed: Callable[[ExposureResult], bool] | None = None,
) -> Treatment:
    """Run a treatment from the solver's present state.

    Args:
        solver: tracks the peak; its state is advanced.
        exposures: in order; may be a lazy sequence that makes each heat field when it is asked for.
        rest: when the next exposure may begin; also applies after the last one.
        target: region whose peak is kept for each exposure; the curve ``target.name`` follows it.
        dose: running dose to add to.
        pre_cooling: s before the first exposure.
        progress: told after each exposure.
        proceed: asked after each exposure and its rest; False ends the treatment there.

    Raises:
        OutOfRange: if a time is negative or an exposure's least rest is above the rule's longest.
        GeometryError: if a heat field, probe or dose is on another grid.
        CannotModel: if the solver does not track the peak.
    """
    _not_negative(pre_cooling, "pre-cooling")
    solver.peak  # noqa: B018  raises now rather than at the end
    begin, energy = solver.time, 0.0
    curves = Recorder(solver, (target, *(w.probe for w in rest.watches)))
    curves.note(0.0)
    rest = replace(rest, interval=_fitted(rest.interval, solver.stable_step))
    _pass(solver, pre_cooling, rest.interval, dose, curves)
    results: list[ExposureResult] = []
    stopped = False
    for index in range(len(exposures)):
        exposure = exposures[index]
        if exposure.least_rest > rest.max_time:
            raise OutOfRange(
                f"exposure {index + 1} asks for {exposure.least_rest} s of rest, the rule allows {rest.max_time} s"
            )
        results.append(_expose(solver, index, exposure, rest, dose, curves))
        energy += exposure.power * exposure.on_time
        progress("treatment", (index + 1) / len(exposures))
        if proceed is not None and not proceed(results[-1]):
            stopped = index + 1 < len(exposures)
            break
    outcome = _outcome(solver, results, len(exposures), stopped)
    return Treatment(curves.curves(), solver.peak, dose, solver.time - begin, energy, tuple(results), outcome)


def _expose(
    solver: BioheatSolver, index: int, exposure: Exposure, rest: RestRule, dose: Dose, curves: Recorder
) -> ExposureResult:
    """One exposure and the rest after it."""
    first = curves.count
    _pass(solver, exposure.on_time, rest.interval, dose, curves, exposure)
    least, rested = max(rest.min_time, exposure.least_rest), 0.0
    while True:
        hot = tuple(w.probe.name for w in rest.watches if curves.latest(w.probe) >= w.resume_below)
        if rested >= least and not (hot and rested < rest.max_time):
            break
        until = least if rested < least else rest.max_time
        pause = min(rest.interval, until - rested)
        solver.advance(pause, dose=dose)
        curves.note(0.0)
        rested = until if until - rested - pause < 1e-9 else rested + pause
    peak = curves.peak_of_target(first)
    return ExposureResult(index, exposure.power, exposure.on_time, peak, rested, hot)


def _pass(
    solver: BioheatSolver,
    duration: float,
    interval: float,
    dose: Dose,
    curves: Recorder,
    exposure: Exposure | None = None,
) -> None:
    """Advance in equal samples not longer than the interval and note the temperatures after each."""
    count = math.ceil(duration / interval - 1e-9)
    heat, power = (exposure.heat, exposure.power) if exposure else (None, 0.0)
    for _ in range(count):
        solver.advance(duration / count, heat, power, dose)
        curves.note(power)


def _outcome(solver: BioheatSolver, results: list[ExposureResult], count: int, stopped: bool) -> Outcome:
    """The most serious thing there is to say about a treatment."""
    if solver.exceeded_boiling:
        return verdict_of(solver)
    if stopped:
        return Outcome(verdict=Verdict.WARNING, sentence=f"ended on request after exposure {len(results)} of {count}")
    held = [r for r in results if r.held_up_by]
    if held:
        names = ", ".join(sorted({name for r in held for name in r.held_up_by}))
        return Outcome(
            verdict=Verdict.WARNING,
            sentence=f"after {len(held)} of {count} exposures the longest rest of {max(r.rest for r in held):.0f} s "
            f"was not enough for: {names}",
            remedy="allow a longer rest, lower the power, or switch off the elements that heat them",
        )
    return verdict_of(solver)


def _fitted(interval: float, stable: float) -> float:
    """The longest whole number of stable steps within an interval: 1 s would take two steps where 0.98 s takes one."""
    return interval if interval < stable else stable * math.floor(interval / stable)


def _not_negative(value: float, what: str) -> None:
    if not (math.isfinite(value) and value >= 0):
        raise OutOfRange(f"{what} must be finite and not negative, got {value}")
