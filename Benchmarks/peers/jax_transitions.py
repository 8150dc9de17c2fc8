"""What scripts of actor-critic methods in JAX share: a full buffer of random transitions, and the critics' values."""

import jax
import jax.numpy as jnp
import numpy as np
from jax_network import apply
from shapes import SAC


def replay() -> dict[str, jax.Array]:
    random = np.random.default_rng(0)
    rows = SAC.buffer
    return {name: jnp.asarray(values, dtype=jnp.float32) for name, values in {
        "observation": random.standard_normal((rows, SAC.observation)),
        "action": random.uniform(-1, 1, (rows, SAC.action)),
        "reward": random.standard_normal(rows),
        "next": random.standard_normal((rows, SAC.observation)),
        "continues": random.random(rows) > 0.01,
    }.items()}


def values(critics, observation, action):
    inputs = jnp.concatenate([observation, action], axis=1)
    return [apply(critic, inputs, jax.nn.relu)[:, 0] for critic in critics]
