"""The console as a person meets it, in Debian's Chromium: every screen seen, and every screen readable for all.

The screenshots go to a temporary folder, or to the one that OPENHIFU_SCREENSHOTS names.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from openhifu.console.server.browser import ServerProcess, server_process

pytest.importorskip("playwright", reason="Playwright for Python is not installed")

from tests.console_page import Desks, desks, missing_browser  # noqa: E402

pytestmark = pytest.mark.skipif(bool(missing_browser()), reason=missing_browser() or "-")

PASSWORD = "a long enough password"
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


def test_from_the_first_link_to_the_report(tmp_path: Path) -> None:
    pictures = Path(os.environ.get("OPENHIFU_SCREENSHOTS") or tmp_path / "pictures")
    with server_process(tmp_path / "data") as server, desks(pictures) as browser:
        origin = f"http://127.0.0.1:{server.port}"
        first_administrator(browser, server, origin)
        pia = browser.desk()
        pia.page.goto(origin)
        pia.looks_well("03-log-in")
        pia.enter(origin, "Pia", PASSWORD)
        pia.looks_well("04-cases")
        pia.page.get_by_role("row", name="liver-in-water").get_by_role("link").first.click()
        pia.drawn()
        pia.looks_well("05-case")
        pia.tab("Draw")
        pia.looks_well("06-case-draw")
        pia.tab("Plan")
        pia.button("Make a plan").wait_for()
        pia.looks_well("07-case-plan")
        assert not pia.complaints
