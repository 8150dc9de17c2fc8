"""Deep Q-network in plain JAX: 200 updates in one jitted lax.scan, batches gathered inside the loop."""

import jax
import jax.numpy as jnp
import numpy as np
from jax_network import adam, adam_start, apply, perceptron
from jax_scan import report_scan
from shapes import DQN

UPDATES = 200


def replay() -> dict[str, jax.Array]:
    random = np.random.default_rng(0)
    rows = DQN.buffer
    return {
        "observation": jnp.asarray(random.standard_normal((rows, DQN.observation)), dtype=jnp.float32),
        "action": jnp.asarray(random.integers(0, DQN.actions, rows)),
        "reward": jnp.asarray(random.standard_normal(rows), dtype=jnp.float32),
        "next": jnp.asarray(random.standard_normal((rows, DQN.observation)), dtype=jnp.float32),
        "continues": jnp.asarray(random.random(rows) > 0.01, dtype=jnp.float32),
    }


def update(data, state, key):
    network, target, optimizer, count = state
    rows = jax.random.randint(key, (DQN.batch,), 0, DQN.buffer)
    batch = {name: column[rows] for name, column in data.items()}
    best = apply(target, batch["next"], jax.nn.relu).max(axis=1)
    goal = batch["reward"] + DQN.discount * batch["continues"] * best

    def loss(network):
        values = apply(network, batch["observation"], jax.nn.relu)
        error = jnp.take_along_axis(values, batch["action"][:, None], axis=1)[:, 0] - goal
        size = jnp.abs(error)
        return jnp.mean(jnp.where(size > 1, size - 0.5, 0.5 * error**2))

    found, gradients = jax.value_and_grad(loss)(network)
    network, optimizer = adam(network, gradients, optimizer, DQN.learning_rate)
    count += 1
    target = jax.lax.cond(count % DQN.target_interval == 0, lambda: network, lambda: target)
    return (network, target, optimizer, count), found


def main() -> None:
    data = replay()
    network = perceptron(jax.random.key(0), [DQN.observation, DQN.width, DQN.width, DQN.actions])
    state = (network, network, adam_start(network), jnp.zeros((), jnp.int32))
    report_scan(lambda s, k: update(data, s, k), state, UPDATES)


main()
