"""MBPO's branched rollouts in plain JAX: one jitted call from 100,000 drawn states to their transitions.

Only the elites are built: the members that do not predict cost nothing. The transitions stay on JAX's side; writing them
to a buffer is left out.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax_network import apply, gaussian, perceptron
from shapes import ROLLOUT
from timing import report


def make_rollout():
    """A jitted function: networks, actor, states to start from [transitions, observation], key -> transitions."""

    def advance(networks, actor, state, key):
        key_action, key_deal, key_noise = jax.random.split(key, 3)
        mean, log_deviation = jnp.split(apply(actor, state, jax.nn.relu), 2, axis=1)
        noise = jax.random.normal(key_action, mean.shape)
        action = jnp.tanh(mean + jnp.exp(jnp.clip(log_deviation, -20.0, 2.0)) * noise)
        # TS1: deals each member an equal share of the states at random.
        deal = jax.random.permutation(key_deal, ROLLOUT.starts)
        shares = jnp.split(jnp.concatenate([state, action], axis=1)[deal], ROLLOUT.elites)
        predictions = [gaussian(network, share) for network, share in zip(networks, shares)]
        mean, log_variance = (jnp.concatenate(part) for part in zip(*predictions))
        drawn = mean + jnp.exp(0.5 * log_variance) * jax.random.normal(key_noise, mean.shape)
        drawn = jnp.zeros_like(drawn).at[deal].set(drawn)
        return state, action, drawn[:, -1], state + drawn[:, :-1]

    @jax.jit
    def rollout(networks, actor, states, key):
        key_starts, key = jax.random.split(key)
        start = states[jax.random.randint(key_starts, (ROLLOUT.starts,), 0, ROLLOUT.transitions)]

        def step(state, key):
            transition = advance(networks, actor, state, key)
            return transition[-1], transition

        return jax.lax.scan(step, start, jax.random.split(key, ROLLOUT.steps))[1]

    return rollout


def main() -> None:
    inputs, outputs = ROLLOUT.observation + ROLLOUT.action, ROLLOUT.observation + 1
    layers = [inputs] + [ROLLOUT.width] * ROLLOUT.hidden_layers + [2 * outputs]
    networks = [perceptron(key, layers) for key in jax.random.split(jax.random.key(0), ROLLOUT.elites)]
    actor = perceptron(
        jax.random.key(1), [ROLLOUT.observation, ROLLOUT.policy_width, ROLLOUT.policy_width, 2 * ROLLOUT.action])
    states = jax.random.normal(jax.random.key(2), (ROLLOUT.transitions, ROLLOUT.observation))
    rollout, calls, last = make_rollout(), 0, None

    def work() -> None:
        nonlocal calls, last
        last = jax.block_until_ready(rollout(networks, actor, states, jax.random.key(calls)))
        calls += 1

    report(work, ROLLOUT.starts * ROLLOUT.steps, "model transitions/s")
    if not all(np.isfinite(np.asarray(part)).all() for part in last):
        raise ArithmeticError("imagined states are not finite")


main()
