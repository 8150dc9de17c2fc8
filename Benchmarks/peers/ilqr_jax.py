"""Linear-quadratic control in JAX: one jitted function, a lax.scan backward and one forward, in double precision."""

import jax

jax.config.update("jax_enable_x64", True)

import jax.numpy as jnp
import numpy as np
from ilqr_problem import M, N, problem, solve
from timing import report


@jax.jit
def passes(F, f, C, c, start):
    def backward(carry, row):
        V, v = carry
        F, f, C, c = row
        Q = C + F.T @ V @ F
        q = c + F.T @ (V @ f + v)
        factor = jax.scipy.linalg.cho_factor(Q[N:, N:])
        solution = -jax.scipy.linalg.cho_solve(factor, jnp.concatenate([Q[N:, :N], q[N:, None]], axis=1))
        K, k = solution[:, :-1], solution[:, -1]
        V = Q[:N, :N] + Q[N:, :N].T @ K
        return ((V + V.T) / 2, q[:N] + Q[N:, :N].T @ k), (K, k)

    def forward(x, row):
        F, f, K, k = row
        u = K @ x + k
        return F @ jnp.concatenate([x, u]) + f, (x, u)

    _, (K, k) = jax.lax.scan(backward, (jnp.zeros((N, N)), jnp.zeros(N)), (F, f, C, c), reverse=True)
    last, (states, actions) = jax.lax.scan(forward, start, (F, f, K, k))
    return states, actions, last


def main() -> None:
    data, start = [jnp.asarray(part) for part in problem()], jnp.ones(N)
    actions, expected = np.asarray(passes(*data, start)[1]), solve(*problem(), np.ones(N))[1]
    if actions.shape[1] != M or not np.allclose(actions, expected, atol=1e-8):
        raise ArithmeticError("the actions are not those of the plain recursion")
    report(lambda: jax.block_until_ready(passes(*data, start)), 1, "passes/s")


main()
