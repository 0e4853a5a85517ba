"""Bad input on the command line: one clear sentence, exit 2, and nothing left half-written."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from openhifu.console.cli import app
from openhifu.imaging import bundled_case

WATER = bundled_case("liver-in-water")


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(arguments))
    return done.exit_code, done.output


def one_sentence(output: str) -> str:
    lines = [line for line in output.splitlines() if line.startswith("error:")]
    assert len(lines) == 1, output
    assert "Traceback" not in output
    return lines[0]


def test_no_such_case_or_plan(tmp_path: Path) -> None:
    for arguments in (("plan", str(tmp_path / "nowhere")), ("check", str(tmp_path / "plan.json"))):
        code, output = run(*arguments)
        assert code == 2
        assert "there is no" in one_sentence(output)


def test_an_unknown_device_names_the_nearest(tmp_path: Path) -> None:
    code, output = run("plan", str(WATER), "--device", "jc200-liek", "-o", str(tmp_path / "p.json"))
    assert code == 2
    assert "jc200-like" in one_sentence(output)
    assert not list(tmp_path.iterdir())


def copy_with(tmp_path: Path, old: str, new: str) -> Path:
    folder = tmp_path / "case"
    shutil.copytree(WATER, folder)
    text = (folder / "case.toml").read_text()
    assert old in text
    (folder / "case.toml").write_text(text.replace(old, new, 1))
    return folder


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("schema = 1", "schema = 99", "newer"),
        ("acoustic_power_w = ", "acoustic_power_w = -", "greater than 0"),
        ('background = "water"', 'background = "wter"', "water"),
        ("[target]", "colour = 1\n\n[target]", "colour"),
        ("radius_mm = ", "radius_mm = 0 #", "greater than 0"),
    ],
)
def test_a_case_file_with_something_wrong_in_it(tmp_path: Path, old: str, new: str, words: str) -> None:
    folder = copy_with(tmp_path, old, new)
    code, output = run("plan", str(folder), "-o", str(tmp_path / "p.json"))
    assert code == 2
    assert words in one_sentence(output)
    assert not (tmp_path / "p.json").exists()


def test_a_target_no_pose_can_reach_is_refused_with_reasons(tmp_path: Path) -> None:
    """Deep in the real liver, 79 mm under the skin: ribs, lung and the source's own rim leave no direction."""
    folder = tmp_path / "deep"
    shutil.copytree(bundled_case("liver"), folder)
    text = (folder / "case.toml").read_text()
    assert "centre_mm = [-71.781, -28.966, -250]" in text
    (folder / "case.toml").write_text(text.replace("[-71.781, -28.966, -250]", "[-50.69, -12.79, -240]"))
    code, output = run("plan", str(folder), "-o", str(tmp_path / "p.json"))
    assert code == 2
    assert "no pose of jc200-like-256 reaches the target" in one_sentence(output)
    assert "gas or lung in the beam" in output and "too little water" in output
    assert len([line for line in output.splitlines() if line.strip().startswith("- from (")]) >= 4
    assert not (tmp_path / "p.json").exists()


@pytest.mark.parametrize(("centre", "words"), [("[0, -55, 0]", "outside"), ("[500, 0, 0]", "outside")])
def test_a_target_outside_the_body_is_refused(tmp_path: Path, centre: str, words: str) -> None:
    folder = copy_with(tmp_path, "centre_mm = [0, -10, 0]", f"centre_mm = {centre}")
    code, output = run("plan", str(folder), "-o", str(tmp_path / "p.json"))
    assert code == 2
    assert words in one_sentence(output)


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, small_plan: Path) -> None:
    """A real one: no file may grow beyond a few kilobytes in the process that plans."""
    program = (
        "import resource, sys\n"
        "from openhifu.console import cli\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))\n"
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"sys.argv = ['openhifu', 'case', 'show', {str(WATER)!r}, '-o', {str(tmp_path / 'case.png')!r}]\n"
        "cli.main()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert "error: cannot write" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_plan_edited_after_hashing_is_refused(tmp_path: Path, small_plan: Path) -> None:
    text = small_plan.read_text()
    power = json.loads(text)["data"]["sonications"][0]["acoustic_power"]
    edited = tmp_path / "edited.json"
    edited.write_text(text.replace(repr(power), repr(power + 1.0)))
    code, output = run("check", str(edited))
    assert code == 2
    assert "changed after it was signed" in one_sentence(output)


def test_an_unapproved_plan_is_not_treated(tmp_path: Path, small_plan: Path) -> None:
    code, output = run("treat", str(small_plan), "-o", str(tmp_path / "run"))
    assert code == 2
    assert "openhifu approve" in one_sentence(output)
    assert not (tmp_path / "run").exists()


def test_validation_names_are_checked() -> None:
    code, output = run("validate", "thermall")
    assert code == 2
    assert "thermal" in one_sentence(output)


def test_validation_behind_a_skull_says_where_its_mask_is_to_be_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENHIFU_SKULL_MASKS", raising=False)
    page = "--out", str(tmp_path / "page")
    for arguments, says in (
        (("BM8-SC1-memory",), "--masks"),
        (("acoustics", *page), "--masks"),
        (("BM8-SC1-memory", "--masks", str(tmp_path)), "there is no file skull_mask_bm7"),
    ):
        code, output = run("validate", *arguments)
        assert code == 2
        sentence = one_sentence(output)
        assert says in sentence and "pip download" in sentence
    monkeypatch.setenv("OPENHIFU_SKULL_MASKS", str(tmp_path))
    code, output = run("validate", "acoustics")
    assert code == 2 and "there is no file" in one_sentence(output)
    assert not list(tmp_path.iterdir())


def test_every_command_explains_itself_with_an_example() -> None:
    for command in ("plan", "check", "rehearse", "approve", "treat", "report", "demo", "validate"):
        code, output = run(command, "--help")
        assert code == 0
        assert f"openhifu {command}" in output
    for command in (("case", "new"), ("case", "check"), ("case", "show"), ("journal", "verify")):
        code, output = run(*command, "--help")
        assert code == 0
        assert f"openhifu {' '.join(command)}" in output
