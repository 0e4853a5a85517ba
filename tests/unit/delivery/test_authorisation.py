"""Only an approved plan on the device it is for; a rehearsal only on a simulated one; limits no plan can raise."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from openhifu.base.errors import NotApproved
from openhifu.base.outcome import Ending, Verdict
from openhifu.delivery.authorisation import Approved, Authorisation, Rehearsal, approve, require_allowed
from openhifu.delivery.journal import read_journal
from openhifu.delivery.protocols import Identity
from openhifu.delivery.steps import Arm
from openhifu.model.events import Purpose
from openhifu.model.plan import Approval, Finding, TreatmentPlan
from openhifu.model.robustness import Band, OrganOutcome, Robustness, ScenarioOutcome, Uncertainty
from openhifu.model.transducer import Transducer
from openhifu.twin.generator import SimulatedGenerator
from openhifu.twin.machine import MachineModel
from tests.unit.delivery.bench import QUIET, Bench, deliver, device, plan, site_limits

STATEMENT = "I have seen the rehearsal"


def approved(path: Path, of: TreatmentPlan) -> Approval:
    deliver(path, Rehearsal(of))
    return approve(of, read_journal(path), "Ada", "physician", "2026-01-02T03:04:05+00:00", STATEMENT, studied(of))


def studied(of: TreatmentPlan, covered: float = 1.0, dose: float = 0.1) -> Robustness:
    """A study of a plan whose scenarios all came to the same."""
    organs = tuple(OrganOutcome(organ=o.name, peak_temperature=40, cem43_max=dose) for o in of.organs)
    figures = {"target coverage": covered, "peak temperature": 60.0} | {f"dose of {o.name}": dose for o in of.organs}
    outcomes = tuple(
        ScenarioOutcome(
            number=n, seed=n, coverage=covered, peak_temperature=80, treatment_time=60, energy=100, scale=1,
            organs=organs, inputs=(),
        )
        for n in range(8)
    )  # fmt: skip
    return Robustness(
        plan_hash=of.content_hash,
        seed=1,
        asked=8,
        uncertainty=Uncertainty(position=0, breathing=0, power=0, source="test"),
        rule="test",
        method="test",
        inputs=(),
        nominal=outcomes[0],
        outcomes=outcomes,
        bands=tuple(Band(name=k, unit="1", nominal=v, low=v, median=v, high=v) for k, v in figures.items()),
        influences=(),
    )


def test_approval_is_gated_on_the_band_and_a_reason_to_pass_over_it_is_recorded(tmp_path: Path) -> None:
    of, other = plan(), plan(power=50.0)
    deliver(tmp_path / "a", Rehearsal(of))
    journal = read_journal(tmp_path / "a")
    limit = of.organs[0].limit.cem43_max
    for study, words in (
        (None, "openhifu robust"),
        (studied(of, covered=0.3), "cover more than 30.0 %"),
        (studied(of, dose=2 * limit), of.organs[0].name),
        (studied(other), "of plan"),
    ):
        with pytest.raises(NotApproved, match=words):
            approve(of, journal, "Ada", "physician", "now", STATEMENT, study)
    signed = approve(of, journal, "Ada", "physician", "now", STATEMENT, studied(of, covered=0.3), "a phantom")
    assert "a phantom" in signed.despite and "30.0 %" in signed.despite
    assert signed.robustness_hash == studied(of, covered=0.3).content_hash
    with pytest.raises(NotApproved, match="leave the reason out"):
        approve(of, journal, "Ada", "physician", "now", STATEMENT, studied(of), "a phantom")
    for gone in (b.name for b in studied(of).bands):
        kept = tuple(b for b in studied(of).bands if b.name != gone)
        with pytest.raises(NotApproved, match=f"no band of {gone}"):
            approve(of, journal, "Ada", "physician", "now", STATEMENT, studied(of).model_copy(update={"bands": kept}))
    with pytest.raises(NotApproved, match="of plan"):
        approve(of, journal, "Ada", "physician", "now", STATEMENT, studied(other), "a phantom")


def test_an_approval_without_a_study_keeps_its_content() -> None:
    old = Approval(plan_hash="0" * 64, rehearsal_hash="1" * 64, person="A", role="r", time="t", statement="s")
    assert set(old.data()) == {"plan_hash", "rehearsal_hash", "person", "role", "time", "statement"}


def require_refused(bench: Bench, words: str) -> None:
    assert bench.ending is Ending.INTERLOCK
    assert words in bench.run.result.sentence
    assert bench.patient.on == 0
    assert bench.journal.finished


def test_an_approved_plan_is_delivered(tmp_path: Path) -> None:
    of = plan()
    bench = deliver(tmp_path / "b", Approved(of, approved(tmp_path / "a", of)))
    assert bench.ending is Ending.COMPLETED


def test_what_the_sites_records_ask_is_asked_at_every_arming(tmp_path: Path) -> None:
    """A calibration that lapses, or a newer one that is recorded, ends the run before the next exposure."""
    of, asked = plan(), []

    def lapses() -> None:
        asked.append("in force?")
        if len(asked) > 2:
            raise NotApproved("the calibration is 366 days old; calibrate before treating")

    bench = deliver(tmp_path / "b", Approved(of, approved(tmp_path / "a", of), lapses))
    assert bench.ending is Ending.INTERLOCK
    assert "366 days old" in bench.run.result.sentence
    assert bench.kinds().count("sonication started") == 1  # asked before the run, at the first arming, at the second
    assert bench.journal.finished


def test_a_plan_edited_after_approval_is_refused(tmp_path: Path) -> None:
    of = plan()
    hotter = of.model_copy(update={"sonications": plan(power=61.0).sonications})
    require_refused(deliver(tmp_path / "b", Approved(hotter, approved(tmp_path / "a", of))), "edited")


def test_a_plan_with_errors_is_neither_approved_nor_delivered(tmp_path: Path) -> None:
    finding = Finding(
        check="ribs", verdict=Verdict.ERROR, sentence="ribs too hot", value=60, limit=47, unit="degC", source="test"
    )
    bad = plan().model_copy(update={"findings": (finding,)})
    deliver(tmp_path / "a", Rehearsal(bad))
    with pytest.raises(NotApproved, match="ribs too hot"):
        approve(bad, read_journal(tmp_path / "a"), "Ada", "physician", "now", STATEMENT)
    forged = Approval(
        plan_hash=bad.content_hash, rehearsal_hash="0" * 64, person="Eve", role="none", time="now", statement=""
    )
    require_refused(deliver(tmp_path / "b", Approved(bad, forged)), "ribs too hot")


def test_only_a_completed_rehearsal_of_exactly_this_plan_is_approved(tmp_path: Path) -> None:
    of, other = plan(), plan(power=50.0)
    deliver(tmp_path / "other", Rehearsal(other))
    deliver(tmp_path / "stopped", Rehearsal(of), model=MachineModel(**{**vars(QUIET), "stop_at": 5.0}))
    deliver(tmp_path / "cut", Rehearsal(of))
    content = (tmp_path / "cut").read_bytes()
    (tmp_path / "cut").write_bytes(content[:-40])
    (tmp_path / "unended").write_bytes(b"".join(content.splitlines(keepends=True)[:-1]))
    deliver(tmp_path / "treated", Approved(of, approved(tmp_path / "good", of)))
    for name, words in (
        ("other", "exactly this plan"),
        ("stopped", "operator stop"),
        ("cut", "cannot be trusted"),
        ("unended", "no ending"),
        ("treated", "not a rehearsal"),
    ):
        with pytest.raises(NotApproved, match=words):
            approve(of, read_journal(tmp_path / name), "Ada", "physician", "now", STATEMENT)


def recalibrated() -> Transducer:
    known = device()
    return known.model_copy(update={"calibration": known.calibration.model_copy(update={"date": "2026-06-01"})})


def other_serial() -> Transducer:
    known = device()
    return known.model_copy(update={"calibration": known.calibration.model_copy(update={"serial": "T-2"})})


def stronger() -> Transducer:
    known = device()
    return known.model_copy(update={"ceilings": known.ceilings.model_copy(update={"acoustic_power": 900.0})})


@pytest.mark.parametrize(
    ("source", "words"), [(other_serial(), "T-2"), (recalibrated(), "description"), (stronger(), "description")]
)
def test_another_device_is_refused(tmp_path: Path, source: Transducer, words: str) -> None:
    require_refused(deliver(tmp_path / "a", source=source), words)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"serial": "T-9"}, "T-9"),
        ({"calibration_date": "2020-01-01"}, "2020-01-01"),
        ({"simulated": False}, "real one"),
    ],
)
def test_the_generators_own_answer_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: dict[str, object], words: str
) -> None:
    lie_with(monkeypatch, changed, after=0)
    require_refused(deliver(tmp_path / "a"), words)


@pytest.mark.parametrize("changed", [{"serial": "T-9"}, {"calibration_date": "2020-01-01"}, {"simulated": False}])
def test_it_is_asked_again_at_every_arming(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: dict[str, object]
) -> None:
    """The generator is exchanged between the start and the second exposure."""
    lie_with(monkeypatch, changed, after=2)
    bench = deliver(tmp_path / "a")
    assert bench.ending is Ending.INTERLOCK
    assert len(bench.patient.peaks) == 1


def lie_with(monkeypatch: pytest.MonkeyPatch, changed: dict[str, object], after: int) -> None:
    true, asked = SimulatedGenerator.identity, [0]

    def identity(self: SimulatedGenerator) -> Identity:
        asked[0] += 1
        return true(self) if asked[0] <= after else replace(true(self), **changed)  # type: ignore[arg-type]

    monkeypatch.setattr(SimulatedGenerator, "identity", identity)


def test_an_approved_plan_needs_no_simulated_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of = plan()
    approval = approved(tmp_path / "a", of)
    lie_with(monkeypatch, {"simulated": False}, after=0)
    authorisation: Authorisation = Approved(of, approval)
    assert deliver(tmp_path / "b", authorisation).ending is Ending.COMPLETED


@pytest.mark.parametrize(
    ("site", "words"),
    [
        ({"on_time": 7.0}, "on-time"),
        ({"total_energy": 700.0}, "total energy"),
    ],
)
def test_no_plan_raises_the_sites_limits(tmp_path: Path, site: dict[str, float], words: str) -> None:
    bench = deliver(tmp_path / "a", Rehearsal(plan(site=site_limits(**site))))
    assert bench.ending is Ending.INTERLOCK
    assert words in bench.run.result.sentence
    assert bench.patient.radiated <= 700.0


def test_the_program_stays_under_the_sites_power_and_energy(tmp_path: Path) -> None:
    for number, site in enumerate((site_limits(acoustic_power=30.0), site_limits(spot_energy=240.0))):
        bench = deliver(tmp_path / str(number), Rehearsal(plan(site=site)))
        assert bench.ending is Ending.COMPLETED
        assert bench.patient.radiated == pytest.approx(2 * 8.0 * 30.0, rel=5e-3)


def test_an_exposure_that_is_not_the_plans_is_refused() -> None:
    of = plan()
    good = Arm(index=1, purpose=Purpose.TREAT, focus=of.sonications[1].focus, power=60.0, on_time=8.0)
    require_allowed(of, device(), good, spent=0.0)
    for wrong in (
        good.model_copy(update={"index": 7}),
        good.model_copy(update={"focus": (0.0, 0.0, 1e-3)}),
        good.model_copy(update={"elements_off": (0,)}),
        good.model_copy(update={"steered": ((1e-3, 0.0, 0.0), (-1e-3, 0.0, 0.0))}),
        good.model_copy(update={"power": 121.0}),
        good.model_copy(update={"on_time": 41.0}),
    ):
        with pytest.raises(NotApproved):
            require_allowed(of, device(), wrong, spent=0.0)
    with pytest.raises(NotApproved, match="total energy"):
        require_allowed(of, device(), good, spent=99.9e3)
