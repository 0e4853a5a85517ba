"""Plans: asked for, seen, compared, rehearsed, approved."""

from __future__ import annotations

import gzip
import math
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import AfterValidator, Field, SecretStr

from openhifu.base.vectors import Vector
from openhifu.console.comparison import figures_of
from openhifu.console.rehearsal import DEFAULT_SEED
from openhifu.console.server.access import person_of
from openhifu.console.server.forms import Form, Hash, Identifier, Line, Name
from openhifu.console.server.kinds import PlanRequest, RehearsalRequest, StudyRequest
from openhifu.console.server.looks import LookShown, LookWish
from openhifu.console.server.plan_views import DoseVolume, Metrics, PlanLine, PlanShown, metrics, window_of
from openhifu.console.server.refusals import Refused
from openhifu.console.server.routes_jobs import JobShown, shown
from openhifu.console.server.routes_people import checked_password
from openhifu.console.server.state import console_of
from openhifu.console.server.volumes import OverlayShown, What, overlay, steps
from openhifu.model.catalogue import device_names, transducer
from openhifu.model.history import TreatmentHistory
from openhifu.model.limits import Prescription
from openhifu.model.plan import TreatmentPlan
from openhifu.model.robustness import SCENARIOS

router = APIRouter(prefix="/api", tags=["plans"])

MOST_COMPARED = 6


def _unit(given: Vector) -> Vector:
    if abs(math.hypot(*given) - 1) > 1e-6:
        raise ValueError(f"direction {given} is not a unit vector")
    return given


class PlanWish(Form):
    """What is to be planned; the case's own device and prescription, and the best direction, where nothing is given.

    ``direction`` is the unit vector (LPS) from the target to the source.
    """

    device: Line = ""
    prescription: Prescription | None = None
    direction: Annotated[Vector, AfterValidator(_unit)] | None = None


class StudyWish(Form):
    """Over how many possible patients, drawn from which seed."""

    scenarios: int = Field(default=SCENARIOS, ge=1, le=512)
    seed: int = Field(default=1, ge=0, lt=2**31)


class PlanForm(Form):
    """What a form for a plan is made from."""

    form: dict[str, Any] = Field(serialization_alias="schema")
    values: Prescription
    device: str
    devices: list[str]


class RehearsalWish(Form):
    """On which simulated patient."""

    seed: int = Field(default=DEFAULT_SEED, ge=0, lt=2**31)


class Signature(Form):
    """A physician's approval: own name, password again, what is confirmed, and why despite its band if it is so."""

    name: Name
    password: SecretStr = Field(max_length=200)
    statement: Line = Field(min_length=1)
    despite: Line = ""


class Signed(Form):
    """Whether the plan may be treated now."""

    approved: bool
    second_look_needed: bool


class Compared(Form):
    """A plan beside others."""

    hash: str
    case: str
    device: str
    metrics: Metrics
    errors: int
    warnings: int
    dose_volume: list[DoseVolume]


class Row(Form):
    """One figure of several plans."""

    name: str
    unit: str
    values: list[float]


class Comparison(Form):
    """Plans side by side."""

    plans: list[Compared]
    rows: list[Row]


@router.get("/plan-form")
def plan_form(request: Request, case: Identifier) -> PlanForm:
    """The prescription of a case and the schema of its form."""
    data = console_of(request).library.case_file(case).case(f"case {case}")
    schema = Prescription.model_json_schema()
    return PlanForm(form=schema, values=data.prescription, device=data.device, devices=list(device_names()))


@router.post("/cases/{id}/plans", status_code=202)
def make(id: Identifier, wish: PlanWish, request: Request) -> JobShown:
    """Begin to plan a case."""
    console, by = console_of(request), person_of(request).name
    console.library.case_folder(id)
    if wish.device:
        transducer(wish.device)
    wanted = PlanRequest(case=id, device=wish.device, prescription=wish.prescription, direction=wish.direction)
    job = console.jobs.start("plan", id, by, wanted)
    console.audit.write(by, "began to plan", id, job.id)
    return shown(job)


@router.get("/plans")
def plans(request: Request, case: Line = "") -> list[PlanLine]:
    """Every plan, newest first; those of one case if one is named."""
    console = console_of(request)
    return [console.views.line(p) for p in console.library.plans() if case in ("", p.case)]


@router.get("/plans/{hash}")
def plan(hash: Hash, request: Request) -> PlanShown:
    """A plan with everything there is to see."""
    console = console_of(request)
    return console.views.shown(console.library.plan(hash))


