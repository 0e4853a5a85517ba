"""The door of the room: one problem or many, solved by the method asked for or by the one that fits."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from openhifu.acoustics.array_library import ArrayLibrary
from openhifu.acoustics.axisymmetric import Axisymmetric
from openhifu.acoustics.choosing import Method, choose
from openhifu.acoustics.field import AcousticField
from openhifu.acoustics.fullwave import FullWave
from openhifu.acoustics.hybrid import Hybrid
from openhifu.acoustics.marching import Marching, Prepared
from openhifu.acoustics.marching_harmonics import HarmonicMarching
from openhifu.acoustics.phase_shift import PhaseShift
from openhifu.acoustics.problem import AcousticProblem, Recording
from openhifu.acoustics.rayleigh import RayleighIntegral
from openhifu.acoustics.timedomain import TimeDomain
from openhifu.base.errors import CannotModel, OutOfRange
from openhifu.base.progress import Progress, silent

_OneByOne = RayleighIntegral | PhaseShift | HarmonicMarching | Axisymmetric | TimeDomain | FullWave | Hybrid


def solve(
    problem: AcousticProblem,
    recording: Recording | None = None,
    method: Method | str = Method.AUTO,
    arrays: str | None = None,
) -> AcousticField:
    """Find the field of one problem.

    Args:
        problem: source, drive and medium.
        recording: what to keep; by default the heat rate on the medium's own grid.
        method: a method is obeyed or refused; ``"auto"`` looks at what lies along the beam (``choosing.choose``): the
            Rayleigh integral in a uniform medium of few points, marching through soft tissue, the hybrid across bone,
            the axisymmetric solver for harmonics of round beams, the march for those of others; it says why in the
            report.
        arrays: a library of ``array_library.LIBRARIES`` that runs the march, on a graphics processor where it has one;
            None runs the compiled loops.

    Raises:
        UnknownName: if there is no such method or library.
        CannotModel: if the method does not contain the physics asked for or does not run on such arrays, or their
            library is not installed.
        GeometryError: if grid, source and medium do not fit together.
        MissingProperty: if a tissue of the medium lacks a value that is needed.
    """
    return solve_many([problem], recording, method, threads=1, arrays=arrays)[0]


def solve_many(
    problems: Sequence[AcousticProblem],
    recording: Recording | Sequence[Recording] | None = None,
    method: Method | str = Method.AUTO,
    threads: int = 2,
    progress: Progress = silent,
    arrays: str | None = None,
) -> list[AcousticField]:
    """Find the fields of many problems, sharing what media and sources have in common, several at a time.

    Every problem runs on one thread, so the fields are the same, bit for bit, whatever the number of threads. Problems
    of one medium (the same ``TissueMap`` object) share its preparation, and those of one transducer and lattice share
    its planes: hundreds of spots cost little more than their marches.

    Args:
        problems: the questions.
        recording: what to keep, of all alike or of each; by default the heat rate on the medium's own grid.
        method: as for ``solve``.
        threads: problems at a time.
        progress: told after each field.
        arrays: as for ``solve``.

    Returns:
        Fields in the order of the problems.

    Raises:
        OutOfRange: if there are fewer threads than one, or another number of recordings than of problems.
        UnknownName, CannotModel, GeometryError, MissingProperty: as for ``solve``; before any field is computed where
            that can be known.
    """
    if threads < 1:
        raise OutOfRange(f"fields need at least one thread, got {threads}")
    one = recording or Recording()
    kept = [one] * len(problems) if isinstance(one, Recording) else list(one)
    if len(kept) != len(problems):
        raise OutOfRange(f"{len(kept)} recordings for {len(problems)} problems; give one for each, or one for all")
    chosen = [choose(p, keep, method) for p, keep in zip(problems, kept, strict=True)]
    marched = [n for n, (name, _) in enumerate(chosen) if name is Method.MARCHING and problems[n].harmonics == 1]
    marching = _marching(arrays, [c for n, c in enumerate(chosen) if n not in marched])
    others = _one_by_one(threads)
    prepared: dict[int, Prepared] = dict(zip(marched, marching.prepare([problems[n] for n in marched]), strict=True))
    found: dict[int, AcousticField] = {}

    def done(n: int, field: AcousticField) -> None:
        found[n] = field
        progress("acoustic fields", len(found) / len(problems))

    with ThreadPoolExecutor(threads) as pool:
        waiting = {n: pool.submit(marching.run, prepared[n], kept[n], chosen[n][1]) for n in marched}
        try:
            for n in marched:
                done(n, waiting[n].result())
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    for n, (name, why) in enumerate(chosen):
        if n not in prepared:
            done(n, others[name].solve(problems[n], kept[n], why))
    return [found[n] for n in range(len(problems))]


def _marching(arrays: str | None, others: Sequence[tuple[Method, str]]) -> Marching:
    """The march on the arrays asked for, which no other method runs on."""
    if arrays is None:
        return Marching()
    if others:
        name, why = others[0]
        raise CannotModel(
            f"arrays {arrays!r} run the linear march, and here the method is {str(name)!r} ({why}); ask for method "
            "'marching' and one harmonic, or for no arrays"
        )
    return Marching(ArrayLibrary.named(arrays))


def _one_by_one(threads: int) -> dict[Method, _OneByOne]:
    """Solvers that take one problem at a time, with all threads for it."""
    return {
        Method.MARCHING: HarmonicMarching(threads),
        Method.RAYLEIGH: RayleighIntegral(),
        Method.PHASESHIFT: PhaseShift(echoes=True),
        Method.AXISYMMETRIC: Axisymmetric(),
        Method.TIMEDOMAIN: TimeDomain(threads),
        Method.FULLWAVE: FullWave(threads=threads),
        Method.HYBRID: Hybrid(FullWave(threads=threads)),
    }
