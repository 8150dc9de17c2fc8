"""Stabilizing solutions of discrete Riccati equations by SciPy: riccati.py IN OUT, both JSON."""

import json
import sys

import numpy as np
from scipy.linalg import solve_discrete_are


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        problems = json.load(file)
    answers = []
    for problem in problems:
        n, m = problem["states"], problem["actions"]
        shapes = {"a": (n, n), "b": (n, m), "q": (n, n), "r": (m, m), "s": (n, m)}
        a, b, q, r, s = (np.array(problem[name]).reshape(shape) for name, shape in shapes.items())
        p = solve_discrete_are(a, b, q, r, s=s)
        k = np.linalg.solve(r + b.T @ p @ b, b.T @ p @ a + s.T)
        answers.append({"p": p.ravel().tolist(), "k": k.ravel().tolist()})
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        json.dump(answers, file)


main()
