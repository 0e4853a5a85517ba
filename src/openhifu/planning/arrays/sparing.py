"""Bone spared by weighting elements: the least heat in bone at a given focal pressure, against the power it costs.

The heat rate in voxel v of bone is q_v = c_v |sum over e of b_ve u_e|^2 with c its heat per |P|^2. Over drives with
h . u = p at the focus, the sum of w_v q_v plus thrift times the acoustic power is a convex square form u* M u, least at

    u = p M^-1 h* / (h M^-1 h*),      M = B* diag(w c) B + thrift * power per square of u.

The highest q_v is what burns. max over v is the largest of all weighted means, so its least is found on the weights:
those of voxels above the mean are raised, in proportion to q_v, round by round. Every round also bounds the answer from
below (no drive has a lower maximum than the least weighted mean), and the gap between both is given. Little thrift
spends power to spare bone, much spares power: a curve of honest choices. Switching elements off whose rays meet bone is
the geometric way to the same end. Sources: Botros et al., IEEE Trans. UFFC 44, 891 (1997), for the constrained
pseudo-inverse with ribs; Gelat et al., Phys. Med. Biol. 56, 5553 (2011), for weights against rib pressure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.source import Fluid
from openhifu.base.errors import CannotModel, OutOfRange
from openhifu.model.drive import Drive
from openhifu.model.pose import Pose
from openhifu.model.transducer import Transducer
from openhifu.planning.arrays.geometric import require_array, wrapped

_ROUNDS = 40
_RAISED = 0.5  # power of q_v over its mean by which a voxel's weight is raised each round: damped, so that it settles
_DIM = 0.01  # of the strongest voxel's incoherent heating: darker voxels are left out of the search
_STEADY = 1e-9  # of the mean square: keeps M regular where bone sees nothing of some element

Complex = NDArray[np.complex128]


@dataclass(frozen=True, eq=False)
class BoneView:
    """What elements do to the focus and to bone.

    Attributes:
        device: the array.
        fluid: between source and skin.
        focus: responses at the focus, shape (elements,) [Pa per m/s].
        bone: responses in bone, shape (elements, voxels) [Pa per m/s].
        heat: heat rate per |P|^2 of every voxel [W/m3/Pa2].
        volume: of a voxel [m3].
    """

    device: Transducer
    fluid: Fluid
    focus: Complex
    bone: NDArray[np.complex64]
    heat: NDArray[np.float64]
    volume: float

    @property
    def watt(self) -> float:
        """Power of one element that moves at 1 m/s [W]."""
        return 0.5 * self.fluid.impedance * self.device.surface.area / self.device.elements

    def heat_rates(self, velocity: Complex) -> NDArray[np.float64]:
        """Heat rate of every bone voxel [W/m3]."""
        return self.heat * np.abs(velocity.astype(np.complex64) @ self.bone) ** 2.0

    def result(self, velocity: Complex, title: str, bound: float = 0.0) -> Spared:
        """What a drive comes to."""
        rates = self.heat_rates(velocity)
        size = np.abs(velocity)
        return Spared(
            title=title,
            velocity=velocity,
            pressure=abs(complex(self.focus @ velocity)),
            power=self.watt * float(np.sum(size**2)),
            largest=self.watt * self.device.elements * float(size.max() ** 2),
            highest=float(rates.max()),
            absorbed=float(rates.sum()) * self.volume,
            bound=bound,
        )


@dataclass(frozen=True, eq=False)
class Spared:
    """One drive, and what bone gets of it.

    Attributes:
        title: which, in a few words.
        velocity: normal velocity of every element [m/s].
        pressure: |P| at the focus [Pa].
        power: acoustic [W].
        largest: what the array would radiate with every element moving as its fastest does [W]: what the amplifier of
            one element must be good for, times their number.
        highest: largest heat rate of a bone voxel [W/m3].
        absorbed: heat in all of the bone [W].
        bound: below which no drive of as much thrift takes the highest rate, by weak duality; 0 where not looked for.
    """

    title: str
    velocity: Complex
    pressure: float
    power: float
    largest: float
    highest: float
    absorbed: float
    bound: float

    def drive(self, device: Transducer, pose: Pose | None) -> Drive:
        """As a drive of the device; the power must be within its ceiling."""
        size = np.abs(self.velocity)
        amplitudes = tuple(float(a) for a in size / size.max())
        return device.drive(self.power, phases=wrapped(np.angle(self.velocity)), pose=pose, amplitudes=amplitudes)


def at_pressure(view: BoneView, velocity: Complex, pressure: float, title: str) -> Spared:
    """Any drive scaled to a focal pressure [Pa].

    Raises:
        CannotModel: if it makes none at the focus.
    """
    made = abs(complex(view.focus @ velocity))
    if not made > 0:
        raise CannotModel(f"the drive {title!r} makes no pressure at the focus")
    return view.result(velocity * (pressure / made), title)


def spared(view: BoneView, pressure: float, thrift: float, rounds: int = _ROUNDS) -> Spared:
    """The drive of least highest heat rate in bone, with some thrift of power.

    Args:
        view: the responses.
        pressure: |P| at the focus [Pa].
        thrift: how much power counts: 1 makes the mean heat rate that one watt leaves in the heated bone as bad as one
            watt; 0 spares bone at any cost.
        rounds: of weighting; 0 for the least heat in all, not the least highest.

    Raises:
        CannotModel: if the device has one element or nothing reaches the focus.
        OutOfRange: if pressure or thrift is not a positive number.
    """
    require_array(view.device)
    if not (pressure > 0 and thrift >= 0 and np.isfinite(pressure * (1 + thrift)) and rounds >= 0):
        raise OutOfRange(
            f"pressure must be positive, thrift and rounds zero or more; got {pressure}, {thrift}, {rounds}"
        )
    if not np.any(view.focus):
        raise CannotModel("no wave of any element arrives at the focus: bone or gas in front of it?")
    bone = _lit(view)
    mean = float(np.mean(np.abs(bone) ** 2.0))
    ridge = (thrift + _STEADY) * mean * np.eye(len(view.focus))
    weights = np.full(bone.shape[1], 1 / bone.shape[1])
    best, highest, bound = None, np.inf, 0.0
    for _ in range(rounds + 1):
        velocity = _least(view.focus, bone, weights, ridge) * pressure
        rates = np.abs(velocity.astype(np.complex64) @ bone) ** 2.0
        price = float(np.real(velocity.conj() @ ridge @ velocity))
        bound = max(bound, float(weights @ rates) + price)
        if float(rates.max()) + price < highest:
            best, highest = velocity, float(rates.max()) + price
        weights *= np.maximum(rates / max(float(weights @ rates), 1e-300), 1e-3) ** _RAISED
        weights /= weights.sum()
    if best is None:
        raise CannotModel("the responses are not finite")
    own = float(np.real(best.conj() @ ridge @ best))
    words = "least heat" if rounds == 0 else "weighted"
    return view.result(best, f"{words}, thrift {thrift:g}", max(0.0, bound - own))


def _lit(view: BoneView) -> NDArray[np.complex64]:
    """Responses times root heat per |P|^2, of the voxels that could matter; results are taken over all of them."""
    scaled = view.bone * np.sqrt(view.heat).astype(np.float32)
    together = np.sum(np.abs(scaled) ** 2, axis=0)
    return np.ascontiguousarray(scaled[:, together > _DIM * together.max()])


def curve(view: BoneView, pressure: float, thrifts: Sequence[float], rounds: int = _ROUNDS) -> tuple[Spared, ...]:
    """The trade-off: one drive for every thrift."""
    return tuple(spared(view, pressure, thrift, rounds) for thrift in thrifts)


def _least(
    focus: Complex, bone: NDArray[np.complex64], weights: NDArray[np.float64], ridge: NDArray[np.float64]
) -> Complex:
    """The drive of 1 Pa at the focus with the least weighted heat."""
    weighted = bone * np.sqrt(weights).astype(np.float32)
    form = (weighted.conj() @ weighted.T).astype(np.complex128) + ridge
    # P = sum h u and q = |sum b u|^2 = u* (conj(b) b^T) u: stationary where form u is in proportion to conj(h).
    direction = np.linalg.solve(form, focus.conj())
    return direction / (focus @ direction)
