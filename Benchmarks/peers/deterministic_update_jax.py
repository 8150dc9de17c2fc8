"""TD3 and DDPG in plain JAX: 200 updates in one jitted lax.scan, batches gathered inside the loop.

    deterministic_update_jax.py td3|ddpg

TD3 has two critics, noise on target actions, and a policy that learns at every second update; a pair of updates is the scan's
step, so that nothing is computed and thrown away.
"""

import sys

import jax
import jax.numpy as jnp
from jax_network import adam, adam_start, apply, perceptron
from jax_scan import report_scan
from jax_transitions import replay, values
from shapes import SAC

TWIN = sys.argv[1] == "td3"
UPDATES = 200
NOISE, NOISE_LIMIT = 0.2, 0.5


def act(actor, observation):
    return jnp.tanh(apply(actor, observation, jax.nn.relu))


def fit_critics(data, state, key):
    """The critics' step; returns the batch as well."""
    actor, critics, actor_target, targets, actor_adam, critic_adam = state
    key_batch, key_noise = jax.random.split(key)
    rows = jax.random.randint(key_batch, (SAC.batch,), 0, SAC.buffer)
    batch = {name: column[rows] for name, column in data.items()}
    action = act(actor_target, batch["next"])
    if TWIN:
        noise = jnp.clip(NOISE * jax.random.normal(key_noise, action.shape), -NOISE_LIMIT, NOISE_LIMIT)
        action = jnp.clip(action + noise, -1.0, 1.0)
    judged = values(targets, batch["next"], action)
    goal = batch["reward"] + SAC.discount * batch["continues"] * (jnp.minimum(*judged) if TWIN else judged[0])

    def loss(critics):
        return sum(jnp.mean((q - goal) ** 2) for q in values(critics, batch["observation"], batch["action"]))

    value, gradients = jax.value_and_grad(loss)(critics)
    critics, critic_adam = adam(critics, gradients, critic_adam, SAC.learning_rate)
    return (actor, critics, actor_target, targets, actor_adam, critic_adam), batch, value


def improve(state, batch):
    """The policy's step, and the targets'."""
    actor, critics, actor_target, targets, actor_adam, critic_adam = state

    def loss(actor):
        return -jnp.mean(values(critics[:1], batch["observation"], act(actor, batch["observation"]))[0])

    actor, actor_adam = adam(actor, jax.grad(loss)(actor), actor_adam, SAC.learning_rate)

    def polyak(slow, fast):
        return slow + SAC.polyak * (fast - slow)

    actor_target, targets = jax.tree.map(polyak, actor_target, actor), jax.tree.map(polyak, targets, critics)
    return actor, critics, actor_target, targets, actor_adam, critic_adam


def step(data, state, key):
    """Two updates."""
    first, second = jax.random.split(key)
    state, batch, _ = fit_critics(data, state, first)
    if not TWIN:
        state = improve(state, batch)
    state, batch, value = fit_critics(data, state, second)
    return improve(state, batch), value


def main() -> None:
    data = replay()
    keys = jax.random.split(jax.random.key(0), 3)
    actor = perceptron(keys[0], [SAC.observation, SAC.width, SAC.width, SAC.action])
    critics = [perceptron(key, [SAC.observation + SAC.action, SAC.width, SAC.width, 1]) for key in keys[1:2 + TWIN]]
    state = (actor, critics, actor, critics, adam_start(actor), adam_start(critics))
    report_scan(lambda s, k: step(data, s, k), state, UPDATES, of_step=2)


main()
