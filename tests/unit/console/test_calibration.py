"""A treatment is refused unless the calibration in force on record is the one the plan's device is described by."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from openhifu.base.errors import NotApproved
from openhifu.console.calibration import arming_check, require_calibration
from openhifu.model.catalogue import transducer
from openhifu.records.quality import PowerCalibration, PowerReading, QualityEntry
from openhifu.records.store import RecordStore

DEVICE = "jc200-like"
LIMITS = '[[limits]]\nfigure = "power gain"\nlow = 0.9\nhigh = 1.1\ndays = {days}\nsource = "a test"\n'


def measured(day: str, gain: float) -> QualityEntry:
    readings = tuple(PowerReading(commanded=w, measured=gain * w) for w in (50, 100, 200))
    finding = PowerCalibration(readings=readings, method="radiation force balance", instrument_uncertainty=0.07)
    serial = transducer(DEVICE).calibration.serial
    return QualityEntry(device=DEVICE, serial=serial, time=f"{day}T08:00:00+00:00", person="Wu", finding=finding)


def test_only_the_calibration_in_force_is_good_enough(tmp_path: Path) -> None:
    plan: Any = SimpleNamespace(device=DEVICE)
    url, limits = f"sqlite:///{tmp_path}/r.db", tmp_path / "limits.toml"
    described = transducer(DEVICE).calibration.date
    age = (datetime.now(UTC) - datetime.fromisoformat(f"{described}T00:00:00+00:00")).days
    limits.write_text(LIMITS.format(days=age + 100), encoding="utf-8")
    with RecordStore(url, make=True) as store:
        with pytest.raises(NotApproved, match="has no power calibration on record"):
            require_calibration(plan, limits, url)
        store.put(measured(described, 1.0))
        require_calibration(plan, limits, url)
        limits.write_text(LIMITS.format(days=age - 1), encoding="utf-8")
        with pytest.raises(NotApproved, match="days old"):
            require_calibration(plan, limits, url)
        limits.write_text(LIMITS.format(days=age + 100), encoding="utf-8")
        newer = (datetime.fromisoformat(described) + timedelta(days=1)).date().isoformat()
        store.put(measured(newer, 1.02))
        with pytest.raises(NotApproved, match=f"on record that of {newer} is in force; load it and plan again"):
            require_calibration(plan, limits, url)


def test_where_the_site_asks_nothing_is_armed_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan: Any = SimpleNamespace(device=DEVICE)
    arming_check(plan)()  # no site's limits: nothing is asked
    (tmp_path / "limits.toml").write_text(LIMITS.format(days=10_000), encoding="utf-8")
    monkeypatch.setenv("OPENHIFU_QUALITY_LIMITS", str(tmp_path / "limits.toml"))
    monkeypatch.setenv("OPENHIFU_RECORDS", f"sqlite:///{tmp_path}/r.db")
    with pytest.raises(NotApproved, match="no one can tell .*there is no database"):
        arming_check(plan)()
    with RecordStore(f"sqlite:///{tmp_path}/r.db", make=True) as store:
        store.put(measured(transducer(DEVICE).calibration.date, 1.0))
    arming_check(plan)()
    monkeypatch.setenv("OPENHIFU_QUALITY_LIMITS", str(tmp_path / "gone.toml"))
    with pytest.raises(NotApproved, match="no one can tell"):
        arming_check(plan)()
