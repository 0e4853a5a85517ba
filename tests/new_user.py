"""OpenHIFU as a new user has it: installed from its wheel into a fresh environment, on a machine without Node."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
NEEDED = ("src/openhifu", "cases", "peers")
FILES = ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", "NOTICE")


@dataclass(frozen=True)
class NewUser:
    """Where the program is, and what its processes find around them."""

    python: Path
    environment: dict[str, str]

    @property
    def program(self) -> tuple[str, ...]:
        return (str(self.python.with_name("openhifu")),)

    def says(self, code: str) -> str:
        """What a line of Python prints there."""
        command = [str(self.python), "-c", code]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=True).stdout.strip()


def wheel(folder: Path) -> Path:
    """The wheel of this tree with the page that is built in it; without web/, so that nothing asks for Node."""
    tree = folder / "tree"
    for name in NEEDED:
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(ROOT / name, tree / name)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "-w", str(folder), str(tree)], check=True)
    (made,) = folder.glob("openhifu-*.whl")
    return made


def new_user(folder: Path) -> NewUser:
    """Install the wheel; what it depends on comes from the environment of the tests, without a network."""
    home = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
    python = home / "bin" / "python"
    site = Path(sysconfig.get_path("purelib", vars={"base": str(home), "platbase": str(home)}))
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*command, str(wheel(folder))], check=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    return NewUser(python, {**kept, "PATH": str(python.parent)})
