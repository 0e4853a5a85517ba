"""Runs: begun, followed, answered, stopped; and read when they are over."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from openhifu.base.errors import FileProblem, HifuError
from openhifu.base.outcome import Ending
from openhifu.console.rehearsal import DEFAULT_SEED
from openhifu.console.runs import DELIVERED
from openhifu.console.server.access import person_of
from openhifu.console.server.forms import Form, Hash, Identifier, Line
from openhifu.console.server.kinds import ReportRequest, run_name
from openhifu.console.server.refusals import Refused
from openhifu.console.server.routes_jobs import JobShown, shown
from openhifu.console.server.routes_plans import packed_overlay
from openhifu.console.server.run_index import RunSeen
from openhifu.console.server.state import Console, console_of
from openhifu.console.server.treat.engine_request import TreatRequest
from openhifu.console.server.treat.following import State
from openhifu.console.server.treat.online import Treatment
from openhifu.console.server.volumes import OverlayShown, overlay
from openhifu.delivery.alarms import alarm_table
from openhifu.delivery.folds import delivered_spots
from openhifu.imaging import read_history
from openhifu.model.delivered import DeliveredSpot
from openhifu.model.events import InterlockTripped
from openhifu.model.history import TreatmentHistory

router = APIRouter(prefix="/api", tags=["runs"])

REPORT = "report.pdf"


class TreatWish(Form):
    """How to treat: simulated seconds per second at most, on which simulated patient, going on from which run."""

    pace: float = Field(default=1.0, ge=0.1, le=1000.0)
    seed: int = Field(default=DEFAULT_SEED, ge=0, lt=2**31)
    resume_of: Line = ""


class RunName(Form):
    """Name of a run."""

    run: str


class SpotRun(Form):
    """A spot of the plan in a run: time and energy of all its exposures, the highest power and temperature.

    A spot that a run before this one began is ``earlier``: it is never repeated.
    """

    index: int
    state: Literal["to come", "partial", "done", "earlier"]
    power_w: float | None
    on_s: float | None
    energy_j: float | None
    measured_peak_c: float | None
    ending: str | None


class RunLine(Form):
    """A run in the list."""

    id: str
    plan: str
    case: str
    state: State
    ending: str | None
    rehearsal: bool
    started_at: str
    spots_done: int
    spots: int
    energy_j: float


class RunShown(RunLine):
    """A run.

    Attributes:
        to_deliver_j: J that the plan foresees for what this run was to deliver: all but the spots begun before it.
        with_earlier_j: J of this run and all it goes on from; null where one of those is missing.
        planned_j: J that the plan foresees in all.
    """

    sentence: str
    journal_ok: bool
    journal_sentence: str
    resumable: bool
    resume_of: str | None
    to_deliver_j: float
    with_earlier_j: float | None
    planned_j: float
    report: bool
    spot_list: list[SpotRun]


class Lines(Form):
    """Events as the journal has them, and for every interlock that tripped in them the text of its alarm."""

    lines: list[dict[str, Any]]
    alarms: dict[str, str]


class AnswerGiven(Form):
    """An answer to a question: its text, and one of its choices."""

    question: str = Field(max_length=2000)
    answer: str = Field(max_length=200)


class AlarmsSeen(Form):
    """What is done about the alarms that are on."""

    act: Literal["acknowledge", "pause audio"] = "acknowledge"


class Stopped(Form):
    """Whether the engine was there to be stopped."""

    stopped: bool


@router.post("/plans/{hash}/treat", status_code=201)
async def treat(hash: Hash, request: Request, wish: TreatWish | None = None) -> RunName:
    """Begin to treat an approved plan on the simulated device; the run waits for an operator's stop line."""
    console, by = console_of(request), person_of(request).name
    made = await run_in_threadpool(_request, console, hash, by, wish or TreatWish())
    if not await console.online.free():
        raise Refused(409, "another treatment is on", "one at a time: wait for its end, or stop it")
    console.online.start(made)
    await run_in_threadpool(console.audit.write, by, "began a treatment", hash, made.run)
    return RunName(run=made.run)


@router.get("/runs")
def runs(request: Request, plan: Line = "") -> list[RunLine]:
    """Every run, newest first; those of one plan if one is named."""
    console = console_of(request)
    return [_line(console, seen) for seen in console.runs.all() if plan in ("", seen.sheet.plan_hash)]


