"""Local models and their update as a textbook writes them, in numpy: local_models.py IN OUT, both JSON.

IN has, under `regression`, rows and a Gaussian mixture, and under `update` linear dynamics, a quadratic cost, a controller
and a multiplier; OUT gets the conditionals and the next controller. The tests compare Foresight's with them.
"""

import json
import sys

import numpy as np


def standardization(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of every column; a deviation of 1 where there is none."""
    mean, deviation = rows.mean(axis=0), rows.std(axis=0)
    return mean, np.where(deviation > 1e-9 * np.abs(mean) + 1e-12, deviation, 1.0)


def responsibilities(x: np.ndarray, weights: np.ndarray, means: np.ndarray, covariances: np.ndarray) -> np.ndarray:
    """[N, K] for points [N, D]."""
    logs = np.empty((len(x), len(weights)))
    for k, (weight, mean, covariance) in enumerate(zip(weights, means, covariances)):
        left = x - mean
        distance = np.einsum("ni,ni->n", left @ np.linalg.inv(covariance), left)
        logs[:, k] = np.log(weight) - (distance + np.linalg.slogdet(2 * np.pi * covariance)[1]) / 2
    logs -= logs.max(axis=1, keepdims=True)
    shares = np.exp(logs)
    return shares / shares.sum(axis=1, keepdims=True)


def conditionals(task: dict) -> dict:
    """y | z at every time, by a normal-inverse-Wishart prior from a mixture in standardized coordinates."""
    times, count, inputs, outputs = (task[name] for name in ("times", "count", "inputs", "outputs"))
    d = inputs + outputs
    rows = np.array(task["rows"]).reshape(times, count, d)
    center, scale = standardization(rows.reshape(-1, d))
    points = (rows - center) / scale
    weights = np.array(task["weights"])
    means, covariances = np.array(task["means"]).reshape(-1, d), np.array(task["covariances"]).reshape(-1, d, d)
    matrices, offsets, noises = [], [], []
    for x in points:
        shares = responsibilities(x, weights, means, covariances).mean(axis=0)
        prior_mean = shares @ means
        left = means - prior_mean
        prior = np.einsum("k,kij->ij", shares, covariances + left[:, :, None] * left[:, None, :])
        strength = min(task["strength"], shares @ np.array(task["counts"]))
        # the posterior mean of the covariance, with kappa_0 = n_0 = strength
        mean = x.mean(axis=0)
        shift = mean - prior_mean
        scatter = (x - mean).T @ (x - mean)
        joint = strength * prior + scatter + strength * count / (strength + count) * np.outer(shift, shift)
        joint /= strength + count
        zz = joint[:inputs, :inputs] + task["regularization"] * np.eye(inputs)
        slope = np.linalg.solve(zz, joint[:inputs, inputs:]).T
        noise = joint[inputs:, inputs:] - slope @ joint[:inputs, inputs:]
        slope = scale[inputs:, None] * slope / scale[:inputs]
        matrices.append(slope)
        offsets.append(center[inputs:] + scale[inputs:] * mean[inputs:]
                       - slope @ (center[:inputs] + scale[:inputs] * mean[:inputs]))
        noises.append(noise * np.outer(scale[inputs:], scale[inputs:]))
    return {"matrices": np.ravel(matrices).tolist(), "offsets": np.ravel(offsets).tolist(),
            "covariances": np.ravel(noises).tolist()}


def update(task: dict) -> dict:
    """The maximum-entropy controller of the surrogate cost l / eta - log p, and its divergence from p along its course."""
    T, n, m, eta = (task[name] for name in ("horizon", "states", "actions", "eta"))

    def array(name: str, *shape: int) -> np.ndarray:
        return np.array(task[name]).reshape(shape)

    A, B, c, W = (array("a", T, n, n), array("b", T, n, m), array("c", T, n), array("w", T, n, n))
    q, r = array("q", T + 1, n), array("r", T + 1, m)
    Q, P, R = array("xx", T + 1, n, n), array("ux", T + 1, m, n), array("uu", T + 1, m, m)
    K0, k0, C0 = array("gains", T, m, n), array("offsets", T, m), array("covariances", T, m, m)
    V, v = Q[T] / eta, q[T] / eta
    K, k, C = np.empty((T, m, n)), np.empty((T, m)), np.empty((T, m, m))
    for t in range(T - 1, -1, -1):
        S = np.linalg.inv(C0[t])
        F = np.concatenate([A[t], B[t]], axis=1)
        D = np.concatenate([-K0[t], np.eye(m)], axis=1)  # u - K x = D (x, u)
        H = np.block([[Q[t], P[t].T], [P[t], R[t]]]) / eta + D.T @ S @ D + F.T @ V @ F
        h = np.concatenate([q[t], r[t]]) / eta - D.T @ S @ k0[t] + F.T @ (V @ c[t] + v)
        C[t] = np.linalg.inv(H[n:, n:])
        K[t], k[t] = -C[t] @ H[n:, :n], -C[t] @ h[n:]
        V, v = H[:n, :n] + H[:n, n:] @ K[t], h[:n] + H[:n, n:] @ k[t]
    mean, covariance, divergence = array("mean", n), array("covariance", n, n), 0.0
    for t in range(T):
        S, dK = np.linalg.inv(C0[t]), K[t] - K0[t]
        shift = dK @ mean + k[t] - k0[t]
        divergence += (np.trace(S @ C[t]) - m + np.linalg.slogdet(C0[t])[1] - np.linalg.slogdet(C[t])[1]
                       + shift @ S @ shift + np.trace(dK.T @ S @ dK @ covariance)) / 2
        closed = A[t] + B[t] @ K[t]
        mean = closed @ mean + B[t] @ k[t] + c[t]
        covariance = closed @ covariance @ closed.T + B[t] @ C[t] @ B[t].T + W[t]
    return {"gains": K.ravel().tolist(), "offsets": k.ravel().tolist(), "covariances": C.ravel().tolist(),
            "divergence": float(divergence)}


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        tasks = json.load(file)
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        json.dump({"regression": conditionals(tasks["regression"]), "update": update(tasks["update"])}, file)


if __name__ == "__main__":
    main()
