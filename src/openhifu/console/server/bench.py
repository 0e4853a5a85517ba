"""What the console promises, measured over a real server and in Debian's Chromium.

The treatments are of bundled cases, made by the same road as any: log-in, plan, rehearsal, approval. The generator is
the twin's, in the engine's process; its switch notes when output ended, on the clock that all processes of a machine
share. The browser's own clock is wall time; both are read at one moment for each stop.
"""

from __future__ import annotations

import gzip
import random
import statistics
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from openhifu.base.errors import DeviceFault
from openhifu.base.measurement import Measurement
from openhifu.console.runs import JOURNAL
from openhifu.console.server.bench_stage import FEW_SPOTS, Stage, Watcher, fresh_server, planning, quantile, staged
from openhifu.console.server.browser import Browser
from openhifu.console.server.chromium import launched, opened, playwright, suspended
from openhifu.console.server.routes_page import PAGE
from openhifu.console.server.treat.wire import CONSOLE_LEASE

if TYPE_CHECKING:
    from playwright.sync_api import Page

STOPS = 200
"""Stops that are measured."""

STOP_GOAL = 0.150
"""s from the press in a browser to the generator's silence, at the 99th percentile."""

PACE_OF_PICTURES = 4.0
"""Simulated seconds per second: the twin's thermometer images about every second, so this is about 4 Hz."""

LEASE_SLACK = 0.1
"""s over the console's lease until output has ended: a look at the clock, and its turn on a busy core."""

_WATCHED = 60.0  # s each: four browsers awake, and one of them suspended
_FIRST_PAGES = 10
_DEATHS = 10
_TURNS = 50

_USABLE = """(() => {
    const look = () => {
        const first = document.querySelector("form input");
        first?.focus();
        if (first && document.activeElement === first) window.usableAt = performance.now();
        else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
})()"""
"""Notes ms since the address was asked for at which one could type a name."""

_DRAWN = """(() => {
    window.drawn = [];
    new MutationObserver(() => {
        const {frames, ageMs} = document.querySelector(".treat")?.dataset ?? {};
        if (Number(frames) > window.drawn.length) window.drawn.push([Date.now() / 1000, Number(ageMs)]);
    }).observe(document, {subtree: true, attributes: true, attributeFilter: ["data-frames"]});
})()"""
"""Notes when a picture was drawn, and how old it was then [ms]."""

_PRESSED = """(() => {
    const note = (event) => (window.pressedAt = event.timeStamp + Date.now() - performance.now());
    for (const kind of ["keydown", "pointerdown"]) window.addEventListener(kind, note, {capture: true});
})()"""
"""Notes ms since 1970 at which a key or button was pressed last, as the browser itself stamps it."""


def first_page() -> tuple[Measurement, ...]:
    """A browser that has never been here opens the console: when a name can be typed; and how big the page is."""
    found, name = list[float](), "first page usable, nothing in the browser's cache"
    with playwright() as driver, fresh_server() as (_, server):
        for _ in range(_FIRST_PAGES):
            chromium = launched(driver)
            page = opened(chromium, script=_USABLE)
            page.goto(Browser(server.port).origin, wait_until="commit")
            page.wait_for_function("() => window.usableAt")
            found.append(page.evaluate("window.usableAt") / 1e3)
            chromium.close()
    size = sum(len(gzip.compress(file.read_bytes())) for file in PAGE.rglob("*") if file.is_file())
    return (
        Measurement.of(f"{name}: median", statistics.median(found), "s"),
        Measurement.of(f"{name}: longest of {len(found)}", max(found), "s", goal=2.0),
        Measurement.of("the whole page, all languages, gzipped", size / 1e6, "MB", goal=1.5),
    )


def live_freshness() -> tuple[Measurement, ...]:
    """Four browsers draw one treatment over the liver's CT; then one of them is suspended for a minute."""
    with playwright() as driver, staged("liver") as stage, ExitStack() as stack:
        browsers = [stack.enter_context(launched(driver)) for _ in range(4)]
        turned = _turned(stage)
        run = stage.began(PACE_OF_PICTURES)
        pages = [opened(chromium, stage.browser, _DRAWN) for chromium in browsers]
        for page in pages:
            page.goto(f"{stage.browser.origin}/runs/{run}", wait_until="commit")
        _begin(pages[0])
        for page in pages:
            page.wait_for_function("() => window.drawn.length > 4")
        awake = _watched(stage, run, pages)
        with suspended(browsers[3]):
            alone = _watched(stage, run, pages[:3])
        seen = len(_drawn(pages[3]))
        pages[3].wait_for_function("(seen) => window.drawn.length > seen + 4", arg=seen)
        pages[0].keyboard.press("Space")
        stage.off_at(run)
    return (turned, *_rows("live, four browsers", awake), *_rows("live, one of four suspended", alone))


def stop_latency(stops: int = STOPS) -> tuple[Measurement, ...]:
    """Stop in the page at a random moment of an exposure, by button and space bar in turn, while plans are computed."""
    with playwright() as driver, staged("liver-in-water", FEW_SPOTS) as stage, planning(stage.browser):
        with launched(driver) as chromium:
            page = opened(chromium, stage.browser, _PRESSED)
            found = sorted(_stopped(stage, page, random.Random(number), number % 2) for number in range(stops))
    name = f"stop pressed in Chromium to generator off, {stops} stops, two plans being computed"
    return (
        Measurement.of(f"{name}: median", 1e3 * quantile(found, 0.5), "ms"),
        Measurement.of(f"{name}: 99th percentile", 1e3 * quantile(found, 0.99), "ms", goal=1e3 * STOP_GOAL),
        Measurement.of(f"{name}: longest", 1e3 * found[-1], "ms"),
    )


