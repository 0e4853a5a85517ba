"""OpenHIFU: high-intensity focused ultrasound therapy, from a scan to a treatment report.

Five verbs over clinical nouns (``read_case``, ``plan``, ``rehearse``, ``treat``, ``report``) and, for researchers,
``solve`` and ``heat``. Research software, not a medical device. Names load their rooms when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from openhifu.base.grid import Grid
    from openhifu.console.face import heat, plan, read_case, rehearse, report, solve, treat
    from openhifu.model.catalogue import device_names, tissue, tissue_names, transducer
    from openhifu.model.drive import Drive
    from openhifu.model.medium import Medium
    from openhifu.model.pose import Pose
    from openhifu.model.tissue import Tissue
    from openhifu.model.transducer import Cap, PistonArray, RectangleArray, Transducer

_HOME = {
    "Cap": "openhifu.model.transducer",
    "Drive": "openhifu.model.drive",
    "Grid": "openhifu.base.grid",
    "Medium": "openhifu.model.medium",
    "PistonArray": "openhifu.model.transducer",
    "RectangleArray": "openhifu.model.transducer",
    "Pose": "openhifu.model.pose",
    "Tissue": "openhifu.model.tissue",
    "Transducer": "openhifu.model.transducer",
    "device_names": "openhifu.model.catalogue",
    "heat": "openhifu.console.face",
    "plan": "openhifu.console.face",
    "read_case": "openhifu.console.face",
    "rehearse": "openhifu.console.face",
    "report": "openhifu.console.face",
    "solve": "openhifu.console.face",
    "tissue": "openhifu.model.catalogue",
    "tissue_names": "openhifu.model.catalogue",
    "transducer": "openhifu.model.catalogue",
    "treat": "openhifu.console.face",
}
"""Module of each public name."""

__all__ = [
    "Cap",
    "Drive",
    "Grid",
    "Medium",
    "PistonArray",
    "RectangleArray",
    "Pose",
    "Tissue",
    "Transducer",
    "device_names",
    "heat",
    "plan",
    "read_case",
    "rehearse",
    "report",
    "solve",
    "tissue",
    "tissue_names",
    "transducer",
    "treat",
]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first asked for."""
    if name not in _HOME:
        raise AttributeError(f"openhifu has no {name!r}; it has {', '.join(__all__)}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    """Public names."""
    return __all__
