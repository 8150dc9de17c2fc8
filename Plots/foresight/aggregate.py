"""Statistics over several tasks, of normalised scores: 0 is a random policy and 1 a reference (see scores.py).

The definitions are those of Agarwal et al., "Deep reinforcement learning at the edge of the statistical precipice" (2021), and
equal rliable's, which the tests compare with. They are computed here, over all resamples at once, because rliable draws from
NumPy's global generator whatever random state it is given, which would make every figure differ from the last, and calls a
statistic once for every resample.

`scores` is a list with one array [seeds] a task; the numbers of seeds may differ.
"""

from dataclasses import dataclass

import numpy as np

from .intervals import percentile_interval, stratified_estimates
from .statistics import interquartile_mean

METRICS = {"iqm": "IQM", "median": "median", "mean": "mean", "optimality_gap": "optimality gap"}


@dataclass(frozen=True)
class Estimate:
    """A number and its bootstrap interval."""

    value: float
    low: float
    high: float


def aggregates(scores: list[np.ndarray]) -> dict[str, Estimate]:
    """Interquartile mean over all runs, median and mean of the tasks' means, and optimality gap, with intervals.

    The optimality gap is how far the runs stay below 1 on average, a score above 1 counting as 1.
    """
    values = _aggregates([task[None] for task in scores])[0]
    low, high = percentile_interval(stratified_estimates(scores, _aggregates))
    return {name: Estimate(*map(float, numbers)) for name, *numbers in zip(METRICS, values, low, high)}


def _aggregates(tasks: list[np.ndarray]) -> np.ndarray:
    """[resamples, 4] from arrays [resamples, seeds]."""
    runs = np.concatenate(tasks, axis=1)
    means = np.stack([task.mean(axis=1) for task in tasks], axis=1)
    # every task weighs the same, however many seeds it has
    gaps = np.stack([(1 - np.minimum(task, 1)).mean(axis=1) for task in tasks], axis=1)
    return np.stack([interquartile_mean(runs, axis=1), np.median(means, axis=1), means.mean(axis=1), gaps.mean(axis=1)], axis=1)


def performance_profile(scores: list[np.ndarray], levels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of the runs whose score is above each level: [levels], and its interval [2, levels].

    Each task weighs the same.
    """
    def share(tasks: list[np.ndarray]) -> np.ndarray:
        return np.mean([(task[:, :, None] > levels).mean(axis=1) for task in tasks], axis=0)
    value = share([task[None] for task in scores])[0]
    return value, percentile_interval(stratified_estimates(scores, share, resamples=2000, block=100))


def probability_of_improvement(first: list[np.ndarray], second: list[np.ndarray]) -> Estimate:
    """Probability that a run of `first` has a higher score than one of `second` in a task drawn at random; ties count half.

    In one task it is the Mann-Whitney statistic U over the number of pairs.
    """
    def probability(tasks: list[np.ndarray]) -> np.ndarray:
        half = len(tasks) // 2
        pairs = [x[:, :, None] - y[:, None, :] for x, y in zip(tasks[:half], tasks[half:])]
        return np.mean([((pair > 0) + 0.5 * (pair == 0)).mean(axis=(1, 2)) for pair in pairs], axis=0)
    both = [*first, *second]
    low, high = percentile_interval(stratified_estimates(both, probability, resamples=2000))
    return Estimate(float(probability([task[None] for task in both])[0]), float(low), float(high))


def efficiency_curve(curves: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Interquartile mean of normalised scores over all runs at each point: [points], and its interval [2, points].

    `curves` has one array [seeds, points] a task. Whole curves are drawn.
    """
    def middle(tasks: list[np.ndarray]) -> np.ndarray:
        return interquartile_mean(np.concatenate(tasks, axis=1), axis=1)
    value = middle([task[None] for task in curves])[0]
    return value, percentile_interval(stratified_estimates(curves, middle, resamples=2000, block=100))
