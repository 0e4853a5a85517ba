"""An array before a patient: the march's problem for one focus, the bone its beam meets, and responses of both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.materials import Materials
from openhifu.acoustics.problem import AcousticProblem
from openhifu.acoustics.responses import responses_at, responses_in
from openhifu.acoustics.slab import lit_by
from openhifu.acoustics.source import Fluid
from openhifu.base.errors import Infeasible
from openhifu.base.progress import Progress, silent
from openhifu.base.vectors import Vector
from openhifu.model.case_data import CaseData
from openhifu.model.medium import Medium
from openhifu.model.pose import Pose
from openhifu.model.tissuemap import TissueMap, base_name
from openhifu.model.transducer import Transducer
from openhifu.planning.anatomy import BONES, CARTILAGE, GASES, Anatomy, anatomy
from openhifu.planning.arrays.geometric import geometric_phases, require_array
from openhifu.planning.arrays.sparing import BoneView
from openhifu.planning.beam import BeamGrids, beam_grids
from openhifu.planning.scene import Scene, scene_on

BEHIND = 14e-3
"""m of tissue behind the focus in the grid."""

SHORT_OF = 5e-3
"""m before the focus where bone to be spared ends; what lies behind the focus is far field."""


@dataclass(frozen=True, eq=False)
class ArraySetting:
    """One array, one patient, one focus.

    Attributes:
        data: the case.
        device: the array.
        view: anatomy for rays.
        pose: where the array stands; its focus is the point that is steered to.
        grids: where fields and heat live.
        medium: the patient's tissue on the field's grid.
        fluid: between source and skin.
    """

    data: CaseData
    device: Transducer
    view: Anatomy
    pose: Pose
    grids: BeamGrids
    medium: Medium
    fluid: Fluid

    def problem(self, power: float = 1.0, off: tuple[int, ...] = (), phases: tuple[float, ...] = ()) -> AcousticProblem:
        """The march's question for a drive [W]."""
        return AcousticProblem(self.device.drive(power, off, phases, self.pose), self.medium)

    def geometric(self, focus: Vector) -> tuple[float, ...]:
        """Phases that steer to a point along straight paths through water."""
        return geometric_phases(self.device, focus, self.fluid, self.pose)

    def bone(self) -> NDArray[np.bool_]:
        """Mask on the field's grid of the bone and cartilage before the focus, in the cone of rays or near it."""
        problem = self.problem()
        names = [base_name(t) in (*BONES, CARTILAGE) for t in self.medium.map.tissues]
        mask = np.array(names)[self.medium.map.data]
        grid = self.medium.grid
        depth = grid.axis(2) - grid.axis(2)[0]
        focus = float(grid.index(np.array(self.pose.focus))[2]) * grid.spacing[2]
        mask[:, :, depth > focus - SHORT_OF] = False
        mask &= lit_by(problem, self.fluid.wavelength)
        if not mask.any():
            raise Infeasible("there is no bone before the focus within this beam: nothing to spare")
        return mask

    def bone_view(self, progress: Progress = silent) -> BoneView:
        """Responses at the focus and in the bone before it: one march an element.

        Raises:
            Infeasible: if there is no bone before the focus.
        """
        mask = self.bone()
        problem = self.problem()
        heat = Materials.of(self.medium, self.device.frequency).heat[self.medium.map.data[mask]]
        return BoneView(
            device=self.device,
            fluid=self.fluid,
            focus=responses_at(problem, [self.pose.focus])[0],
            bone=responses_in(problem, mask, progress=progress),
            heat=np.asarray(heat, np.float64),
            volume=self.medium.grid.voxel_volume,
        )

    def scene(self) -> Scene:
        """For heating."""
        return scene_on(self.data, self.device, self.view, self.pose, self.grids)

    def without_bone_and_gas(self) -> ArraySetting:
        """The same wall of soft tissue alone: bone, cartilage and gas taken for muscle.

        Raises:
            Infeasible: if the case has no muscle to take them for.
        """
        hard = (*BONES, *GASES, CARTILAGE)
        names = self.medium.map.tissues
        if "muscle" not in names:
            raise Infeasible(
                f"bone and gas are taken for muscle to see the soft wall alone, and this case has {', '.join(names)}; "
                "give its wall a label of tissue muscle"
            )
        other = np.array([names.index("muscle") if base_name(n) in hard else i for i, n in enumerate(names)], np.uint8)
        labels = other[self.medium.map.data]
        soft = Medium(TissueMap(self.medium.grid, labels, names), self.medium.tissues)
        return ArraySetting(self.data, self.device, self.view, self.pose, self.grids, soft, self.fluid)


def setting(data: CaseData, device: Transducer, pose: Pose, reach: float = 0.0) -> ArraySetting:
    """Set an array before a case.

    Args:
        data: the case.
        device: an array.
        pose: where it stands.
        reach: m; how far from the pose's focus points are steered to.

    Raises:
        CannotModel: if the device has one element.
        Infeasible: if it would touch the skin.
    """
    require_array(device)
    view = anatomy(data, device.frequency)
    grids = beam_grids(view, device, pose, reach, BEHIND + reach)
    medium = data.medium(grids.field)
    background = medium.tissues[medium.map.index_of(data.case.background)]
    return ArraySetting(data, device, view, pose, grids, medium, Fluid.of(background, device.frequency))
