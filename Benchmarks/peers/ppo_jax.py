"""PPO in plain JAX: advantages, and all epochs of shuffled minibatches, in one jitted function."""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax_network import adam, adam_start, apply, perceptron
from shapes import ON_POLICY
from timing import report

SHAPE = ON_POLICY
MINIBATCHES = SHAPE.steps // SHAPE.batch


def log_probability(policy, observation, action):
    network, log_deviation = policy
    z = (action - apply(network, observation, jnp.tanh)) * jnp.exp(-log_deviation)
    return (-0.5 * z**2 - log_deviation - 0.5 * math.log(2 * math.pi)).sum(axis=1)


def values(network, observation):
    return apply(network, observation, jnp.tanh)[:, 0]


def advantages(value, after, rewards, continues):
    following = jnp.append(value[1:], after)
    errors = rewards + SHAPE.discount * continues * following - value

    def step(later, now):
        error, goes_on = now
        total = error + SHAPE.discount * SHAPE.trace * goes_on * later
        return total, total

    return jax.lax.scan(step, 0.0, (errors, continues), reverse=True)[1]


def loss(parameters, batch):
    policy, critic = parameters
    advantage = batch["advantage"]
    advantage = (advantage - advantage.mean()) / (advantage.std(ddof=1) + 1e-8)
    ratio = jnp.exp(log_probability(policy, batch["observation"], batch["action"]) - batch["log"])
    clipped = jnp.clip(ratio, 1 - SHAPE.clip, 1 + SHAPE.clip)
    surrogate = -jnp.minimum(ratio * advantage, clipped * advantage).mean()
    return surrogate + SHAPE.value_weight * ((values(critic, batch["observation"]) - batch["goal"]) ** 2).mean()


def minibatch(state, batch):
    parameters, moments = state
    value, gradients = jax.value_and_grad(loss)(parameters, batch)
    norm = jnp.sqrt(sum(jnp.sum(g**2) for g in jax.tree.leaves(gradients)))
    factor = jnp.minimum(1.0, SHAPE.gradient_norm / (norm + 1e-6))
    gradients = jax.tree.map(lambda g: g * factor, gradients)
    return adam(parameters, gradients, moments, SHAPE.learning_rate), value


def update(state, data, key):
    (policy, critic), _ = state
    value = values(critic, data["observation"])
    advantage = advantages(value, values(critic, data["last"])[0], data["reward"], data["continues"])
    rows = {
        "observation": data["observation"], "action": data["action"], "advantage": advantage, "goal": value + advantage,
        "log": log_probability(policy, data["observation"], data["action"]),
    }

    def epoch(state, key):
        order = jax.random.permutation(key, SHAPE.steps).reshape(MINIBATCHES, SHAPE.batch)
        return jax.lax.scan(lambda s, chosen: minibatch(s, {n: c[chosen] for n, c in rows.items()}), state, order)

    return jax.lax.scan(epoch, state, jax.random.split(key, SHAPE.epochs))


def main() -> None:
    random = np.random.default_rng(0)
    data = {name: jnp.asarray(column, dtype=jnp.float32) for name, column in {
        "observation": random.standard_normal((SHAPE.steps, SHAPE.observation)),
        "action": random.standard_normal((SHAPE.steps, SHAPE.action)),
        "reward": random.standard_normal(SHAPE.steps),
        "continues": random.random(SHAPE.steps) > 0.01,
        "last": random.standard_normal((1, SHAPE.observation)),
    }.items()}
    keys = jax.random.split(jax.random.key(0), 2)
    policy = perceptron(keys[0], [SHAPE.observation, SHAPE.width, SHAPE.width, SHAPE.action]), jnp.zeros(SHAPE.action)
    critic = perceptron(keys[1], [SHAPE.observation, SHAPE.width, SHAPE.width, 1])
    parameters = policy, critic
    state, calls, jitted = (parameters, adam_start(parameters)), 0, jax.jit(update)

    def work() -> None:
        nonlocal state, calls
        state, losses = jitted(state, data, jax.random.key(calls))
        calls += 1
        if not math.isfinite(losses[-1, -1]):
            raise ArithmeticError("the loss is not finite")

    report(work, 1, "updates/s")


main()
