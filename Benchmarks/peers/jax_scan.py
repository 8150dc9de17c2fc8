"""Times updates in JAX, many in one jitted lax.scan."""

import math
from collections.abc import Callable

import jax
from timing import report


def report_scan(step: Callable, state, updates: int, of_step: int = 1) -> None:
    """Prints the rate of `step(state, key) -> (state, loss)`, which makes `of_step` updates, `updates` of them in a call."""
    many = jax.jit(lambda state, key: jax.lax.scan(step, state, jax.random.split(key, updates // of_step)))
    calls = 0

    def work() -> None:
        nonlocal state, calls
        state, losses = many(state, jax.random.key(calls))
        calls += 1
        if not math.isfinite(losses[-1]):
            raise ArithmeticError("the loss is not finite")

    report(work, updates, "updates/s")
