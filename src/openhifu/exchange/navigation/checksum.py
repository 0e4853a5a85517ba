"""The checksum of OpenIGTLink: CRC-64 with the ECMA-182 polynomial, not reflected, starting from zero."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

_POLYNOMIAL = 0x42F0E1EBA9EA3693


def _table() -> NDArray[np.uint64]:
    rows = []
    for byte in range(256):
        value = byte << 56
        for _ in range(8):
            value = ((value << 1) ^ _POLYNOMIAL if value >> 63 else value << 1) & 0xFFFFFFFFFFFFFFFF
        rows.append(value)
    return np.array(rows, np.uint64)


_TABLE = _table()


@njit(cache=True)
def _crc(data: NDArray[np.uint8], table: NDArray[np.uint64]) -> NDArray[np.uint64]:  # pragma: no cover - compiled
    value = np.zeros(1, np.uint64)
    for byte in data:
        value[0] = (value[0] << np.uint64(8)) ^ table[(value[0] >> np.uint64(56)) ^ np.uint64(byte)]
    return value


def crc64(content: bytes) -> int:
    """Checksum of a message's body."""
    return int(_crc(np.frombuffer(content, np.uint8), _TABLE)[0]) if content else 0
