"""Soft actor-critic in plain JAX: 200 updates in one jitted lax.scan, batches gathered inside the loop.

`redq` has ten critics, targets of two of them drawn for each update, and an actor that ascends the mean of all.
"""

import math
import sys

import jax
import jax.numpy as jnp
from jax_network import adam, adam_start, apply, perceptron
from jax_scan import report_scan
from jax_transitions import replay, values
from shapes import SAC

CRITICS = 10 if "redq" in sys.argv else 2
UPDATES = 200 if CRITICS == 2 else 40


def sample_action(actor, observation, key):
    """Tanh-squashed Gaussian action and its log-probability."""
    mean, log_deviation = jnp.split(apply(actor, observation, jax.nn.relu), 2, axis=1)
    log_deviation = jnp.clip(log_deviation, -20.0, 2.0)
    noise = jax.random.normal(key, mean.shape)
    raw = mean + jnp.exp(log_deviation) * noise
    log_density = -0.5 * noise**2 - log_deviation - 0.5 * math.log(2 * math.pi)
    log_squash = 2.0 * (math.log(2.0) - raw - jax.nn.softplus(-2.0 * raw))
    return jnp.tanh(raw), (log_density - log_squash).sum(axis=1)


def update(data, state, key):
    actor, critics, targets, log_alpha, actor_adam, critic_adam, alpha_adam = state
    key_batch, key_next, key_now, key_subset = jax.random.split(key, 4)
    rows = jax.random.randint(key_batch, (SAC.batch,), 0, SAC.buffer)
    batch = {name: column[rows] for name, column in data.items()}
    alpha = jnp.exp(log_alpha)

    next_action, next_log = sample_action(actor, batch["next"], key_next)
    if CRITICS == 2:
        subset = targets
    else:
        chosen = jax.random.choice(key_subset, CRITICS, (2,), replace=False)
        stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *targets)
        subset = [jax.tree.map(lambda leaf, k=k: leaf[chosen[k]], stacked) for k in range(2)]
    next_value = jnp.minimum(*values(subset, batch["next"], next_action)) - alpha * next_log
    goal = batch["reward"] + SAC.discount * batch["continues"] * next_value

    def critic_loss(critics):
        return 0.5 * sum(jnp.mean((q - goal) ** 2) for q in values(critics, batch["observation"], batch["action"]))

    loss, gradients = jax.value_and_grad(critic_loss)(critics)
    critics, critic_adam = adam(critics, gradients, critic_adam, SAC.learning_rate)

    def actor_loss(actor):
        action, log = sample_action(actor, batch["observation"], key_now)
        judged = values(critics, batch["observation"], action)
        value = jnp.minimum(*judged) if CRITICS == 2 else sum(judged) / CRITICS
        return jnp.mean(alpha * log - value), jnp.mean(log)

    gradients, mean_log = jax.grad(actor_loss, has_aux=True)(actor)
    actor, actor_adam = adam(actor, gradients, actor_adam, SAC.learning_rate)
    log_alpha, alpha_adam = adam(log_alpha, SAC.action - mean_log, alpha_adam, SAC.learning_rate)
    targets = jax.tree.map(lambda slow, fast: slow + SAC.polyak * (fast - slow), targets, critics)
    return (actor, critics, targets, log_alpha, actor_adam, critic_adam, alpha_adam), loss


def main() -> None:
    data = replay()
    keys = jax.random.split(jax.random.key(0), 1 + CRITICS)
    actor = perceptron(keys[0], [SAC.observation, SAC.width, SAC.width, 2 * SAC.action])
    critics = [perceptron(key, [SAC.observation + SAC.action, SAC.width, SAC.width, 1]) for key in keys[1:]]
    log_alpha = jnp.zeros(())
    state = (actor, critics, critics, log_alpha, adam_start(actor), adam_start(critics), adam_start(log_alpha))
    report_scan(lambda s, k: update(data, s, k), state, UPDATES)


main()
