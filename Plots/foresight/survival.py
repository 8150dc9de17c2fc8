"""Steps to a threshold where some seeds never got there.

A seed that was stopped before it reached the threshold needs more steps than it took, no one knows how many: it is
censored. The share of seeds not there yet is estimated by Kaplan and Meier's product (SciPy's `ecdf`), which uses what such
a seed says.
"""

import math
import warnings
from dataclasses import dataclass

import numpy as np

from .intervals import RESAMPLES, SEED, percentile_interval


@dataclass(frozen=True)
class Arrivals:
    """Of each seed: the steps to the threshold, or those without it, and which of the two."""

    steps: np.ndarray
    reached: np.ndarray

    def __len__(self) -> int:
        return len(self.steps)

    def survival(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Steps [n] in rising order, share of the seeds that need more than that [n], and its interval [2, n].

        The interval is Greenwood's on the log-log scale: it covers about what it says from some ten seeds on.
        """
        from scipy import stats  # takes longer to import than most of what needs this module

        sample = stats.CensoredData(uncensored=self.steps[self.reached], right=self.steps[~self.reached])
        survival = stats.ecdf(sample).sf
        with np.errstate(divide="ignore", invalid="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # where all or none are there the interval is undefined: NaN
            interval = survival.confidence_interval(method="log-log")
        bounds = np.stack([interval.low.probabilities, interval.high.probabilities])
        return survival.quantiles, survival.probabilities, bounds

    def median(self) -> float:
        """Steps by which half of the seeds are there, by Kaplan and Meier's estimate; infinity if that never happens."""
        return median_arrival(self.steps, self.reached)


def median_arrival(steps: np.ndarray, reached: np.ndarray) -> float:
    """As `Arrivals.median`, without SciPy's objects: it is called for every resample."""
    order = np.lexsort((~reached, steps))  # at equal steps arrivals come before the censored
    at_risk = len(steps) - np.arange(len(steps))
    # one factor a seed: the product over equal steps telescopes to that of Kaplan and Meier
    share = np.cumprod(np.where(reached[order], 1 - 1 / at_risk, 1.0))
    below = np.flatnonzero(share <= 0.5 + 1e-12)
    return float(steps[order][below[0]]) if len(below) else math.inf


def median_arrivals(sample: Arrivals, picks: np.ndarray) -> np.ndarray:
    """The medians of resamples, each a row of the seeds `picks` [R, n]: as `median_arrival`, [R]."""
    order = np.lexsort((~sample.reached, sample.steps))
    ranks = np.empty(len(order), dtype=np.intp)
    ranks[order] = np.arange(len(order))
    drawn = order[np.sort(ranks[picks], axis=1)]
    share = np.cumprod(np.where(sample.reached[drawn], 1 - 1 / np.arange(picks.shape[1], 0, -1), 1.0), axis=1)
    below = share <= 0.5 + 1e-12
    first = np.argmax(below, axis=1)
    rows = np.arange(len(picks))
    return np.where(below[rows, first], sample.steps[drawn[rows, first]].astype(float), math.inf)


@dataclass(frozen=True)
class Ratio:
    """How many times as many steps one agent needs as another, median by median."""

    value: float
    """NaN where neither arrives; where only the second does, the least that it can be (`at_least`)."""
    low: float
    high: float
    at_least: bool
    """Whether the first agent's median seed never arrived, so that the ratio is larger."""
    at_most: bool
    """Whether the second agent's median seed never arrived, so that the ratio is smaller."""

    @property
    def text(self) -> str:
        """`3.2 [2.1, 4.8]`, with `>` or `<` where the number is a bound, or `-`."""
        if not math.isfinite(self.value):
            return "-"
        sign = "> " if self.at_least else "< " if self.at_most else ""
        interval = f" [{self.low:.2g}, {self.high:.2g}]" if math.isfinite(self.low) and math.isfinite(self.high) else ""
        return f"{sign}{self.value:.2g}{interval}"


def sample_ratio(first: list[Arrivals], second: list[Arrivals], resamples: int = RESAMPLES) -> Ratio:
    """Median steps of `first` over those of `second`, the geometric mean over tasks, with a bootstrap interval over seeds.

    A median that is never reached stands at the most steps that any of the agent's seeds took, so that the ratio is a bound:
    from below if the first agent's, from above if the second's; NaN if there are both kinds. Tasks that neither reaches are
    left out. An evaluation at step 0 that is already there counts as one step.
    """
    def logarithm(a: tuple, b: tuple) -> tuple[float, bool, bool]:
        x, y = median_arrival(*a), median_arrival(*b)
        if math.isinf(x) and math.isinf(y):
            return math.nan, False, False
        at_least, at_most = math.isinf(x), math.isinf(y)
        x = float(a[0].max()) if at_least else x
        y = float(b[0].max()) if at_most else y
        return math.log(max(x, 1) / max(y, 1)), at_least, at_most

    parts = [logarithm((a.steps, a.reached), (b.steps, b.reached)) for a, b in zip(first, second)]
    used = [index for index, part in enumerate(parts) if not math.isnan(part[0])]
    if not used:
        return Ratio(math.nan, math.nan, math.nan, False, False)
    at_least, at_most = any(parts[i][1] for i in used), any(parts[i][2] for i in used)
    if at_least and at_most:
        return Ratio(math.nan, math.nan, math.nan, True, True)
    value = math.exp(np.mean([parts[i][0] for i in used]))
    if min(min(len(first[i]), len(second[i])) for i in used) < 2:
        return Ratio(value, math.nan, math.nan, at_least, at_most)
    pairs = [(first[i], second[i]) for i in used]
    count = min(resamples, 2000)
    logs = np.stack([
        _logarithms(pair, *picks) for pair, picks in zip(pairs, _picks([len(s) for pair in pairs for s in pair], count))])
    known = ~np.isnan(logs)
    some = known.any(axis=0)
    estimates = np.exp(np.where(known, logs, 0).sum(axis=0)[some] / known.sum(axis=0)[some])
    low, high = percentile_interval(estimates) if len(estimates) else (math.nan, math.nan)
    return Ratio(value, float(low), float(high), at_least, at_most)


def _picks(sizes: list[int], count: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """For each pair of samples of those sizes, which seeds each of `count` resamples draws of the one and of the other."""
    random = np.random.default_rng(SEED)
    if len(set(sizes)) == 1:  # the same numbers as one by one
        drawn = random.integers(0, sizes[0], (count, len(sizes), sizes[0]))
        return [(drawn[:, i], drawn[:, i + 1]) for i in range(0, len(sizes), 2)]
    rows = [[random.integers(0, size, size) for size in sizes] for _ in range(count)]
    columns = [np.stack(column) for column in zip(*rows)]
    return list(zip(columns[::2], columns[1::2]))


def _logarithms(pair: tuple[Arrivals, Arrivals], *picks: np.ndarray) -> np.ndarray:
    """Logarithms of the ratios of the resamples, [R]; NaN where neither median is reached."""
    medians = []
    for sample, drawn in zip(pair, picks):
        median = median_arrivals(sample, drawn)
        medians.append(np.where(np.isinf(median), sample.steps[drawn].max(axis=1), median))
        medians.append(np.isinf(median))
    x, never_x, y, never_y = medians
    return np.where(never_x & never_y, math.nan, np.log(np.maximum(x, 1) / np.maximum(y, 1)))
