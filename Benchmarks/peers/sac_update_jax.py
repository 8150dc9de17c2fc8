"""Soft actor-critic in plain JAX: 200 updates in one jitted lax.scan, batches gathered inside the loop."""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax_network import adam, adam_start, apply, perceptron
from shapes import SAC
from timing import report

UPDATES = 200


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


def sample_action(actor, observation, key):
    """Tanh-squashed Gaussian action and its log-probability."""
    mean, log_deviation = jnp.split(apply(actor, observation, jax.nn.relu), 2, axis=1)
    log_deviation = jnp.clip(log_deviation, -20.0, 2.0)
    noise = jax.random.normal(key, mean.shape)
    raw = mean + jnp.exp(log_deviation) * noise
    log_density = -0.5 * noise**2 - log_deviation - 0.5 * math.log(2 * math.pi)
    log_squash = 2.0 * (math.log(2.0) - raw - jax.nn.softplus(-2.0 * raw))
    return jnp.tanh(raw), (log_density - log_squash).sum(axis=1)


def values(critics, observation, action):
    inputs = jnp.concatenate([observation, action], axis=1)
    return [apply(critic, inputs, jax.nn.relu)[:, 0] for critic in critics]


def update(data, state, key):
    actor, critics, targets, log_alpha, actor_adam, critic_adam, alpha_adam = state
    key_batch, key_next, key_now = jax.random.split(key, 3)
    rows = jax.random.randint(key_batch, (SAC.batch,), 0, SAC.buffer)
    batch = {name: column[rows] for name, column in data.items()}
    alpha = jnp.exp(log_alpha)

    next_action, next_log = sample_action(actor, batch["next"], key_next)
    next_value = jnp.minimum(*values(targets, batch["next"], next_action)) - alpha * next_log
    goal = batch["reward"] + SAC.discount * batch["continues"] * next_value

    def critic_loss(critics):
        return 0.5 * sum(jnp.mean((q - goal) ** 2) for q in values(critics, batch["observation"], batch["action"]))

    loss, gradients = jax.value_and_grad(critic_loss)(critics)
    critics, critic_adam = adam(critics, gradients, critic_adam, SAC.learning_rate)

    def actor_loss(actor):
        action, log = sample_action(actor, batch["observation"], key_now)
        return jnp.mean(alpha * log - jnp.minimum(*values(critics, batch["observation"], action))), jnp.mean(log)

    gradients, mean_log = jax.grad(actor_loss, has_aux=True)(actor)
    actor, actor_adam = adam(actor, gradients, actor_adam, SAC.learning_rate)
    log_alpha, alpha_adam = adam(log_alpha, SAC.action - mean_log, alpha_adam, SAC.learning_rate)
    targets = jax.tree.map(lambda slow, fast: slow + SAC.polyak * (fast - slow), targets, critics)
    return (actor, critics, targets, log_alpha, actor_adam, critic_adam, alpha_adam), loss


def main() -> None:
    data = replay()
    keys = jax.random.split(jax.random.key(0), 3)
    actor = perceptron(keys[0], [SAC.observation, SAC.width, SAC.width, 2 * SAC.action])
    critics = [perceptron(key, [SAC.observation + SAC.action, SAC.width, SAC.width, 1]) for key in keys[1:]]
    log_alpha = jnp.zeros(())
    state = (actor, critics, critics, log_alpha, adam_start(actor), adam_start(critics), adam_start(log_alpha))
    many = jax.jit(lambda state, key: jax.lax.scan(lambda s, k: update(data, s, k), state, jax.random.split(key, UPDATES)))
    calls = 0

    def work() -> None:
        nonlocal state, calls
        state, losses = many(state, jax.random.key(calls))
        calls += 1
        if not math.isfinite(losses[-1]):
            raise ArithmeticError("the critics' loss is not finite")

    report(work, UPDATES, "updates/s")


main()
