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
    random = np.random.default_rng(SEED)
    estimates = []
    for _ in range(min(resamples, 2000)):
        logs = []
        for i in used:
            picks = [random.integers(0, len(sample), len(sample)) for sample in (first[i], second[i])]
            drawn = [(sample.steps[pick], sample.reached[pick]) for sample, pick in zip((first[i], second[i]), picks)]
            logs.append(logarithm(*drawn)[0])
        if not np.isnan(logs).all():
            estimates.append(math.exp(np.nanmean(logs)))
    low, high = percentile_interval(np.array(estimates)) if estimates else (math.nan, math.nan)
    return Ratio(value, float(low), float(high), at_least, at_most)
