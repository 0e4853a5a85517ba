"""What checks look at, and how a number beside its limit becomes a finding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.base.outcome import Verdict
from openhifu.model.case_data import CaseData
from openhifu.model.history import TreatmentHistory
from openhifu.model.plan import Finding, Prediction
from openhifu.model.pose import Pose
from openhifu.model.sonication import Sonication
from openhifu.model.transducer import Transducer
from openhifu.model.window import CandidatePose
from openhifu.planning.anatomy import Anatomy


@dataclass(frozen=True, eq=False)
class Evidence:
    """Everything known about a plan when it is checked.

    Attributes:
        data: the case.
        device: the source.
        view: classes of material for rays.
        pose: the plan's pose.
        seen: the pose as the window search described it.
        sonications: exposures.
        history: predicted fields and curves.
        prediction: predicted numbers.
        target: mask of the target on the heat grid.
        organs: mask of each organ at risk on the heat grid.
    """

    data: CaseData
    device: Transducer
    view: Anatomy
    pose: Pose
    seen: CandidatePose
    sonications: tuple[Sonication, ...]
    history: TreatmentHistory
    prediction: Prediction
    target: NDArray[np.bool_]
    organs: dict[str, NDArray[np.bool_]]

    @property
    def places(self) -> NDArray[np.float64]:
        """Every place of the focus in every exposure (LPS, m), shape (places, 3)."""
        return np.array([place for shot in self.sonications for place in shot.places(self.pose)])


@dataclass(frozen=True)
class Rule:
    """A limit: values above ``warn`` of it warn, above it are errors (or stay warnings if not ``hard``)."""

    check: str
    limit: float
    unit: str
    source: str
    warn: float = 0.8
    hard: bool = True


def above(rule: Rule, value: float, sentence: str, remedy: str) -> Finding:
    """Finding for a value that should stay below a limit."""
    over = value > rule.limit
    verdict = Verdict.OK
    if over:
        verdict = Verdict.ERROR if rule.hard else Verdict.WARNING
    elif value > rule.warn * rule.limit:
        verdict = Verdict.WARNING
    return _finding(rule, verdict, value, sentence, remedy)


def below(rule: Rule, value: float, sentence: str, remedy: str) -> Finding:
    """Finding for a value that should reach at least a limit."""
    verdict = Verdict.OK if value >= rule.limit else (Verdict.ERROR if rule.hard else Verdict.WARNING)
    return _finding(rule, verdict, value, sentence, remedy).model_copy(update={"at_least": True})


def _finding(rule: Rule, verdict: Verdict, value: float, sentence: str, remedy: str) -> Finding:
    return Finding(
        check=rule.check,
        verdict=verdict,
        sentence=sentence,
        value=value,
        limit=rule.limit,
        unit=rule.unit,
        source=rule.source,
        remedy="" if verdict is Verdict.OK else remedy,
    )
