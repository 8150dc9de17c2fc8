"""One decision of PETS in plain JAX, one jitted call: pets_plan_jax.py cartpole|halfcheetah.

Only the elites are built: the members that do not plan cost nothing.
"""

import math
import sys

import jax
import jax.numpy as jnp
import numpy as np
from jax_network import gaussian, perceptron
from shapes import PLANS, PlanShape
from timing import report


def cartpole(state, action):
    """Reward and whether the episode goes on."""
    upright = (jnp.abs(state[:, 0]) < 2.4) & (jnp.abs(state[:, 2]) < 0.2095)
    return upright.astype(jnp.float32), upright


def halfcheetah(state, action):
    return state[:, 0] - 0.1 * jnp.sum(action**2, axis=1), jnp.ones(len(state), dtype=bool)


def make_decision(shape: PlanShape, objective):
    """A jitted function: networks, observation, warm start [horizon, action], key -> better plan."""
    rows = shape.population * shape.particles
    best = math.ceil(shape.elite_ratio * shape.population)

    def imagine(networks, observation, plans, key):
        """Mean return over particles [population] of plans [population, horizon, action]."""

        def advance(carry, step):
            state, alive, total = carry
            actions, key = step
            key_deal, key_noise = jax.random.split(key)
            actions = jnp.repeat(actions, shape.particles, axis=0)
            # TS1: every step deals each member an equal share of the particles at random.
            deal = jax.random.permutation(key_deal, rows)
            shares = jnp.split(jnp.concatenate([state, actions], axis=1)[deal], shape.elites)
            predictions = [gaussian(network, share) for network, share in zip(networks, shares)]
            mean, log_variance = (jnp.concatenate(part) for part in zip(*predictions))
            change = mean + jnp.exp(0.5 * log_variance) * jax.random.normal(key_noise, mean.shape)
            state = state.at[deal].add(change)
            reward, goes_on = objective(state, actions)
            return (state, alive & goes_on, total + jnp.where(alive, reward, 0.0)), None

        start = (jnp.tile(observation, (rows, 1)), jnp.ones(rows, dtype=bool), jnp.zeros(rows))
        steps = (plans.swapaxes(0, 1), jax.random.split(key, shape.horizon))
        (_, _, total), _ = jax.lax.scan(advance, start, steps)
        return total.reshape(shape.population, shape.particles).mean(axis=1)

    @jax.jit
    def decide(networks, observation, warm_start, key):
        def refine(carry, key):
            mean, variance = carry
            key_plans, key_particles = jax.random.split(key)
            room = jnp.minimum(mean + 1.0, 1.0 - mean) / 2  # two deviations stay within [-1, 1]
            deviation = jnp.sqrt(jnp.minimum(room**2, variance))
            noise = jax.random.truncated_normal(key_plans, -2.0, 2.0, (shape.population, *mean.shape))
            plans = mean + deviation * noise
            _, chosen = jax.lax.top_k(imagine(networks, observation, plans, key_particles), best)
            keep = shape.momentum
            mean = keep * mean + (1 - keep) * plans[chosen].mean(axis=0)
            return (mean, keep * variance + (1 - keep) * plans[chosen].var(axis=0)), None

        spread = jnp.full_like(warm_start, 0.25)
        (mean, _), _ = jax.lax.scan(refine, (warm_start, spread), jax.random.split(key, shape.iterations))
        return mean

    return decide


def main() -> None:
    shape = PLANS[sys.argv[1]]
    layers = [shape.observation + shape.action] + [shape.width] * shape.hidden_layers + [2 * shape.observation]
    networks = [perceptron(key, layers) for key in jax.random.split(jax.random.key(0), shape.elites)]
    decide = make_decision(shape, {"cartpole": cartpole, "halfcheetah": halfcheetah}[sys.argv[1]])
    observation, plan, calls = jnp.zeros(shape.observation), jnp.zeros((shape.horizon, shape.action)), 0

    def work() -> None:
        nonlocal plan, calls
        warm_start = jnp.concatenate([plan[1:], jnp.zeros((1, shape.action))])
        plan = jax.block_until_ready(decide(networks, observation, warm_start, jax.random.key(calls)))
        calls += 1

    report(work, shape.transitions, "model transitions/s")
    if not np.isfinite(np.asarray(plan)).all():
        raise ArithmeticError("the plan is not finite")


main()