@router.get("/runs/{id}")
def run(id: Identifier, request: Request) -> RunShown:
    """A run."""
    console = console_of(request)
    try:
        seen = console.runs.find(id)
    except HifuError:
        if (treatment := console.online.find(id)) is None:
            raise
        return _prepared(console, treatment)
    ending, journal = seen.ending, seen.journal
    earlier = console.runs.before(seen)
    return RunShown(
        **_line(console, seen).model_dump(),
        sentence=_sentence(console, seen) if ending is None else ending[1],
        journal_ok=journal.intact,
        journal_sentence=journal.sentence,
        resumable=_state(console, seen) == "ended" and console.runs.is_resumable(seen),
        resume_of=None if earlier is None else earlier.id,
        to_deliver_j=sum(s.energy for s in seen.plan.sonications if s.index not in seen.earlier),
        with_earlier_j=_with_earlier(console, seen),
        planned_j=seen.plan.energy,
        report=(console.library.run_folder(id) / REPORT).is_file(),
        spot_list=_spots(seen),
    )


@router.get("/runs/{id}/journal")
def journal(id: Identifier, request: Request, after: Annotated[int, Query(ge=-1, le=2**31)] = -1) -> Lines:
    """Events after one of that number, a thousand at most."""
    events = console_of(request).runs.find(id).journal.events[after + 1 : after + 1001]
    tripped = {event.what.name for event in events if isinstance(event.what, InterlockTripped)}
    texts = {name: alarm_table().of(name).text for name in tripped}
    return Lines(lines=[event.data() for event in events], alarms=texts)


@router.get("/runs/{id}/overlay/{what}")
def run_overlay(id: Identifier, what: Literal["temperature", "dose"], request: Request) -> OverlayShown:
    """What the bytes of a delivered field mean."""
    return overlay(_delivered(console_of(request), id), what)[0]


@router.get("/runs/{id}/overlay/{what}/data")
def run_overlay_data(id: Identifier, what: Literal["temperature", "dose"], request: Request) -> Response:
    """A delivered field: uint8, C order."""
    return packed_overlay(_delivered(console_of(request), id), what)


@router.post("/runs/{id}/answer")
async def answer(id: Identifier, given: AnswerGiven, request: Request) -> Stopped:
    """Answer the question that is asked."""
    console, by = console_of(request), person_of(request).name
    treatment = _on(console, id)
    asked = treatment.status.get("question") or {}
    if asked.get("text") != given.question or given.answer not in asked.get("choices", ()):
        raise Refused(409, "this is not what is being asked now", "read the question that is shown")
    await run_in_threadpool(console.audit.write, by, "answered", id, f"{given.answer}: {given.question}")
    await console.online.say(treatment, question=given.question, answer=given.answer, by=by)
    return Stopped(stopped=False)


@router.post("/runs/{id}/acknowledge")
async def acknowledge(id: Identifier, given: AlarmsSeen, request: Request) -> Stopped:
    """Acknowledge the alarms that are on, or pause their sound."""
    console, by = console_of(request), person_of(request).name
    treatment = _on(console, id)
    await run_in_threadpool(console.audit.write, by, f"alarms: {given.act}", id)
    await console.online.say(treatment, alarm=given.act, by=by)
    return Stopped(stopped=False)


@router.post("/runs/{id}/stop")
async def stop(id: Identifier, request: Request) -> Stopped:
    """Stop, now; what is written about it is written afterwards."""
    console, by = console_of(request), person_of(request).name
    stopped = _on(console, id).stop(by)
    await asyncio.get_running_loop().run_in_executor(console.urgent, console.audit.write, by, "stopped", id)
    return Stopped(stopped=stopped)


@router.post("/runs/{id}/report", status_code=202)
def report(id: Identifier, request: Request) -> JobShown:
    """Begin to write the report of a run."""
    console, by = console_of(request), person_of(request).name
    if _state(console, console.runs.find(id)) != "ended":
        raise Refused(409, "this run is still on", "its report is written when it is over")
    job = console.jobs.start("report", id, by, ReportRequest(run=id))
    console.audit.write(by, "began a report", id, job.id)
    return shown(job)


@router.get("/runs/{id}/report.pdf", response_class=FileResponse)
def report_pdf(id: Identifier, request: Request) -> Response:
    """The report of a run."""
    file = console_of(request).library.run_folder(id) / REPORT
    if not file.is_file():
        raise Refused(404, "this run has no report yet", "ask for it first")
    return FileResponse(file, media_type="application/pdf", filename=f"{id}.pdf", content_disposition_type="inline")


