"""A case with its images in memory: what planning, the twin and the report all start from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from openhifu.base.field import Field
from openhifu.base.grid import Grid
from openhifu.model.case import Case
from openhifu.model.ct_medium import split_by_ct
from openhifu.model.medium import Medium
from openhifu.model.tissuemap import LabelMap, TissueMap


@dataclass(frozen=True, eq=False)
class CaseData:
    """A case folder, read and checked.

    Attributes:
        case: the record.
        folder: where it was read from.
        ct: CT numbers [HU] on the image's grid (patient LPS).
        labels: anatomical labels on the same grid; None where the case has none.
        tissues: materials on the same grid.
    """

    case: Case
    folder: Path
    ct: Field
    labels: LabelMap | None
    tissues: TissueMap

    def medium(self, grid: Grid | None = None) -> Medium:
        """The tissues with their values, on the image's grid or another one (outside the image: the background).

        Values are the catalogue's, and the CT calibrations' for tissues the case names them for.

        Raises:
            OutOfRange: if CT numbers lie outside the range of a calibration.
        """
        whole = self._whole
        return whole if grid is None else whole.resampled(grid, self.case.background)

    @cached_property
    def _whole(self) -> Medium:
        whole = Medium.from_map(self.tissues)
        return split_by_ct(whole, self.ct, self.case.ct_tissues) if self.case.ct_tissues else whole
