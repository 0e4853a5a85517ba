"""A known waveform measured through a known complex response comes back; noise, band and errors are said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from openhifu.base.errors import FormatError, OutOfRange
from openhifu.console.cli import app
from openhifu.records.deconvolution import HydrophoneResponse, deconvolved, read_response

COUNT, STEP = 4096, 4e-9
TIMES = STEP * np.arange(COUNT)
BAND = np.linspace(0, 60e6, 601)


def sensitivity(f: NDArray[np.float64]) -> NDArray[np.complex128]:
    """A damped resonance at 25 MHz with ripple and a delay of 8 ns [V/Pa]."""
    resonance = 50e-9 / (1 - (f / 25e6) ** 2 + 1j * f / 37.5e6)
    return resonance * (1 + 0.3 * np.cos(f / 9e6)) * np.exp(-1j * 0.05 * f / 1e6)


def pulse(harmonics: int = 10) -> NDArray[np.float64]:
    """A steepened pulse at 1 MHz [Pa]."""
    late = TIMES - 8e-6
    waves = [np.sin(2e6 * np.pi * k * late + 0.3 * k) / k for k in range(1, harmonics + 1)]
    found = 1e6 * np.exp(-((late / 2e-6) ** 2)) * np.sum(waves, axis=0)
    return found - found.mean()


def measured(pressure: NDArray[np.float64]) -> NDArray[np.float64]:
    at = np.asarray(np.fft.rfftfreq(COUNT, STEP), np.float64)
    return np.fft.irfft(np.fft.rfft(pressure) * sensitivity(at), COUNT)


RESPONSE = HydrophoneResponse(BAND, sensitivity(BAND), np.full(BAND.size, 0.1))


def test_the_waveform_comes_back() -> None:
    true = pulse()
    found = deconvolved(measured(true), STEP, RESPONSE, 50e6, 1e-9)
    assert np.max(np.abs(found.pressure - true)) < 1e-4 * np.max(true)
    assert np.allclose(found.uncertainty, 0.1 * np.abs(true), atol=2e-3 * np.max(true))  # the calibration's 10 %
    one_number = measured(true) / np.abs(sensitivity(np.array([1e6])))
    assert np.max(np.abs(one_number - true)) > 0.1 * np.max(true)  # what a division by one number makes of it


def test_the_noise_is_the_one_foretold() -> None:
    rng, noise = np.random.default_rng(1), 5e-4
    clean = deconvolved(measured(pulse()), STEP, RESPONSE, 40e6, noise, "drop")
    tries = [
        deconvolved(measured(pulse()) + rng.normal(0, noise, COUNT), STEP, RESPONSE, 40e6, noise, "drop").pressure
        for _ in range(100)
    ]
    spread = np.sqrt(np.mean(np.var(tries, axis=0)))
    told = clean.noise_gain * noise / abs(sensitivity(np.array([1e6]))[0])
    assert spread == pytest.approx(told, rel=0.03)
    wider = deconvolved(measured(pulse()), STEP, RESPONSE, 60e6, noise, "drop")
    assert wider.noise_gain > 1.5 * clean.noise_gain  # a wider band lets in noise where the hydrophone is deaf


def test_nothing_is_extrapolated() -> None:
    narrow = HydrophoneResponse(BAND[5:81], sensitivity(BAND[5:81]), np.full(76, 0.1))  # 0.5 to 8 MHz
    with pytest.raises(OutOfRange, match=r"energy lies outside 0\.5 to 8 MHz.*or choose to drop"):
        deconvolved(measured(pulse()), STEP, narrow, 8e6, 1e-9)
    with pytest.raises(OutOfRange, match="a low-pass at 20 MHz lies outside"):
        deconvolved(measured(pulse()), STEP, narrow, 20e6, 1e-9, "drop")
    assert 1e-4 < deconvolved(measured(pulse()), STEP, narrow, 8e6, 1e-9, "drop").dropped < 0.1


def test_the_command(tmp_path: Path) -> None:
    at = BAND[1:]
    phase = np.unwrap(np.angle(sensitivity(at)))
    rows = zip(at / 1e6, np.abs(sensitivity(at)), phase, strict=True)
    cal, wave = tmp_path / "cal.csv", tmp_path / "wave.csv"
    head = "frequency_mhz,sensitivity_v_pa,phase_rad,uncertainty\n"
    cal.write_text(head + "".join(f"{f},{m},{a},0.1\n" for f, m, a in rows), encoding="utf-8")
    lines = "".join(f"{1e6 * t},{v}\n" for t, v in zip(TIMES, measured(pulse()), strict=True))
    wave.write_text(f"time_us,voltage_v\n{lines}", encoding="utf-8")
    given = ["--hydrophone", str(cal), "--cutoff-mhz", "50", "--noise-v", "1e-6", "-o", str(tmp_path / "p.csv")]
    shown = CliRunner().invoke(app, ["quality", "deconvolve", str(wave), *given])
    assert shown.exit_code == 0, shown.output
    assert f"peak positive pressure: {pulse().max() / 1e6:.4g} MPa" in shown.output
    table = np.loadtxt(tmp_path / "p.csv", delimiter=",", skiprows=1)
    assert np.max(np.abs(table[:, 1] - pulse())) < 1e-3 * pulse().max()
    cal.write_text(head + "1,0,0,0.1\n2,1e-8,0,0.1\n3,1e-8,0,0.1\n", encoding="utf-8")
    with pytest.raises(FormatError, match="sensitivities must be positive"):
        read_response(cal)


@pytest.mark.parametrize("noise", [-1e-6, float("nan"), float("inf")])
def test_noise_that_is_no_amount_is_refused(noise: float) -> None:
    with pytest.raises(OutOfRange, match="noise must be a number of zero or more"):
        deconvolved(measured(pulse()), STEP, RESPONSE, 50e6, noise)
