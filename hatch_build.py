"""Builds the console's page into the package, so that a wheel brings it and needs no Node.

An editable install builds nothing: from a clone, ``make page`` does.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PAGE = Path("src", "openhifu", "console", "page")


class PageHook(BuildHookInterface):  # type: ignore[type-arg]
    """Runs npm and vite in ``web/`` before a wheel or a source archive is put together."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Builds the page, or says in one sentence why the package goes without it.

        Args:
            version: kind of build; an ``editable`` one is left alone.
            build_data: what hatch knows of the build; untouched.

        Raises:
            RuntimeError: if there is no page and OPENHIFU_PAGE=required asks for one.
        """
        if version == "editable":
            return
        root = Path(self.root)
        problem = _build(root / "web")
        if problem and not (root / PAGE / "index.html").exists():
            if os.environ.get("OPENHIFU_PAGE") == "required":
                raise RuntimeError(problem)
            self.app.display_warning(f"{problem}; everything but the page of `openhifu console` works without it.")


def _build(web: Path) -> str | None:
    """Builds the page; what kept it from being built, or None."""
    if not web.is_dir():
        return "The console's page is not built: its sources (web/) are not here"
    npm = shutil.which("npm")
    if npm is None:
        return "The console's page is not built: Node (20.19 or newer, with npm) is not here"
    for command in (["ci"], ["run", "build"]):
        done = subprocess.run([npm, *command], cwd=web, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            last = (done.stderr or done.stdout).strip().splitlines()[-1:]
            return f"The console's page is not built: npm {' '.join(command)} failed ({''.join(last)})"
    return None
