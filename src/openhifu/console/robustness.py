"""Robustness of a plan on disk: the study, its file beside the plan, and what it says to people."""

from __future__ import annotations

import math
from concurrent.futures import Executor
from pathlib import Path

from openhifu.base.errors import Tampered
from openhifu.base.files import read_text, write_whole
from openhifu.base.progress import Progress, silent
from openhifu.base.units import read_in
from openhifu.model.catalogue import transducer
from openhifu.model.plan import TreatmentPlan
from openhifu.model.robustness import BREATHING, COVERAGE, POSITION, SCENARIOS, Influence, Robustness, Uncertainty
from openhifu.planning.make import Planned
from openhifu.planning.robust.study import study

SOURCES = (
    "position: mean error of robot-guided focused ultrasound, 1.01 mm (PMC5406740); breathing: mean largest motion of "
    "the diaphragm in a breath-hold, 1.4 mm of 21 patients (Eccles et al., Int J Radiat Oncol 2006, PubMed 16458774); "
    "power: half of the calibration's 95 % uncertainty"
)

SHOWN = 3
"""Influences that are told per figure."""


def uncertainty(plan: TreatmentPlan, position: float = POSITION, breathing: float = BREATHING) -> Uncertainty:
    """What is not known beside tissue values.

    Args:
        plan: whose device's calibration says how well the power is known.
        position: m; mean length of the error of the source's place.
        breathing: m; mean of the largest displacement along the body during a breath-hold.
    """
    usual = math.isclose(position, POSITION) and math.isclose(breathing, BREATHING)
    told = SOURCES if usual else f"as asked for; usual: {SOURCES}"
    power = transducer(plan.device).calibration.relative_uncertainty / 2
    return Uncertainty(position=position, breathing=breathing, power=power, source=told)


def robustness(
    planned: Planned,
    scenarios: int = SCENARIOS,
    seed: int = 1,
    given: Uncertainty | None = None,
    progress: Progress = silent,
    executor: Executor | None = None,
) -> Robustness:
    """Deliver a plan to many possible patients; see ``planning.robust.study.study``."""
    what = given or uncertainty(planned.plan)
    return study(planned.data, planned.plan, what, scenarios, seed, progress, executor)


def robustness_file(plan: Path) -> Path:
    """Where the study of a plan file lies."""
    return plan.with_name(f"{plan.name.removesuffix('.json')}.robust.json")


def save_robustness(found: Robustness, plan: Path) -> Path:
    """Write a study beside its plan; an earlier one is replaced."""
    target = robustness_file(plan)
    write_whole(target, found.to_document().encode())
    return target


def robustness_beside(path: Path, plan: TreatmentPlan) -> Robustness | None:
    """The study beside a plan file; None where there is none.

    Raises:
        Tampered: if it was edited, or belongs to another plan.
    """
    file = robustness_file(path)
    if not file.is_file():
        return None
    found = Robustness.from_document(read_text(file, "robustness study"), str(file))
    if found.plan_hash != plan.content_hash:
        raise Tampered(
            f"{file} belongs to plan {found.plan_hash[:12]}, not to {path} ({plan.content_hash[:12]}); "
            f"study this plan with: openhifu robust {path}"
        )
    return found


def band_lines(found: Robustness) -> list[str]:
    """A table of bands: nominal, 5th, 50th and 95th percentile."""
    lines = [f"{'over ' + str(len(found.outcomes)) + ' scenarios':<28}{'plan':>10}{'5 %':>10}{'50 %':>10}{'95 %':>10}"]
    for band in found.bands:
        factor, unit = read_in(band.name, band.unit)
        numbers = "".join(f"{factor * v:>10.4g}" for v in (band.nominal, band.low, band.median, band.high))
        lines.append(f"{band.name:<28}{numbers} {unit}")
    return lines


def influence_lines(found: Robustness, figures: tuple[str, ...] = (COVERAGE,)) -> list[str]:
    """The strongest influences on some figures, and what to measure."""
    lines = []
    for figure in figures:
        own = [i for i in found.influences if i.figure == figure]
        if not own:
            continue
        lines.append(f"{figure} goes along with (rank correlation, 5 to 95 %):")
        lines += [f"  {_influence(i)}" for i in own[:SHOWN]]
    return [*lines, measure_sentence(found)]


def measure_sentence(found: Robustness, figure: str = COVERAGE) -> str:
    """Which single measurement would help a figure most, as far as the study can tell."""
    own = [i for i in found.influences if i.figure == figure]
    if not own:
        return f"{len(found.outcomes)} scenarios are too few to say which measurement would help"
    best = own[0]
    share = 100 * best.correlation**2
    if not best.certain:
        return (
            f"no single measurement stands out for {figure}: the strongest, {best.input}, is within what chance gives "
            f"among {len(found.inputs)} inputs; run more scenarios"
        )
    return f"measuring {best.input} would help {figure} most: it goes along with {share:.0f} % of the ranks' variance"


def _influence(item: Influence) -> str:
    sure = "" if item.certain else "   (within chance)"
    return f"{item.correlation:+.2f} ({item.low:+.2f} to {item.high:+.2f})  {item.input}{sure}"
