"""Summaries over seeds.

The interquartile mean and its percentile bootstrap are those of Agarwal et al., "Deep reinforcement learning at the
edge of the statistical precipice" (2021), and of their package rliable, which the tests compare with. They are
computed here because rliable draws from NumPy's global generator whatever random state it is given, which would make
every figure differ from the last, and calls the statistic once for every resample in Python.
"""

import math

import numpy as np

RESAMPLES = 5000
LEVEL = 0.95
_SEED = 20240229


def interquartile_mean(scores: np.ndarray, axis: int = 0) -> np.ndarray:
    """Mean of what is left after a quarter of the values (rounded down) is cut off at each end of `axis`."""
    scores = np.sort(np.asarray(scores, dtype=float), axis=axis)
    count = scores.shape[axis]
    cut = count // 4
    return np.take(scores, range(cut, count - cut), axis=axis).mean(axis=axis)


def bootstrap_interval(scores: np.ndarray, level: float = LEVEL, resamples: int = RESAMPLES) -> np.ndarray:
    """Percentile bootstrap interval of the interquartile mean over seeds.

    `scores` is [seeds] or [seeds, points]; seeds are resampled whole, one environment and agent (stratum) at a time.
    Returns [2] or [2, points]: low and high. The random state is fixed, so the answer is a function of the scores.
    With fewer than two seeds there is no interval: NaN.
    """
    scores = np.asarray(scores, dtype=float)
    seeds = scores.shape[0]
    if seeds < 2:
        return np.full((2,) + scores.shape[1:], np.nan)
    picks = np.random.default_rng(_SEED).integers(0, seeds, (resamples, seeds))
    estimates = interquartile_mean(scores[picks], axis=1)
    tail = (1 - level) / 2
    return np.quantile(estimates, [tail, 1 - tail], axis=0)


def steps_to_threshold(steps: np.ndarray, means: np.ndarray, threshold: float) -> float:
    """Environment steps before the first evaluation whose mean return is at least `threshold`; infinity if none."""
    reached = np.flatnonzero(np.asarray(means) >= threshold)
    return float(steps[reached[0]]) if len(reached) else math.inf


def median_with_infinities(values: list[float]) -> float:
    """Median over all seeds, where a seed that never arrived counts as infinity."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    low, high = ordered[middle - 1], ordered[middle]
    return math.inf if math.isinf(high) else (low + high) / 2


def align(curves: list[tuple[np.ndarray, np.ndarray]], grid: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Curves of unequal steps on one grid: [points], [curves, points].

    The last observation is carried forward between a curve's points. Before its first and after its last point a
    curve is NaN: an unfinished run says nothing of steps it has not taken. `grid` defaults to the union of the steps, where
    those of different curves that lie close together are one: where a step is several, runs are measured a little later
    than planned, each by its own bit.
    """
    if grid is None:
        curves = _together(curves)
        grid = np.unique(np.concatenate([steps for steps, _ in curves]))
    aligned = np.full((len(curves), len(grid)), np.nan)
    for row, (steps, values) in zip(aligned, curves):
        latest = np.searchsorted(steps, grid, side="right") - 1
        inside = (latest >= 0) & (grid <= steps[-1])
        row[inside] = np.asarray(values)[latest[inside]]
    return grid, aligned


def _together(curves: list[tuple[np.ndarray, np.ndarray]]) -> list[tuple[np.ndarray, np.ndarray]]:
    """The curves with steps that differ by less than a tenth of any curve's spacing moved to the last of them."""
    spacings = [np.diff(steps).min() for steps, _ in curves if len(steps) > 1]
    if len(curves) < 2 or not spacings:
        return curves
    union = np.unique(np.concatenate([steps for steps, _ in curves]))
    ends = np.append(np.flatnonzero(np.diff(union) > min(spacings) / 10), len(union) - 1)
    moved = [union[ends[np.searchsorted(union[ends], steps)]] for steps, _ in curves]
    if any(len(np.unique(steps)) < len(steps) for steps in moved):
        return curves
    return [(steps, values) for steps, (_, values) in zip(moved, curves)]


def summarize_curves(aligned: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Interquartile mean [points] and interval [2, points] over the curves present (not NaN) at each point."""
    present = ~np.isnan(aligned)
    center = np.full(aligned.shape[1], np.nan)
    interval = np.full((2, aligned.shape[1]), np.nan)
    for members in np.unique(present.T, axis=0):
        if not members.any():
            continue
        points = (present == members[:, None]).all(axis=0)
        scores = aligned[np.ix_(members, points)]
        center[points] = interquartile_mean(scores)
        interval[:, points] = bootstrap_interval(scores)
    return center, interval


def binned_means(steps: np.ndarray, values: np.ndarray, budget: int, bins: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean of the values in each of `bins` equal spans of (0, budget] steps, at the span's end; empty spans left out."""
    span = np.minimum(np.ceil(np.asarray(steps) * bins / budget).astype(int) - 1, bins - 1).clip(min=0)
    counts = np.bincount(span, minlength=bins)
    sums = np.bincount(span, weights=values, minlength=bins)
    used = counts > 0
    return ((np.arange(bins) + 1) * budget / bins)[used], sums[used] / counts[used]
