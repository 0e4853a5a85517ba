"""Figures of quality over time against a site's limits, and the calibration that is in force."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from openhifu.base.errors import NotApproved
from openhifu.base.files import read_text
from openhifu.base.record import Record
from openhifu.model.transducer import Calibration
from openhifu.records.quality import Figure, PowerCalibration, QualityEntry


class QualityLimit(Record):
    """What a site asks of one figure.

    Attributes:
        figure: its name.
        low: least value; None for none.
        high: highest value; None for none.
        days: after how many days it must be measured again.
        source: where the limit comes from.
    """

    figure: str
    low: float | None = None
    high: float | None = None
    days: float
    source: str


class QualityLimits(Record):
    """All limits of a site; a figure without a limit is shown and not judged."""

    limits: tuple[QualityLimit, ...]

    @classmethod
    def read(cls, path: Path) -> QualityLimits:
        """Limits from a TOML file with one ``[[limits]]`` table each.

        Raises:
            FormatError: if the file is no such table.
            FileProblem: if there is none.
        """
        import tomllib

        from openhifu.base.errors import FormatError

        try:
            return cls.from_data(tomllib.loads(read_text(path, "table of limits")), str(path))
        except tomllib.TOMLDecodeError as error:
            raise FormatError(f"{path} is not valid TOML: {error}") from error

    def of(self, figure: str) -> QualityLimit | None:
        """The limit of a figure."""
        return next((limit for limit in self.limits if limit.figure == figure), None)


@dataclass(frozen=True)
class Trend:
    """One figure of one device over time.

    Attributes:
        serial: of the device.
        times: of each measurement, rising.
        figures: one each.
        limit: what the site asks; None for nothing.
    """

    serial: str
    times: tuple[datetime, ...]
    figures: tuple[Figure, ...]
    limit: QualityLimit | None

    @property
    def name(self) -> str:
        """Of the figure."""
        return self.figures[-1].name

    def verdict(self, now: datetime) -> str:
        """``ok``, or what is wrong with the newest value, in words; empty where nothing is asked."""
        if self.limit is None:
            return ""
        value, age = self.figures[-1].value, (now - self.times[-1]) / timedelta(days=1)
        if self.limit.low is not None and value < self.limit.low:
            return f"below the limit of {self.limit.low:g} {self.figures[-1].unit}"
        if self.limit.high is not None and value > self.limit.high:
            return f"above the limit of {self.limit.high:g} {self.figures[-1].unit}"
        if age > self.limit.days:
            return f"{age:.0f} days old, to be measured every {self.limit.days:g}"
        return "ok"


def trends(entries: Iterable[QualityEntry], limits: QualityLimits | None = None) -> tuple[Trend, ...]:
    """Every figure of every device over time, in the order in which they first appear."""
    found: dict[tuple[str, str], list[tuple[datetime, Figure]]] = {}
    for entry in sorted(entries, key=lambda e: datetime.fromisoformat(e.time)):
        for figure in entry.finding.figures():
            key = (entry.serial, figure.name)
            found.setdefault(key, []).append((datetime.fromisoformat(entry.time), figure))
    return tuple(
        Trend(serial, tuple(t for t, _ in rows), tuple(f for _, f in rows), None if limits is None else limits.of(name))
        for (serial, name), rows in found.items()
    )


def calibration_in_force(
    entries: Iterable[QualityEntry], serial: str, now: datetime, limits: QualityLimits
) -> Calibration:
    """The newest power calibration of a device, if it is within the site's limits and not too old.

    Raises:
        NotApproved: if there is none, it is out of limits, or too old; or the site has no limit for it.
    """
    mine = [e for e in entries if e.serial == serial and isinstance(e.finding, PowerCalibration)]
    if not mine:
        raise NotApproved(f"device no. {serial} has no power calibration on record; measure its power first")
    for trend in trends(mine, limits):
        if trend.name == "power gain" and trend.limit is None:
            raise NotApproved("the site's limits say nothing of the power gain; add it, with its interval in days")
        verdict = trend.verdict(now)
        if verdict not in ("", "ok"):
            raise NotApproved(f"device no. {serial}: {trend.name} is {verdict}; calibrate before treating")
    newest = max(mine, key=lambda e: datetime.fromisoformat(e.time))
    finding = newest.finding
    if not isinstance(finding, PowerCalibration):
        raise NotApproved(f"device no. {serial} has no power calibration on record; measure its power first")
    return Calibration(
        serial=serial,
        date=newest.time[:10],
        relative_uncertainty=finding.relative_uncertainty,
        source=f"{finding.method}, {newest.person}, record {newest.content_hash[:12]}",
    )


def require_in_force(entries: Iterable[QualityEntry], used: Calibration, now: datetime, limits: QualityLimits) -> None:
    """Refuse a device description whose calibration is not the one in force on record.

    Raises:
        NotApproved: saying which is.
    """
    found = calibration_in_force(entries, used.serial, now, limits)
    if (found.date, found.serial) != (used.date, used.serial):
        raise NotApproved(
            f"device no. {used.serial} is described by the calibration of {used.date}, on record that of {found.date} "
            "is in force; load it and plan again"
        )
