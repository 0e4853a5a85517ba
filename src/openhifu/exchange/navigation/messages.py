"""Messages of OpenIGTLink (both versions of headers are read): images, transforms, tracking data, status, as bytes.

Outside, lengths are millimetres and directions RAS, as 3D Slicer expects; here they are turned from and into the
patient's LPS metres, and nowhere else.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import FormatError, GeometryError, OutOfRange
from openhifu.base.field import Field, Quantity
from openhifu.base.frames import Frame
from openhifu.base.grid import Grid
from openhifu.exchange.navigation.checksum import crc64

HEADER = struct.Struct(">H12s20sQQQ")
"""Version, type, device name, time stamp, body size, checksum."""

_EXTENDED = struct.Struct(">HHII")
"""Of header version 2: sizes of the extended header, of the metadata's heads and of the metadata; message number."""

LARGEST_BODY = 1 << 30
"""Bytes; a longer message is refused before it is read."""

_FLIP = np.diag([-1.0, -1.0, 1.0, 1.0])
_IMAGE = struct.Struct(">HBBBB3H12f6H")
_TYPES = {
    2: np.dtype(np.int8),
    3: np.dtype(np.uint8),
    4: np.dtype(np.int16),
    5: np.dtype(np.uint16),
    6: np.dtype(np.int32),
    7: np.dtype(np.uint32),
    10: np.dtype(np.float32),
    11: np.dtype(np.float64),
}
_RIGID = 1e-3
"""How far a matrix sent as 32-bit numbers may be from rigid."""


@dataclass(frozen=True, eq=False)
class Message:
    """A message taken apart.

    Attributes:
        kind: ``IMAGE``, ``TRANSFORM``, ``TDATA``, ``STATUS``, or another that is not decoded.
        name: of the device, as the sender calls it.
        time: s since 1970, 0 where the sender gives none.
        body: its bytes.
    """

    kind: str
    name: str
    time: float
    body: bytes


def encoded(kind: str, name: str, body: bytes, time: float) -> bytes:
    """A whole message.

    Raises:
        OutOfRange: if type or name are too long.
    """
    kind_bytes, name_bytes = kind.encode("ascii"), name.encode("ascii", "replace")
    if len(kind_bytes) > 12 or len(name_bytes) > 20:
        raise OutOfRange(f"a message's type has at most 12 and its name 20 letters, got {kind!r} and {name!r}")
    seconds = int(time)
    stamp = seconds << 32 | int((time - seconds) * 2**32) & 0xFFFFFFFF
    return HEADER.pack(1, kind_bytes, name_bytes, stamp, len(body), crc64(body)) + body


def decoded(header: bytes, body: bytes) -> Message:
    """A message from its header and body.

    Raises:
        FormatError: if the checksum does not fit, or the header is none.
    """
    try:
        version, kind, name, stamp, size, checksum = HEADER.unpack(header)
        words = kind.rstrip(b"\0").decode("ascii"), name.rstrip(b"\0").decode("ascii", "replace")
    except (struct.error, UnicodeDecodeError) as error:
        raise FormatError(f"this is no OpenIGTLink header: {error}") from error
    if size != len(body) or checksum != crc64(body):
        raise FormatError(f"a {words[0]} message of {words[1]!r} is damaged: its checksum does not fit")
    content = body if version == 1 else _content(body, words[1])
    return Message(*words, (stamp >> 32) + (stamp & 0xFFFFFFFF) / 2**32, content)


def _content(body: bytes, name: str) -> bytes:
    """What lies between the extended header and the metadata of a message of header version 2."""
    try:
        extended, heads, metadata, _ = _EXTENDED.unpack_from(body)
    except struct.error as error:
        raise FormatError(f"a message of {name!r} has no extended header: {error}") from error
    end = len(body) - heads - metadata
    if not _EXTENDED.size <= extended <= end:
        raise FormatError(f"a message of {name!r} says that its content ends before it begins")
    return body[extended:end]


def body_size(header: bytes) -> int:
    """Bytes that follow a header.

    Raises:
        FormatError: if it is no header, or announces more than is ever sent.
    """
    version, _, _, _, size, _ = HEADER.unpack(header)
    if version not in (1, 2) or size > LARGEST_BODY:
        raise FormatError(f"this is no OpenIGTLink header: version {version}, {size} bytes to follow")
    return int(size)


def image_message(name: str, field: Field, time: float) -> bytes:
    """An IMAGE of a field in the patient's frame; complex amplitudes go out as magnitudes, numbers as 32-bit floats.

    Raises:
        GeometryError: if the field is in another frame.
        OutOfRange: if it has more than 65535 voxels along an axis.
    """
    if field.grid.frame is not Frame.PATIENT:
        raise GeometryError(
            f"navigation works in {Frame.PATIENT}, this field is in {field.grid.frame}: transform first"
        )
    data = np.abs(field.data) if np.iscomplexobj(field.data) else field.data
    kind = next((k for k, t in _TYPES.items() if t == data.dtype and k < 10), 10)
    values = np.asarray(data, _TYPES[kind]).astype(_TYPES[kind].newbyteorder("<"))
    if max(field.grid.shape) > 65535:
        raise OutOfRange(f"an image has at most 65535 voxels along an axis, this one {field.grid.shape}")
    ras = _FLIP @ field.grid.affine
    ras[:3] *= 1e3
    centre = ras @ np.array([*((n - 1) / 2 for n in field.grid.shape), 1.0])
    vectors = (*ras[:3, 0], *ras[:3, 1], *ras[:3, 2], *centre[:3])
    shape = field.grid.shape
    head = _IMAGE.pack(1, 1, kind, 2, 1, *shape, *(float(v) for v in vectors), 0, 0, 0, *shape)
    return encoded("IMAGE", name, head + values.tobytes(order="F"), time)


