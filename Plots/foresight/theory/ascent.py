"""Ascent of the exact return of a `LinearGaussianProblem` along its vanilla and its natural gradient."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from .linear_gaussian import LinearGaussianProblem, Pair

Step = Callable[[LinearGaussianProblem, float, float], Pair]
RATES = [10 ** (power / 4) for power in range(-24, 13)]
"""Learning rates tried, a quarter of a decade apart."""
LEAST_SIGMA = 1e-100
"""Where an ascent ends for good: squares of what is much smaller are zero."""


def at_rate(direction: Step, rate: float) -> Step:
    """Steps of `rate` times the direction."""
    def step(problem: LinearGaussianProblem, k: float, sigma: float) -> Pair:
        by_k, by_sigma = direction(problem, k, sigma)
        return rate * by_k, rate * by_sigma
    return step


def at_divergence(direction: Step, epsilon: float) -> Step:
    """Steps along the direction whose KL divergence is `epsilon` to second order: d' F d / 2 = epsilon. For the natural
    gradient that is the rate sqrt(2 epsilon / (g' F^-1 g)) of the natural policy gradient and TRPO."""
    def step(problem: LinearGaussianProblem, k: float, sigma: float) -> Pair:
        by_k, by_sigma = direction(problem, k, sigma)
        fisher = problem.fisher(k, sigma)
        rate = math.sqrt(2 * epsilon / (fisher[0] * by_k**2 + fisher[1] * by_sigma**2))
        return rate * by_k, rate * by_sigma
    return step


@dataclass(frozen=True)
class Ascent:
    """The points (k, sigma) visited, the start first, and whether k arrived."""

    points: list[Pair]
    arrived: bool

    @property
    def steps(self) -> int:
        return len(self.points) - 1


def ascend(problem: LinearGaussianProblem, start: Pair, step: Step, limit: int, tolerance: float) -> Ascent | None:
    """Steps until k is within `tolerance` of the best, or until `limit` or `LEAST_SIGMA`; None if the return falls by a
    step or sigma is no longer positive, which is a step too long."""
    best, (k, sigma) = problem.optimal_gain(), start
    points, value = [start], problem.expected_return(*start)
    while len(points) <= limit and sigma > LEAST_SIGMA and abs(k - best) > tolerance:
        by_k, by_sigma = step(problem, k, sigma)
        k, sigma = k + by_k, sigma + by_sigma
        if sigma <= 0 or not problem.is_stable(k) or problem.expected_return(k, sigma) < value:
            return None
        value = problem.expected_return(k, sigma)
        points.append((k, sigma))
    return Ascent(points, bool(abs(k - best) <= tolerance))


def best_rate(
    problem: LinearGaussianProblem, start: Pair, direction: Step, limit: int, tolerance: float,
) -> tuple[float, Ascent]:
    """The learning rate of `RATES` whose ascent needs the fewest steps, or comes nearest where none arrives."""
    best = problem.optimal_gain()
    found = None
    for rate in RATES[::-1]:
        ascent = ascend(problem, start, at_rate(direction, rate), limit, tolerance)
        if ascent is None:
            continue
        order = (not ascent.arrived, ascent.steps if ascent.arrived else abs(ascent.points[-1][0] - best))
        if found is None or order < found[0]:
            found = order, rate, ascent
        limit = min(limit, ascent.steps) if ascent.arrived else limit
    if found is None:
        raise ValueError(f"no learning rate of {RATES[0]:g} to {RATES[-1]:g} ascends from {start}")
    return found[1], found[2]
