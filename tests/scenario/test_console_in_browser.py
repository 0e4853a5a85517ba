"""The console as a new user meets it, from its wheel and without Node, in Debian's Chromium: every screen seen.

The screenshots go to a temporary folder, or to the one that OPENHIFU_SCREENSHOTS names.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from openhifu.console.server.browser import ServerProcess, server_process

pytest.importorskip("playwright", reason="Playwright for Python is not installed")

from tests.console_page import MINUTES, Desk, Desks, desks, missing_tools  # noqa: E402
from tests.new_user import new_user  # noqa: E402

pytestmark = pytest.mark.skipif(bool(missing_tools()), reason=missing_tools() or "-")

CASE = "liver-in-water"
PASSWORD = "a long enough password"
RESUMES = 3
"""Times a treatment is resumed at most: where other work leaves the server no time, the engine stops by itself."""
PEOPLE = {"Ada": "Operator", "Pia": "Physicist", "Dr Chen": "Physician"}


def first_administrator(browser: Desks, server: ServerProcess, origin: str) -> None:
    """The one-time link is opened, the administrator made, and people of every role after that."""
    admin = browser.desk()
    admin.page.goto(f"{origin}/#first={server.token}")
    admin.fill(Name="Root", Password=PASSWORD)
    admin.looks_well("01-first-administrator")
    admin.button("Make administrator").click()
    admin.screen("People")
    for name, role in PEOPLE.items():
        form = admin.page.locator("form")
        form.get_by_label("Name", exact=True).fill(name)
        form.get_by_label("Password", exact=True).fill(PASSWORD)
        form.get_by_label("Observer", exact=True).uncheck()
        form.get_by_label(role, exact=True).check()
        admin.button("Add").click()
        admin.page.get_by_role("rowheader", name=name, exact=True).wait_for()
    admin.looks_well("02-people")
    assert not admin.complaints


def case_opened(pia: Desk, origin: str) -> None:
    """The bundled case is found in the list and opened: seen, drawn on, about to be planned."""
    pia.page.goto(origin)
    pia.looks_well("03-log-in")
    pia.enter(origin, "Pia", PASSWORD)
    pia.looks_well("04-cases")
    pia.page.get_by_role("row", name=CASE).get_by_role("link").first.click()
    pia.drawn()
    pia.looks_well("05-case")
    pia.tab("Draw")
    pia.button("Begin").click()
    pia.looks_well("06-case-draw")
    pia.button("Drop").click()


def planned(pia: Desk) -> str:
    """A plan is made, looked at from every side, and rehearsed; its fingerprint."""
    pia.tab("Plan")
    assert pia.page.get_by_label("Spacing across the beam [mm]").input_value() == "3.2"
    pia.looks_well("07-case-plan")
    pia.button("Make a plan").click()
    pia.page.get_by_text("running", exact=True).wait_for()
    pia.looks_well("08-planning")
    pia.page.wait_for_url("**/plans/*", timeout=4 * MINUTES)
    pia.drawn()
    for number, tab in enumerate(["Summary", "Spots", "Curves", "Window", "Checks", "Approve"]):
        pia.tab(tab)
        pia.looks_well(f"09-plan-{number}-{tab.lower()}")
    argued_with(pia)
    pia.tab("Approve")
    pia.button("Rehearse").click()
    pia.page.get_by_text("This plan has been rehearsed.").wait_for(timeout=4 * MINUTES)
    pia.looks_well("10-rehearsed")
    return pia.page.url.rpartition("/")[2]


def argued_with(pia: Desk) -> None:
    """Another direction is tried on the window map by a key and by dragging; a study is begun and given up."""
    pia.tab("Window")
    skin = pia.page.locator("canvas.window-map")
    skin.press("ArrowRight")
    pia.page.get_by_text("Computed in").wait_for(timeout=MINUTES)
    box = skin.bounding_box()
    assert box is not None
    pia.page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.6 * box["height"])
    pia.page.mouse.down()
    pia.page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.02 * box["height"], steps=8)
    pia.page.mouse.up()
    pia.page.get_by_text("This direction keeps every rule for rays.").wait_for()
    pia.looks_well("09-plan-6-another-direction")
    assert pia.button("Plan from this direction").is_enabled()
    pia.tab("Curves")
    pia.button("Study robustness").click()
    pia.page.get_by_text("running", exact=True).wait_for(timeout=MINUTES)
    pia.looks_well("09-plan-7-study")
    pia.button("Cancel").click()
    pia.page.get_by_text("cancelled", exact=True).wait_for(timeout=MINUTES)


def approved(chen: Desk, origin: str, plan: str) -> None:
    """A physician approves the plan, with a name, a password and the reason why without a study of its band."""
    chen.enter(origin, "Dr Chen", PASSWORD)
    chen.opened_plan(origin, plan)
    chen.tab("Approve")
    chen.fill(Statement="I have read this plan and approve it.", Your_password=PASSWORD)
    chen.looks_well("11-approval")
    chen.button("Approve this plan").click()
    chen.page.get_by_role("alert").wait_for()
    chen.looks_well("12-approval-refused")
    chen.page.get_by_label("Why, if its band").fill("A block of tissue in water.")
    chen.button("Approve this plan").click()
    chen.page.get_by_text("Dr Chen · ").wait_for()
    chen.looks_well("13-approved")


def stopped_half_way(ada: Desk, origin: str, plan: str) -> None:
    """An operator treats on the twin, in every language, and stops it half-way by the button."""
    ada.enter(origin, "Ada", PASSWORD)
    ada.opened_plan(origin, plan)
    ada.tab("Approve")
    ada.page.get_by_label("Pace of the simulated time").fill("20")
    ada.looks_well("14-before-treatment")
    ada.button("Begin the treatment").click()
    ada.page.get_by_role("region", name="Question").wait_for(timeout=2 * MINUTES)
    ada.looks_well("15-treat-question")
    ada.answers("is this the patient")
    ada.has_treated(1)
    ada.looks_well("16-treat")
    ada.holds_all_words("17-treat")
    ada.has_treated(6)
    ada.page.get_by_role("button", name="STOP").click()
    ada.is_over()
    ada.looks_well("18-treat-stopped")
    ada.link("To the review").click()


def resumed_and_reported(ada: Desk, origin: str) -> None:
    """The review of what was stopped; the treatment resumed to its end; its review, journal and report."""
    ada.drawn()
    ada.looks_well("19-review-stopped")
    for _ in range(RESUMES):
        ada.page.get_by_label("Pace of the simulated time").fill("1000")
        ada.button("Resume the treatment").click()
        ada.answers("is this the patient")
        ada.answers("not repeated")
        ada.is_over()
        ada.looks_well("20-treat-resumed")
        ada.link("To the review").click()
        ada.drawn()
        if ada.button("Resume the treatment").count() == 0:
            break
    ada.page.get_by_text("completed", exact=True).wait_for()
    for number, tab in enumerate(["Delivered", "Journal", "Summary"]):
        ada.page.get_by_role("tab", name=tab, exact=True).click()
        ada.looks_well(f"21-review-{number}-{tab.lower()}")
    ada.button("Write the report").click()
    ada.link("Open the PDF").wait_for(timeout=2 * MINUTES)
    ada.looks_well("22-report")
    report = ada.page.request.get(f"{origin}{ada.link('Open the PDF').get_attribute('href')}")
    assert report.ok and report.body().startswith(b"%PDF")


def test_from_the_first_link_to_the_report(tmp_path: Path) -> None:
    pictures = Path(os.environ.get("OPENHIFU_SCREENSHOTS") or tmp_path / "pictures")
    user = new_user(tmp_path)
    assert str(tmp_path) in user.says("import openhifu; print(openhifu.__file__)")
    assert shutil.which("node", path=user.environment["PATH"]) is None
    with (
        server_process(tmp_path / "data", program=user.program, around=user.environment) as server,
        desks(pictures) as browser,
    ):
        origin = f"http://127.0.0.1:{server.port}"
        first_administrator(browser, server, origin)
        pia, chen, ada = browser.desk(), browser.desk(), browser.desk()
        case_opened(pia, origin)
        plan = planned(pia)
        approved(chen, origin, plan)
        stopped_half_way(ada, origin, plan)
        resumed_and_reported(ada, origin)
        for number, verb in enumerate(["Plans", "Treatments", "Work"]):
            ada.screen(verb)
            ada.looks_well(f"23-{number}-{verb.lower()}")
        ada.page.goto(f"{origin}/compare?plans={plan},{plan}")
        ada.page.get_by_role("heading", level=1, name="Two plans side by side").wait_for()
        ada.page.get_by_role("table").first.wait_for()
        ada.looks_well("24-compare")
        assert not [*pia.complaints, *ada.complaints]
