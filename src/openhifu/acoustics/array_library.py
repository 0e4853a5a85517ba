"""Libraries of arrays, other than this program's own compiled loops, that a march can run on."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import CannotModel, UnknownName

LIBRARIES = ("numpy", "jax")
"""By the names that are asked for. numpy needs nothing and is slow: it is what the others are held against."""


@dataclass(frozen=True)
class ArrayLibrary:
    """A namespace of numpy's kind, and how functions over its arrays are compiled.

    Attributes:
        name: as asked for.
        xp: the namespace: ``asarray``, ``fft``, ``where``, ``pad`` and so on with numpy's meaning.
        compiled: turns a pure function of arrays into one that runs faster.
        device: where its arrays live, in words.
    """

    name: str
    xp: Any
    compiled: Callable[[Callable[..., Any]], Callable[..., Any]]
    device: str

    @classmethod
    def named(cls, name: str) -> ArrayLibrary:
        """Load a library.

        Raises:
            UnknownName: if it is none of ``LIBRARIES``.
            CannotModel: if it is not installed.
        """
        if name == "numpy":
            return cls(name, np, lambda function: function, "this computer's processor")
        if name != "jax":
            raise UnknownName("library of arrays", name, LIBRARIES)
        try:
            jax = importlib.import_module("jax")
        except ImportError as missing:
            raise CannotModel(
                "arrays 'jax' need the package jax, which is not installed here: pip install 'openhifu[jax]' (for a "
                "graphics processor, jax's own instructions); without arrays the march runs compiled on the processor"
            ) from missing
        return cls(name, importlib.import_module("jax.numpy"), jax.jit, str(jax.devices()[0]))

    def on_host(self, array: Any) -> NDArray[Any]:
        """A copy that numpy can change."""
        return np.array(array)
