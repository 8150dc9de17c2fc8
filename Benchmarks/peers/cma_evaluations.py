"""Writes how many evaluations the `cma` package takes on known functions, for Foresight's tests of its CMA-ES.

    .venv/bin/pip install cma==4.5.0
    .venv/bin/python cma_evaluations.py ../../Tests/KernelsTests/Fixtures/cma.json

Both search the box [-1, 1]^n from its middle with a step size of 0.3 and the standard population; counted is the median
over 15 seeds of the evaluations until a value below 1e-9.
"""

import json
import pathlib
import statistics
import sys

import cma
import numpy as np


def sphere(x):
    return float(np.sum((np.asarray(x) - 0.4) ** 2))


def ellipsoid(x):
    z = np.asarray(x) + 0.3
    return float(np.sum(1e4 ** (np.arange(len(z)) / max(len(z) - 1, 1)) * z * z))


def rosenbrock(x):
    """Of 2 x, its least value at 0.5."""
    z = 2 * np.asarray(x)
    return float(np.sum(100 * (z[1:] - z[:-1] ** 2) ** 2 + (1 - z[:-1]) ** 2))


def corner(x):
    """Grows away from the corner of ones."""
    return float(np.sum(1 - np.asarray(x)))


def evaluations(function, size, seed, target):
    options = {"bounds": [-1, 1], "ftarget": target, "seed": seed, "verbose": -9, "maxfevals": 100_000}
    search = cma.CMAEvolutionStrategy(size * [0], 0.3, options)
    search.optimize(function)
    return search.result.evaluations if search.result.fbest < target else None


def main():
    result = []
    for name, function, sizes in [
            ("sphere", sphere, [2, 5, 10]), ("ellipsoid", ellipsoid, [5]), ("rosenbrock", rosenbrock, [2, 5]),
            ("corner", corner, [5])]:
        for size in sizes:
            target = 1e-4 if name == "corner" else 1e-9
            counts = [evaluations(function, size, seed, target) for seed in range(1, 16)]
            reached = [count for count in counts if count is not None]
            result.append({
                "function": name, "size": size, "target": target, "median": statistics.median(reached),
                "reached": len(reached)})
            print(result[-1])
    pathlib.Path(sys.argv[1]).write_text(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
