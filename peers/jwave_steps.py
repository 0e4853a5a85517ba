"""jwave's pseudospectral time domain (jax, compiled, float32): time steps of a heterogeneous box.

It takes attenuation and leaves it out of the time domain, so this peer does less work than the others.
"""

from __future__ import annotations

from importlib.metadata import version

import jax
import jax.numpy as jnp
from acoustic_box import Box, serve
from jwave import FourierSeries
from jwave.acoustics.time_varying import simulate_wave_propagation
from jwave.geometry import Domain, Medium, Sensors, Sources, TimeAxis


def main() -> None:
    """Prepare the box, compile, and serve."""
    box = Box.given()
    domain = Domain(box.shape, (box.spacing,) * 3)
    speed, density = (FourierSeries(jnp.asarray(box.volume(n)[..., None], jnp.float32), domain) for n in (0, 1))
    medium = Medium(domain=domain, sound_speed=speed, density=density, pml_size=10)
    axis = TimeAxis(dt=box.time_step, t_end=box.steps * box.time_step)
    middle = tuple(n // 2 for n in box.shape)
    sources = Sources(
        positions=tuple(jnp.array([n]) for n in (12, middle[1], middle[2])),
        signals=jnp.asarray(box.tone(), jnp.float32)[None, :],
        dt=box.time_step,
        domain=domain,
    )
    sensors = Sensors(positions=tuple([n] for n in (box.shape[0] - 13, middle[1], middle[2])))
    compiled = jax.jit(lambda: simulate_wave_propagation(medium, axis, sources=sources, sensors=sensors))
    serve(f"jwave {version('jwave')} jax {version('jax')} (lossless)", lambda: jax.block_until_ready(compiled()))


if __name__ == "__main__":
    main()
