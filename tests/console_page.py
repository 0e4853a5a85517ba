"""The console's page in Debian's Chromium for tests: people at browsers of their own, and what is asked of a screen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page, sync_playwright

from openhifu.console.server.chromium import SIZE, launched, missing_browser

AXE = Path(__file__).parents[1] / "web" / "node_modules" / "axe-core" / "axe.min.js"
MINUTES = 60_000.0

_VIOLATIONS = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations.map((found) => {
    const where = found.nodes.slice(0, 4).map((node) => `${node.target.join(" ")} - ${node.any[0]?.message ?? ""}`);
    return `${found.id} (${found.impact}): ${found.help}: ${where.join("; ")}`;
})"""


LANGUAGES = ("zh", "en", "es", "de", "it", "ja")

_CLIPPED = """() => [...document.querySelectorAll("body *")].filter((one) => {
    const own = [...one.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim());
    const look = getComputedStyle(one);
    const meant = look.position === "absolute" && look.clipPath !== "none";  // words for those who listen only
    if (!own || meant || !one.getClientRects().length || look.display === "inline") return false;
    return one.scrollWidth > one.clientWidth || one.scrollHeight > one.clientHeight + 2;
}).map((one) => `<${one.localName} class="${one.getAttribute("class") ?? ""}"> ${one.textContent.slice(0, 60)}`)"""


def missing_tools() -> str:
    """Why the page cannot be looked at here; empty if it can."""
    return missing_browser() or ("" if AXE.is_file() else "axe is not installed; npm ci in web/ does it")


@dataclass
class Desk:
    """One person's browser.

    Attributes:
        page: what the person sees.
        pictures: folder that screenshots go to.
        complaints: what the browser's own console said, but for what a test expects.
    """

    page: Page
    pictures: Path
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(30_000)
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def looks_well(self, name: str) -> None:
        """Keep a picture of the screen, and ask axe: nothing may stand in the way of a reader."""
        self.page.wait_for_function("() => !document.querySelector('.waiting')", timeout=MINUTES)
        self.page.screenshot(path=self.pictures / f"{name}.png")
        self.page.evaluate(AXE.read_text())
        found = self.page.evaluate(_VIOLATIONS)
        assert not found, f"{name}: {found}"

    def holds_all_words(self, name: str) -> None:
        """Keep a picture of the screen in each language: no text may be cut off, and axe finds nothing."""
        choice, found = self.page.locator("select.language"), {}
        for language in LANGUAGES:
            choice.select_option(language)
            self.page.wait_for_function("(language) => document.documentElement.lang === language", arg=language)
            self.looks_well(f"{name}-{language}")
            if clipped := self.page.evaluate(_CLIPPED):
                found[language] = clipped
        choice.select_option("en")
        assert not found, found

    def button(self, name: str) -> Locator:
        """A button by its whole name."""
        return self.page.get_by_role("button", name=name, exact=True)

    def link(self, name: str) -> Locator:
        """A link by its whole name."""
        return self.page.get_by_role("link", name=name, exact=True)

    def screen(self, verb: str) -> None:
        """Go to a screen by its word in the bar, and see its heading."""
        self.page.get_by_role("navigation").get_by_role("link", name=verb, exact=True).click()
        self.page.get_by_role("heading", level=1, name=verb, exact=True).wait_for()

    def tab(self, name: str) -> None:
        """Turn to a tab of the side panel."""
        self.page.get_by_role("tab", name=name, exact=True).click()

    def fill(self, **fields: str) -> None:
        """Type into fields by their labels."""
        for label, text in fields.items():
            self.page.get_by_label(label.replace("_", " "), exact=True).fill(text)

    def enter(self, origin: str, name: str, password: str) -> None:
        """Open the console and log in."""
        self.page.goto(origin)
        self.fill(Name=name, Password=password)
        self.button("Log in").click()
        self.page.get_by_role("heading", level=1, name="Cases").wait_for()

    def opened_plan(self, origin: str, plan: str) -> None:
        """Open a plan by its fingerprint in the list of plans."""
        self.page.goto(f"{origin}/plans")
        self.link(plan[:12]).click()
        self.drawn()

    def answers(self, words: str) -> None:
        """Say yes to a question of the treatment that holds these words."""
        asked = self.page.get_by_role("region", name="Question").filter(has_text=words)
        asked.wait_for(timeout=2 * MINUTES)
        asked.get_by_role("button").first.click()

    def has_treated(self, spots: int) -> None:
        """Wait until so many spots are done and output is on."""
        self.page.wait_for_function(
            """(least) => document.querySelectorAll(".spot-strip .done").length >= least
                && document.querySelector(".state[data-tone=work]")""",
            arg=spots,
            timeout=2 * MINUTES,
        )

    def is_over(self) -> None:
        """Wait until the treatment has ended."""
        self.page.locator(".treat[data-over=true]").wait_for(timeout=4 * MINUTES)
        self.link("To the review").wait_for()

    def drawn(self) -> None:
        """Wait until the slices and the surfaces are on the canvas."""
        self.page.locator(".views canvas").wait_for()
        self.page.get_by_text("Surfaces are being made").wait_for(state="hidden", timeout=MINUTES)
        self.page.wait_for_function("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 300)))")


@dataclass(frozen=True)
class Desks:
    """Where people sit down.

    Attributes:
        browser: the one that runs.
        pictures: folder that screenshots go to.
    """

    browser: Browser
    pictures: Path

    def desk(self, **options: Any) -> Desk:
        """A fresh browser window with a session of its own."""
        width, height = SIZE
        context = self.browser.new_context(
            viewport={"width": width, "height": height}, locale="en-GB", reduced_motion="reduce", **options
        )
        return Desk(context.new_page(), self.pictures)


@contextmanager
def desks(pictures: Path) -> Iterator[Desks]:
    """Chromium, until the context ends; screenshots go to a folder."""
    pictures.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = launched(playwright)
        try:
            yield Desks(browser, pictures)
        except BaseException:
            for number, context in enumerate(browser.contexts):
                context.pages[0].screenshot(path=pictures / f"failed-{number}.png")
            raise
        finally:
            browser.close()
