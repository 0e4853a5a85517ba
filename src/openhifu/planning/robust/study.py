"""A study of robustness: many scenarios of one plan on any executor, gathered into bands."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Executor

import numpy as np
from numpy.typing import NDArray

from openhifu.base.progress import Progress, silent
from openhifu.base.workers import gathered as finished
from openhifu.base.workers import sharing
from openhifu.model.case_data import CaseData
from openhifu.model.plan import TreatmentPlan
from openhifu.model.robustness import (
    COVERAGE,
    PEAK,
    Band,
    Robustness,
    ScenarioOutcome,
    Uncertainty,
    dose_of,
    hottest_of,
)
from openhifu.planning.robust.basis import ANCHORS, prepare
from openhifu.planning.robust.outcome import corrected, run_scenario
from openhifu.planning.robust.scenario import Scenario, draw, nominal
from openhifu.planning.robust.sensitivity import influences

METHOD = (
    f"fields of {ANCHORS} exposures solved anew in every scenario (one-way march), those of the others carried over "
    "from them; target on voxels of 1 mm in a box, organs on voxels of 2 mm corrected to the plan's own; powers by the "
    "titration and the stop at the highest temperature, with a thermometer free of noise; dose control by measured "
    "dose, cavitation and nonlinear propagation left out"
)

RULE = "triangular over the published range, mode at nominal; attenuation and perfusion in the logarithm; independent"

OpenExecutor = Callable[[], Executor]
"""Makes an executor: a process pool here, ``distributed.Client(...).get_executor`` on a cluster."""


def study(
    data: CaseData,
    plan: TreatmentPlan,
    given: Uncertainty,
    scenarios: int,
    seed: int,
    progress: Progress = silent,
    executor: Executor | None = None,
) -> Robustness:
    """Deliver a plan to many possible patients.

    Args:
        data: the plan's case.
        plan: the plan.
        given: what is not known beside tissue values.
        scenarios: how many.
        seed: of all draws; the same gives the same study, on any executor.
        progress: told how far it is.
        executor: where scenarios run; processes on all cores of this machine if not given. Ctrl-C ends the study with
            the scenarios that are finished.
    """
    cores = os.cpu_count() or 1
    basis = prepare(data, plan, cores, progress)
    drawn = [
        draw(basis.here.tissues, plan.pose, len(plan.sonications), given, seed, number) for number in range(scenarios)
    ]
    base = run_scenario(basis, nominal(len(plan.sonications)), cores)
    with sharing(min(cores, scenarios), run_scenario, basis, executor) as submit:
        found = finished([submit(s) for s in drawn], "scenarios", progress)
    return gathered(plan, given, seed, drawn, base, found)


def gathered(
    plan: TreatmentPlan,
    given: Uncertainty,
    seed: int,
    drawn: list[Scenario],
    base: ScenarioOutcome,
    found: list[ScenarioOutcome],
) -> Robustness:
    """The record of a study from its outcomes as ``run_scenario`` gave them, in any order."""
    outcomes = tuple(corrected(o, base, plan) for o in sorted(found, key=lambda o: o.number))
    inputs = tuple((name, unit) for name, unit, _ in drawn[0].inputs)
    figures = _figures(plan, outcomes)
    bands = tuple(_band(name, unit, value, values) for name, (unit, value, values) in figures.items())
    return Robustness(
        plan_hash=plan.content_hash,
        seed=seed,
        asked=len(drawn),
        uncertainty=given,
        rule=RULE,
        method=METHOD,
        inputs=inputs,
        nominal=corrected(base, base, plan),
        outcomes=outcomes,
        bands=bands,
        influences=influences(outcomes, inputs, {n: v for n, (_, _, v) in figures.items()}, seed),
    )


def _figures(
    plan: TreatmentPlan, outcomes: tuple[ScenarioOutcome, ...]
) -> dict[str, tuple[str, float, NDArray[np.float64]]]:
    """Unit, nominal value and values of every figure, by name."""
    expected = plan.prediction
    found = {
        COVERAGE: ("1", expected.coverage, np.array([o.coverage for o in outcomes])),
        PEAK: ("degC", expected.peak_temperature, np.array([o.peak_temperature for o in outcomes])),
        "treatment time": ("s", expected.treatment_time, np.array([o.treatment_time for o in outcomes])),
        "energy": ("J", expected.energy, np.array([o.energy for o in outcomes])),
    }
    for n, organ in enumerate(plan.organs):
        own = next(o for o in expected.organs if o.organ == organ.name)
        found[dose_of(organ.name)] = ("min", own.cem43_max, np.array([o.organs[n].cem43_max for o in outcomes]))
        hottest = np.array([o.organs[n].peak_temperature for o in outcomes])
        found[hottest_of(organ.name)] = ("degC", own.peak_temperature, hottest)
    return found


def _band(name: str, unit: str, value: float, values: NDArray[np.float64]) -> Band:
    low, median, high = (float(v) for v in np.percentile(values, [5, 50, 95]))
    return Band(name=name, unit=unit, nominal=value, low=low, median=median, high=high)