def _request(console: Console, plan: str, by: str, wish: TreatWish) -> TreatRequest:
    """What the engine is to do, with everything checked that can be checked before it looks itself."""
    found, seed = console.library.plan(plan), wish.seed
    if console.approvals.complete(found) is None:
        needed = console.approvals.second_look_needed(found)
        what = "the plan lacks an approval by two physicians" if needed else "the plan is not approved"
        raise Refused(409, what, "a physician approves it after its rehearsal")
    if wish.resume_of:
        before = console.runs.find(wish.resume_of)
        if before.sheet.plan_hash != plan or not console.runs.is_resumable(before):
            raise Refused(
                409, f"nothing of run {wish.resume_of} can be resumed by this plan", "see what runs there are"
            )
        seed = before.sheet.seed
    return TreatRequest(
        home=str(console.library.data),
        plan=plan,
        run=run_name(),
        person=by,
        pace=wish.pace,
        seed=seed,
        second_look=console.approvals.second_look,
        resume_of=wish.resume_of,
    )


def _on(console: Console, run: str) -> Treatment:
    treatment = console.online.find(run)
    if treatment is not None and not treatment.over:
        return treatment
    if treatment is None:
        console.library.run_folder(run)  # says so if there is none at all
    raise Refused(409, "this run is over", "see its journal")


def _state(console: Console, seen: RunSeen) -> State:
    """Where a run is; it has ended once its folder is whole, or its engine is gone."""
    treatment = console.online.find(seen.id)
    if treatment is None:
        return "running" if seen.ending is None and console.online.busy() else "ended"
    whole = (console.library.run_folder(seen.id) / DELIVERED).is_file()
    state = treatment.status.get("state", "preparing")
    return "ended" if treatment.over or whole else "running" if state == "ended" else state


def _line(console: Console, seen: RunSeen) -> RunLine:
    state, ending = _state(console, seen), seen.ending
    cut_off = "fault" if state == "ended" else None
    return RunLine(
        id=seen.id,
        plan=seen.sheet.plan_hash,
        case=seen.plan.case,
        state=state,
        ending=cut_off if ending is None else str(ending[0]),
        rehearsal=seen.sheet.rehearsal,
        started_at=seen.sheet.started,
        spots_done=seen.spots_done,
        spots=len(seen.plan.sonications),
        energy_j=seen.energy,
    )


def _sentence(console: Console, seen: RunSeen) -> str:
    return "" if _state(console, seen) != "ended" else "the journal has no ending: the engine was cut off"


def _with_earlier(console: Console, seen: RunSeen) -> float | None:
    """J of a run and all it goes on from; None where one of those is missing."""
    try:
        return sum(run.energy for run in console.runs.chain(seen.id))
    except FileProblem:
        return None


def _prepared(console: Console, treatment: Treatment) -> RunShown:
    """A run whose folder is not made yet."""
    asked, plan = treatment.request, console.library.plan(treatment.request.plan)
    begun = console.runs.find(asked.resume_of).begun if asked.resume_of else frozenset[int]()
    return RunShown(
        id=asked.run,
        plan=asked.plan,
        case=plan.case,
        state="ended" if treatment.over else "preparing",
        ending="fault" if treatment.over else None,
        rehearsal=False,
        started_at="",
        spots_done=treatment.status.get("spots_done", 0),
        spots=len(plan.sonications),
        energy_j=0.0,
        sentence=treatment.status.get("words", ""),
        journal_ok=True,
        journal_sentence="no journal yet",
        resumable=False,
        resume_of=asked.resume_of or None,
        to_deliver_j=sum(s.energy for s in plan.sonications if s.index not in begun),
        with_earlier_j=None,
        planned_j=plan.energy,
        report=False,
        spot_list=[],
    )


def _spots(seen: RunSeen) -> list[SpotRun]:
    given = delivered_spots(seen.journal.events)
    spots = [_spot(s.index, [spot for spot in given if spot.index == s.index]) for s in seen.plan.sonications]
    return [s.model_copy(update={"state": "earlier"}) if s.index in seen.earlier else s for s in spots]


def _spot(index: int, given: list[DeliveredSpot]) -> SpotRun:
    """A spot over all its exposures: the first, and what was given again because it was too little."""
    if not given:
        return SpotRun(
            index=index, state="to come", power_w=None, on_s=None, energy_j=None, measured_peak_c=None, ending=None
        )
    peaks = [spot.measured_peak for spot in given if spot.measured_peak is not None]
    done = any(spot.ending is Ending.COMPLETED for spot in given)
    return SpotRun(
        index=index,
        state="done" if done else "partial",
        power_w=max(spot.acoustic_power for spot in given),
        on_s=sum(spot.on_time for spot in given),
        energy_j=sum(spot.energy for spot in given),
        measured_peak_c=max(peaks, default=None),
        ending=str(given[-1].ending),
    )


def _delivered(console: Console, run: str) -> TreatmentHistory:
    file: Path = console.library.run_folder(run) / DELIVERED
    if not file.is_file():
        raise Refused(
            404, "nothing was computed of what this run delivered", "a run that was cut off has its journal only"
        )
    return read_history(file)
