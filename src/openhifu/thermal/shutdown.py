"""When heat stops the blood: perfusion of a voxel ends for good once its dose has passed a threshold."""

from __future__ import annotations

import math
from dataclasses import dataclass

from openhifu.base.errors import OutOfRange


@dataclass(frozen=True)
class PerfusionShutdown:
    """A threshold with its source; there is no default, because published ones differ by tissue and by study.

    Attributes:
        cem43: dose [min] above which the perfusion of a voxel is zero from then on.
        source: where the threshold comes from.

    Raises:
        OutOfRange: if the dose is not positive and finite or no source is given.
    """

    cem43: float
    source: str

    def __post_init__(self) -> None:
        """Check both."""
        if not (math.isfinite(self.cem43) and self.cem43 > 0):
            raise OutOfRange(f"the dose that stops perfusion must be finite and positive, got {self.cem43} min")
        if not self.source.strip():
            raise OutOfRange("the dose that stops perfusion needs its source; name the publication or the assumption")