@router.get("/plans/{hash}/window")
def window(hash: Hash, request: Request) -> dict[str, Any]:
    """All directions that were looked at."""
    return window_of(console_of(request).library, hash)


@router.get("/plans/{hash}/overlay/{what}")
def plan_overlay(hash: Hash, what: What, request: Request) -> OverlayShown:
    """What an overlay's bytes mean."""
    return overlay(console_of(request).views.history(hash), what)[0]


@router.get("/plans/{hash}/overlay/{what}/data")
def plan_overlay_data(hash: Hash, what: What, request: Request) -> Response:
    """The overlay: uint8, C order."""
    return packed_overlay(console_of(request).views.history(hash), what)


@router.post("/plans/{hash}/rehearse", status_code=202)
def rehearse(hash: Hash, request: Request, wish: RehearsalWish | None = None) -> JobShown:
    """Begin to rehearse a plan."""
    console, by = console_of(request), person_of(request).name
    console.library.plan(hash)
    seed = DEFAULT_SEED if wish is None else wish.seed
    job = console.jobs.start("rehearsal", hash, by, RehearsalRequest(plan=hash, seed=seed))
    console.audit.write(by, "began a rehearsal", hash, job.id)
    return shown(job)


@router.post("/plans/{hash}/robustness", status_code=202)
def study(hash: Hash, request: Request, wish: StudyWish | None = None) -> JobShown:
    """Begin to study how far a plan's figures spread over many possible patients; it replaces an earlier study."""
    console, by, wished = console_of(request), person_of(request).name, wish or StudyWish()
    if console.views.approvals.of(console.library.plan(hash).content_hash):
        raise Refused(409, "this plan is signed, and its study with it", "study it before it is approved")
    job = console.jobs.start(
        "robustness", hash, by, StudyRequest(plan=hash, scenarios=wished.scenarios, seed=wished.seed)
    )
    console.audit.write(by, "began a robustness study", hash, job.id)
    return shown(job)


@router.post("/plans/{hash}/look")
def look(hash: Hash, wish: LookWish, request: Request) -> LookShown:
    """What the beam of a plan's device meets from another direction; of one session the newest question is answered."""
    console = console_of(request)
    console.library.plan(hash)
    return console.looks.seen(request.state.session.csrf, hash, wish)


@router.post("/plans/{hash}/approve")
def approve(hash: Hash, given: Signature, request: Request) -> Signed:
    """Sign exactly this plan."""
    console, person = console_of(request), person_of(request)
    if given.name != person.name:
        raise Refused(403, f"you are logged in as {person.name}; nobody signs for {given.name}", "give your own name")
    checked_password(request, person.name, given.password)
    found = console.library.plan(hash)
    signed = console.approvals.sign(found, person.name, given.statement, given.despite)
    console.audit.write(person.name, "approved a plan", hash, signed.content_hash)
    needed = console.approvals.second_look_needed(found)
    return Signed(approved=console.approvals.is_approved(found), second_look_needed=needed)


@router.get("/compare")
def compare(request: Request, plans: Annotated[str, Query(max_length=70 * MOST_COMPARED)]) -> Comparison:
    """Plans side by side, by their hashes between commas."""
    wanted = [h for h in plans.split(",") if h]
    if not 1 <= len(wanted) <= MOST_COMPARED or not all(len(h) == 64 and h.isalnum() for h in wanted):
        raise Refused(422, f"{len(wanted)} plans were named", f"name 1 to {MOST_COMPARED} hashes between commas")
    console = console_of(request)
    found = [console.library.plan(h) for h in wanted]
    return Comparison(
        plans=[_compared(p, console.views.dose_volumes(p)) for p in found],
        rows=[Row(name=f.name, unit=f.unit, values=list(f.values)) for f in figures_of(found)],
    )


def packed_overlay(history: TreatmentHistory, what: What) -> Response:
    """An overlay's bytes, compressed."""
    means, field = overlay(history, what)
    body = gzip.compress(steps(field.data, means.lowest, means.highest, means.scale).tobytes(), 1, mtime=0)
    head = {"Content-Encoding": "gzip", "Cache-Control": "private, max-age=3600"}
    return Response(body, media_type="application/octet-stream", headers=head)


def _compared(plan: TreatmentPlan, curves: list[DoseVolume]) -> Compared:
    return Compared(
        hash=plan.content_hash,
        case=plan.case,
        device=plan.device,
        metrics=metrics(plan),
        errors=len(plan.errors),
        warnings=len(plan.warnings),
        dose_volume=curves,
    )