def image_of(message: Message, quantity: Quantity) -> Field:
    """The field of an IMAGE message.

    Raises:
        FormatError: if it is a part of an image, a vector image, or cut short.
        GeometryError: if its axes are not at right angles.
    """
    try:
        _, parts, kind, endian, system, i, j, k, *rest = _IMAGE.unpack_from(message.body)
        vectors, part = np.array(rest[:12]), rest[12:]
        dtype = _TYPES[kind].newbyteorder("<" if endian == 2 else ">")
        data = np.frombuffer(message.body, dtype, offset=_IMAGE.size)
    except (struct.error, KeyError, ValueError) as error:
        raise FormatError(f"the image {message.name!r} is damaged: {error}") from error
    if parts != 1 or tuple(part) != (0, 0, 0, i, j, k) or data.size != i * j * k:
        raise FormatError(f"the image {message.name!r} is of vectors, or a part of an image; send whole scalar images")
    affine = np.eye(4)
    affine[:3, :3] = vectors[:9].reshape(3, 3).T
    affine[:3, 3] = vectors[9:] - affine[:3, :3] @ ((np.array([i, j, k]) - 1) / 2)
    metres = _FLIP @ affine if system == 1 else affine
    metres[:3] *= 1e-3
    native = data.astype(dtype.newbyteorder("="))
    return Field(Grid((i, j, k), _orthogonal(metres), Frame.PATIENT), native.reshape((i, j, k), order="F"), quantity)


def transform_message(name: str, matrix: NDArray[np.float64], time: float) -> bytes:
    """A TRANSFORM of a rigid map within the patient's frame [m]."""
    return encoded("TRANSFORM", name, _matrix_bytes(matrix), time)


def tracking_message(name: str, poses: dict[str, NDArray[np.float64]], time: float) -> bytes:
    """A TDATA with one pose a tool: maps of the tool's points into the patient's frame [m]."""
    body = b"".join(struct.pack(">20sBB", n.encode("ascii"), 2, 0) + _matrix_bytes(m) for n, m in poses.items())
    return encoded("TDATA", name, body, time)


def status_message(name: str, text: str, time: float) -> bytes:
    """A STATUS that all is well, with a sentence."""
    return encoded("STATUS", name, struct.pack(">Hq20s", 1, 0, b"") + text.encode() + b"\0", time)


def poses_of(message: Message) -> dict[str, NDArray[np.float64]]:
    """Rigid 4 x 4 maps [m] by tool, of a TRANSFORM or TDATA; none of any other message.

    Raises:
        FormatError: if the message is cut short.
        GeometryError: if a matrix is not finite or not rigid: a bad pose is never passed on.
    """
    if message.kind == "TRANSFORM":
        return {message.name: _matrix(message.body, message.name)}
    if message.kind != "TDATA":
        return {}
    if len(message.body) % 70:
        raise FormatError(f"tracking data of {message.name!r} has {len(message.body)} bytes, no whole number of poses")
    found = {}
    for at in range(0, len(message.body), 70):
        name = message.body[at : at + 20].rstrip(b"\0").decode("ascii", "replace")
        found[name] = _matrix(message.body[at + 22 : at + 70], name)
    return found


def _matrix_bytes(matrix: NDArray[np.float64]) -> bytes:
    ras = _FLIP @ np.asarray(matrix, float) @ _FLIP
    return struct.pack(">12f", *ras[:3, 0], *ras[:3, 1], *ras[:3, 2], *(1e3 * ras[:3, 3]))


def _matrix(body: bytes, name: str) -> NDArray[np.float64]:
    if len(body) < 48:
        raise FormatError(f"the pose of {name!r} is cut short")
    values = np.array(struct.unpack_from(">12f", body), np.float64)
    ras = np.eye(4)
    ras[:3, :3] = values[:9].reshape(3, 3).T
    ras[:3, 3] = 1e-3 * values[9:]
    turn = ras[:3, :3]
    if not np.all(np.isfinite(ras)) or np.max(np.abs(turn.T @ turn - np.eye(3))) > _RIGID or np.linalg.det(turn) < 0:
        raise GeometryError(f"the pose of {name!r} is no rigid movement; it is not passed on")
    u, _, vt = np.linalg.svd(turn)
    ras[:3, :3] = u @ vt
    return _FLIP @ ras @ _FLIP


def _orthogonal(affine: NDArray[np.float64]) -> NDArray[Any]:
    """Axes sent as 32-bit numbers made exactly orthogonal."""
    steps = affine[:3, :3]
    spacing = np.linalg.norm(steps, axis=0)
    if not np.all(np.isfinite(affine)) or np.min(spacing) <= 0:
        raise GeometryError("the image's axes are no numbers, or of no length")
    turn = steps / spacing
    if np.max(np.abs(turn.T @ turn - np.eye(3))) > _RIGID:
        raise GeometryError("the image's axes are not at right angles")
    u, _, vt = np.linalg.svd(turn)
    out = np.array(affine)
    out[:3, :3] = (u @ vt) * spacing
    return out
