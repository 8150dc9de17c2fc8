"""Marginal likelihoods and predictions of scikit-learn's Gaussian process regression, and how long its fits take.

    pip install scikit-learn==1.9.1
    python Benchmarks/peers/gaussian_process_sklearn.py > Tests/ModelsTests/Fixtures/gaussian_process.json
    OPENBLAS_NUM_THREADS=1 python Benchmarks/peers/gaussian_process_sklearn.py --fit 1000 --outputs 4

The first writes cases for tests to compare ours with; the second prints the seconds of a fit of that many points, the same
as `foresight-bench gp-fit` makes. scikit-learn searches until it converges.
"""

import argparse
import json
import time

import numpy as np
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel


def case(random: np.random.Generator, points: int, parameters: list[float]) -> dict:
    """`parameters`: log lengths, log standard deviations of signal and noise."""
    lengths, (signal, noise) = parameters[:-2], parameters[-2:]
    x = random.standard_normal((points, len(lengths)))
    y = np.sin(x).sum(axis=1) + 0.1 * random.standard_normal(points)
    kernel = ConstantKernel(np.exp(2 * signal)) * RBF(np.exp(lengths)) + WhiteKernel(np.exp(2 * noise))
    process = GaussianProcessRegressor(kernel, alpha=0, optimizer=None).fit(x, y)
    # scikit-learn's parameters: logarithms of the signal's variance, of the lengths, of the noise's variance
    value, slopes = process.log_marginal_likelihood(kernel.theta, eval_gradient=True)
    tests = random.standard_normal((5, len(lengths)))
    means, deviations = process.predict(tests, return_std=True)
    return {
        "x": x.ravel().tolist(),
        "y": y.tolist(),
        "parameters": parameters,
        "evidence": value,
        "gradient": [*slopes[1:-1], 2 * slopes[0], 2 * slopes[-1]],
        "tests": tests.ravel().tolist(),
        "means": means.tolist(),
        "deviations": deviations.tolist(),
    }


def weyl(points: int, width: int) -> np.ndarray:
    primes = np.array([2, 3, 5, 7, 11, 13, 17, 19])[:width]
    return np.modf(np.arange(1, points + 1)[:, None] * np.sqrt(primes))[0]


def fit(points: int, outputs: int) -> None:
    x = 4 * weyl(points, 5) - 2
    noise = np.modf(np.arange(1, points + 1) * np.sqrt(97))[0] - 0.5
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    seconds, processor, evidence = 0.0, 0.0, []
    for output in range(outputs):
        y = np.sin(x[:, output % 5]) * x[:, (output + 1) % 5] + np.cos(x[:, (output + 2) % 5]) + 0.1 * noise
        y = (y - y.mean()) / y.std()
        kernel = ConstantKernel(1.0) * RBF(np.ones(5)) + WhiteKernel(0.01)
        start, busy = time.perf_counter(), time.process_time()
        process = GaussianProcessRegressor(kernel, alpha=0).fit(x, y)
        seconds += time.perf_counter() - start
        processor += time.process_time() - busy
        evidence.append(round(float(process.log_marginal_likelihood_value_), 3))
    print(f"{seconds:.3f} s, {processor:.3f} s of a processor: {outputs} outputs of {points} points, evidence {evidence}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--fit", type=int)
    parser.add_argument("--outputs", type=int, default=4)
    arguments = parser.parse_args()
    if arguments.fit:
        return fit(arguments.fit, arguments.outputs)
    random = np.random.default_rng(0)
    cases = [
        case(random, 1, [0.0, 0.0, -1.0]),
        case(random, 30, [0.1, -0.4, 0.3, 0.2, -1.5]),
        case(random, 70, [0.8, 0.5, 1.2, -0.3, 0.7, 0.4, -2.3]),
    ]
    print(json.dumps(cases))
    return None


if __name__ == "__main__":
    main()
