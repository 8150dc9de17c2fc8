"""The linear-quadratic problem of the ilqr-iteration case, and the plain recursion that solves it."""

import numpy as np
from shapes import ILQR

T, N, M = ILQR.horizon, ILQR.state, ILQR.action


def problem() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """F [T, N, N + M], f [T, N], C [T, N + M, N + M], c [T, N + M]: x' = F (x, u) + f, cost (x, u)'C(x, u) / 2 + c'(x, u)."""
    random = np.random.default_rng(0)
    a = np.eye(N) + 0.02 * random.standard_normal((T, N, N))
    b = 0.1 * random.standard_normal((T, N, M))
    root = 0.1 * random.standard_normal((T, N + M, N + M))
    curvature = root @ root.transpose(0, 2, 1) + np.eye(N + M)
    return (np.concatenate([a, b], axis=2), 0.01 * random.standard_normal((T, N)), curvature,
            0.1 * random.standard_normal((T, N + M)))


def solve(F, f, C, c, start):
    """States, actions and gains by the recursion as a textbook writes it."""
    V, v = np.zeros((N, N)), np.zeros(N)
    K, k = np.empty((T, M, N)), np.empty((T, M))
    for t in range(T - 1, -1, -1):
        Q = C[t] + F[t].T @ V @ F[t]
        q = c[t] + F[t].T @ (V @ f[t] + v)
        solution = np.linalg.solve(Q[N:, N:], np.concatenate([Q[N:, :N], q[N:, None]], axis=1))
        K[t], k[t] = -solution[:, :-1], -solution[:, -1]
        V = Q[:N, :N] + Q[N:, :N].T @ K[t]
        V = (V + V.T) / 2
        v = q[:N] + Q[N:, :N].T @ k[t]
    x, u = np.empty((T + 1, N)), np.empty((T, M))
    x[0] = start
    for t in range(T):
        u[t] = K[t] @ x[t] + k[t]
        x[t + 1] = F[t] @ np.concatenate([x[t], u[t]]) + f[t]
    return x, u, K, k
