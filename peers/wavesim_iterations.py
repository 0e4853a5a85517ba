"""wavesim (convergent Born series, numpy, complex64): iterations on a box whose speed jumps; it has no density.

Work as for the time-domain peers; ``steps`` is the number of iterations.
"""

from __future__ import annotations

from importlib.metadata import version

import numpy as np
from acoustic_box import WATER, Box, serve
from wavesim.simulate import simulate


def main() -> None:
    """Prepare the box and serve."""
    box = Box.given()
    wavelength = WATER[0] / box.frequency
    index = WATER[0] / box.volume(0) + 1j * box.volume(2) * wavelength / (2 * np.pi)
    edge = 20
    inner = tuple(slice(edge, n - edge) for n in box.shape)
    permittivity = (index[inner] ** 2).astype(np.complex64)
    sheet = np.ones((1, *permittivity.shape[1:]), np.complex64)

    def run() -> None:
        simulate(
            permittivity,
            [(sheet, [2, 0, 0])],
            wavelength=wavelength * 1e6,
            pixel_size=box.spacing * 1e6,
            boundary_width=edge * box.spacing * 1e6,
            use_gpu=False,
            max_iterations=box.steps,
            threshold=0.0,
        )

    serve(f"wavesim {version('wavesim')} numpy complex64 (no density)", run)


if __name__ == "__main__":
    main()