def lease() -> tuple[Measurement, ...]:
    """The server is frozen, or killed, during an exposure while every core is busy: how long output goes on."""
    rows, found = list[Measurement](), dict[str, list[float]]()
    with staged("liver-in-water", FEW_SPOTS) as stage, planning(stage.browser):
        for how in ("frozen", "killed"):
            found[how] = sorted(_died(stage, how, random.Random(number)) for number in range(_DEATHS))
    for how, ends in found.items():
        name = f"output after the server is {how}, {_DEATHS} times"
        rows.append(Measurement.of(f"{name}: median", 1e3 * quantile(ends, 0.5), "ms"))
        rows.append(Measurement.of(f"{name}: longest", 1e3 * ends[-1], "ms", goal=1e3 * (CONSOLE_LEASE + LEASE_SLACK)))
    return tuple(rows)


BENCHES: dict[str, Callable[[], tuple[Measurement, ...]]] = {
    "console-page": first_page,
    "console-live": live_freshness,
    "console-stop": stop_latency,
    "console-lease": lease,
}
"""Every claim of the console by its name."""


def _begin(page: Page) -> None:
    """Answer what is asked, until there is output.

    Raises:
        DeviceFault: if the run ends before.
    """
    question, firing = page.locator(".question button.main"), page.locator(".state[data-tone=work]")
    over = page.locator(".treat[data-over=true]")
    somewhere = question.or_(firing).or_(over).first
    somewhere.wait_for()
    while not firing.count():
        if over.count():
            raise DeviceFault(f"the run ended before there was output: {page.locator('.says').first.inner_text()}")
        if question.count():
            asked = page.locator(".question p").first.inner_text()
            question.click()
            gone = "(asked) => document.querySelector('.question p')?.textContent !== asked"
            page.wait_for_function(gone, arg=asked)
        somewhere.wait_for()


def _drawn(page: Page) -> list[tuple[float, float]]:
    """When each picture was drawn [s], and how old it was [ms]."""
    return page.evaluate("window.drawn")


def _watched(stage: Stage, run: str, pages: list[Page]) -> dict[str, Any]:
    """What pages draw in a minute, and how many images the engine takes meanwhile."""
    images, before, began = _images(stage, run), [len(_drawn(page)) for page in pages], time.monotonic()
    time.sleep(_WATCHED)
    took, taken = time.monotonic() - began, _images(stage, run) - images
    ages = [[age for _, age in _drawn(page)[seen:]] for page, seen in zip(pages, before, strict=True)]
    return {"slowest": min(len(a) for a in ages) / took, "engine": taken / took, "ages": sorted(sum(ages, []))}


def _images(stage: Stage, run: str) -> int:
    """Readings of the thermometer so far."""
    return (stage.data / "runs" / run / JOURNAL).read_text().count('"kind":"reading"')


def _rows(name: str, seen: dict[str, Any]) -> tuple[Measurement, ...]:
    ages = seen["ages"]
    return (
        Measurement.of(f"{name}: images the engine takes", seen["engine"], "a second"),
        Measurement.of(f"{name}: updates drawn by the slowest", seen["slowest"], "a second", None, "", None, 2.0, True),
        Measurement.of(f"{name}: engine to pixel, median", quantile(ages, 0.5), "ms"),
        Measurement.of(f"{name}: engine to pixel, 99th percentile", quantile(ages, 0.99), "ms", goal=500.0),
        Measurement.of(f"{name}: engine to pixel, longest", ages[-1], "ms"),
    )


def _turned(stage: Stage) -> Measurement:
    """Another direction asked for and answered, as a drag on the window map does it."""
    found = []
    for number in range(_TURNS + 1):
        asked, began = {"azimuth_rad": -2.5 + 0.02 * number, "elevation_rad": -0.27}, time.perf_counter()
        stage.browser.ask("POST", f"/api/plans/{stage.plan}/look", asked)
        found.append(time.perf_counter() - began)
    name = f"another direction looked along, {_TURNS} in turn: median"
    return Measurement.of(name, 1e3 * statistics.median(found[1:]), "ms")  # the first reads the case


def _stopped(stage: Stage, page: Page, rng: random.Random, by_key: int) -> float:
    """S from one press to silence."""
    run = stage.began(pace=1.0)
    page.goto(f"{stage.browser.origin}/runs/{run}", wait_until="commit")
    _begin(page)
    page.wait_for_timeout(1e3 * rng.uniform(0.1, 2.0))
    if by_key:
        page.keyboard.press("Space")
    else:
        page.locator("button.stop").click()
    off = stage.off_at(run)
    pressed = page.evaluate("window.pressedAt") / 1e3 - (time.time() - time.monotonic())
    stage.until_idle()
    return off - pressed


def _died(stage: Stage, how: str, rng: random.Random) -> float:
    """S of output after a second server of the same folder is frozen or killed while it treats."""
    with stage.another_server() as there:
        run = there.began(pace=1.0)
        with Watcher.of(there.browser, run) as watcher:
            watcher.until_output()
            time.sleep(rng.uniform(0.1, 2.0))
            died = time.monotonic()
            (there.server.freeze if how == "frozen" else there.server.kill)()
            off = there.off_at(run)
            there.server.kill()
    stage.until_idle()
    return off - died
