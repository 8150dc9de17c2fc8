"""R² of scikit-learn's extremely randomized trees on the regression sets of Tests/LearnersTests/ExtraTreesTests.swift.

    pip install scikit-learn==1.9.1
    python Benchmarks/peers/extra_trees_sklearn.py

Prints, for each set and setting, the mean over 20 seeds on 400 unseen points after 400 seen ones. The sets are points of Weyl
sequences, frac((i + 1) sqrt(prime j)), which any language can compute alike.
"""

import numpy as np
from sklearn.ensemble import ExtraTreesRegressor

PRIMES = np.array([2, 3, 5, 7, 11, 13, 17, 19, 23, 29])


def points(size: int) -> np.ndarray:
    return np.modf(np.arange(1, 801)[:, None] * np.sqrt(PRIMES[:size]))[0]


def friedman(x: np.ndarray) -> np.ndarray:
    return 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2 + 10 * x[:, 3] + 5 * x[:, 4]


def checkers(x: np.ndarray) -> np.ndarray:
    noise = np.modf(np.arange(1, 801) * np.sqrt(97))[0] - 0.5
    return np.where((x[:, 0] > 0.5) != (x[:, 1] > 0.3), 1.0, -1.0) + noise


def waves(x: np.ndarray) -> np.ndarray:
    return np.sin(6 * x[:, 0]) + np.cos(4 * x[:, 1]) * x[:, 2]


def main() -> None:
    sets = {"friedman": (10, friedman), "checkers": (2, checkers), "waves": (3, waves)}
    for name, (size, target) in sets.items():
        x = points(size)
        y = target(x)
        for trees, candidates, split, leaf in ((100, size, 2, 1), (50, size, 5, 2), (50, 1, 10, 1)):
            scores = [
                ExtraTreesRegressor(
                    trees, max_features=candidates, min_samples_split=split, min_samples_leaf=leaf, random_state=seed
                ).fit(x[:400], y[:400]).score(x[400:], y[400:])
                for seed in range(20)
            ]
            print(f"{name} trees={trees} candidates={candidates} split={split} leaf={leaf}: "
                  f"{np.mean(scores):.4f} +- {np.std(scores):.4f}")


if __name__ == "__main__":
    main()
