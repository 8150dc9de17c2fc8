"""Perceptrons and Adam in plain JAX. Networks are lists of (weight, bias).

Ensembles are Python lists of networks: XLA's CPU backend multiplies separate matrices faster than one batched stack.
"""

import jax
import jax.numpy as jnp


def perceptron(key: jax.Array, sizes: list[int]) -> list[tuple[jax.Array, jax.Array]]:
    layers = []
    for fan_in, fan_out, subkey in zip(sizes, sizes[1:], jax.random.split(key, len(sizes) - 1)):
        weight = jax.random.truncated_normal(subkey, -2.0, 2.0, (fan_in, fan_out)) / (2 * fan_in**0.5)
        layers.append((weight, jnp.zeros(fan_out)))
    return layers


def apply(network, inputs: jax.Array, activation) -> jax.Array:
    *hidden, (weight, bias) = network
    for hidden_weight, hidden_bias in hidden:
        inputs = activation(inputs @ hidden_weight + hidden_bias)
    return inputs @ weight + bias


def gaussian(network, inputs: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Mean and log-variance, the latter kept softly within [-10, 0.5]."""
    mean, log_variance = jnp.split(apply(network, inputs, jax.nn.silu), 2, axis=1)
    log_variance = 0.5 - jax.nn.softplus(0.5 - log_variance)
    return mean, jax.nn.softplus(log_variance + 10.0) - 10.0


def adam_start(parameters):
    """First moments, second moments, step."""
    zeros = jax.tree.map(jnp.zeros_like, parameters)
    return zeros, zeros, jnp.zeros(())


def adam(parameters, gradients, state, rate: float, decay: float = 0.0):
    """One step of Adam, with the classic (not decoupled) weight decay that PyTorch's Adam has."""
    first, second, step = state
    step += 1
    if decay:
        gradients = jax.tree.map(lambda gradient, value: gradient + decay * value, gradients, parameters)
    first = jax.tree.map(lambda moment, gradient: 0.9 * moment + 0.1 * gradient, first, gradients)
    second = jax.tree.map(lambda moment, gradient: 0.999 * moment + 0.001 * gradient**2, second, gradients)
    rate = rate * jnp.sqrt(1 - 0.999**step) / (1 - 0.9**step)
    moved = jax.tree.map(lambda value, m, v: value - rate * m / (jnp.sqrt(v) + 1e-8), parameters, first, second)
    return moved, (first, second, step)
