"""The console's page in Debian's Chromium, driven by Playwright: for measurements and tests, never for a person."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING

from openhifu.base.errors import CannotModel
from openhifu.console.server.browser import Browser
from openhifu.console.server.routes_page import PAGE

if TYPE_CHECKING:
    from playwright.sync_api import Browser as Chromium
    from playwright.sync_api import Page, Playwright

CHROMIUM = shutil.which("chromium")

GRAPHICS = ("--enable-unsafe-swiftshader",)
"""WebGL by software, pages composed without it: what a browser does on a machine that has no graphics."""

SIZE = (1440, 900)
"""Pixels of a window."""

PATIENCE = 300_000.0
"""ms that a page may take under load before it counts as hung."""


def missing_browser() -> str:
    """Why there is no page in a browser here, and what would help; empty if there is one."""
    if find_spec("playwright") is None:
        return "Playwright for Python is not installed: pip install 'openhifu[browser]' brings it"
    if CHROMIUM is None:
        return "Chromium (Debian: chromium) is not installed"
    if not (PAGE / "index.html").is_file():
        return "the console's page is not built; make page does it (needs Node 20.19 or newer)"
    return ""


@contextmanager
def playwright() -> Iterator[Playwright]:
    """Playwright, until the context ends.

    Raises:
        CannotModel: if it, Chromium or the built page is missing.
    """
    if problem := missing_browser():
        raise CannotModel(problem)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        yield driver


def launched(driver: Playwright) -> Chromium:
    """A browser without a window, in processes of its own."""
    return driver.chromium.launch(executable_path=CHROMIUM, args=list(GRAPHICS), handle_sigint=False)


def opened(chromium: Chromium, somebody: Browser | None = None, script: str = "") -> Page:
    """A fresh page.

    Args:
        chromium: the browser.
        somebody: whose session it has; None for nobody's.
        script: runs in it before anything else, on every address.
    """
    width, height = SIZE
    context = chromium.new_context(viewport={"width": width, "height": height}, locale="en-GB")
    if somebody is not None:
        name, value = somebody.cookie
        context.add_cookies([{"name": name, "value": value, "url": somebody.origin}])
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    if script:
        page.add_init_script(script)
    return page


@contextmanager
def suspended(chromium: Chromium) -> Iterator[None]:
    """All processes of a browser stopped as a sleeping computer stops them, until the context ends."""
    session = chromium.new_browser_cdp_session()
    pids = [int(one["id"]) for one in session.send("SystemInfo.getProcessInfo")["processInfo"]]
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
