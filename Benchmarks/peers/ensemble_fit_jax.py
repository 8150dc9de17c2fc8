"""One epoch of a bootstrapped Gaussian ensemble in plain JAX: one jitted lax.scan over the batches."""

import jax
import jax.numpy as jnp
import numpy as np
from jax_network import adam, adam_start, gaussian, perceptron
from shapes import FIT
from timing import report

INPUTS, OUTPUTS = FIT.observation + FIT.action, FIT.observation + 1
BATCHES = FIT.transitions // FIT.batch


def data() -> tuple[jax.Array, jax.Array]:
    random = np.random.default_rng(0)
    inputs = random.standard_normal((FIT.transitions, INPUTS))
    targets = np.tanh(0.1 * inputs @ random.standard_normal((INPUTS, OUTPUTS)))
    return jnp.asarray(inputs, dtype=jnp.float32), jnp.asarray(targets, dtype=jnp.float32)


def main() -> None:
    inputs, targets = data()
    center, scale = inputs.mean(axis=0), inputs.std(axis=0)
    layers = [INPUTS] + [FIT.width] * FIT.hidden_layers + [2 * OUTPUTS]
    ensemble = [perceptron(key, layers) for key in jax.random.split(jax.random.key(0), FIT.members)]
    # Each member sees its own sample, drawn with replacement once, in an order that is drawn anew every epoch.
    bootstrap = jax.random.randint(jax.random.key(1), (FIT.members, FIT.transitions), 0, FIT.transitions)

    def step(state, positions):
        ensemble, moments = state
        rows = bootstrap[:, positions]

        def loss(ensemble):
            total = 0.0
            for network, mine in zip(ensemble, rows):
                mean, log_variance = gaussian(network, (inputs[mine] - center) / scale)
                total += jnp.mean((mean - targets[mine]) ** 2 * jnp.exp(-log_variance) + log_variance)
            return total

        value, gradients = jax.value_and_grad(loss)(ensemble)
        return adam(ensemble, gradients, moments, FIT.learning_rate, FIT.weight_decay), value

    @jax.jit
    def epoch(state, key):
        order = jax.random.permutation(key, FIT.transitions)[: BATCHES * FIT.batch]
        return jax.lax.scan(step, state, order.reshape(BATCHES, FIT.batch))

    state, losses = (ensemble, adam_start(ensemble)), []

    def work() -> None:
        nonlocal state
        state, epoch_losses = epoch(state, jax.random.key(len(losses)))
        losses.append(float(epoch_losses[-1]))

    report(work, FIT.members * BATCHES * FIT.batch, "member transitions/s", warmup=1)
    if not losses[-1] < losses[0]:
        raise ArithmeticError(f"the loss did not fall: {losses[0]} to {losses[-1]}")


main()
