"""A linear-quadratic problem of one dimension under a linear Gaussian policy, all in closed form.

    s' = A s + B a + process noise,   r = -(Q s^2 + R a^2),   a = k s + sigma noise

Second moments follow m' = c^2 m + B^2 sigma^2 + W with c = A + B k, so that their discounted sum is

    M = sum over t of gamma^t E s_t^2 = (m_0 + gamma / (1 - gamma) (B^2 sigma^2 + W)) / (1 - gamma c^2)
    J = -((Q + R k^2) M + R sigma^2 / (1 - gamma))

for gamma c^2 < 1. The problem of the figure in Peters and Schaal, "Reinforcement learning of motor skills with policy
gradients" (2008), with discounting and without their choice of numbers.
"""

import math
from dataclasses import dataclass

import numpy as np

Pair = tuple[float, float]


@dataclass(frozen=True)
class LinearGaussianProblem:
    """The constants; `start_variance` is E s_0^2 (means are zero), `process_variance` that of the process noise."""

    A: float = 1.0
    B: float = 1.0
    Q: float = 1.0
    R: float = 1.0
    discount: float = 0.95
    start_variance: float = 0.0
    process_variance: float = 0.0

    def is_stable(self, k: float) -> bool:
        """Whether the discounted return is finite."""
        return self.discount * (self.A + self.B * k) ** 2 < 1

    def second_moments(self, k: float, sigma: float) -> float:
        """The discounted sum of E s_t^2."""
        gamma, c = self.discount, self.A + self.B * k
        drive = self.B**2 * sigma**2 + self.process_variance
        return (self.start_variance + gamma / (1 - gamma) * drive) / (1 - gamma * c**2)

    def expected_return(self, k: float, sigma: float) -> float:
        """J, the expected discounted return."""
        return -((self.Q + self.R * k**2) * self.second_moments(k, sigma) + self.R * sigma**2 / (1 - self.discount))

    def gradient(self, k: float, sigma: float) -> Pair:
        """The derivatives of J by k and by sigma: the vanilla policy gradient."""
        gamma, c = self.discount, self.A + self.B * k
        moments, cost, room = self.second_moments(k, sigma), self.Q + self.R * k**2, 1 - gamma * c**2
        by_k = -moments * (2 * self.R * k + cost * 2 * gamma * c * self.B / room)
        by_sigma = -2 * sigma / (1 - gamma) * (cost * gamma * self.B**2 / room + self.R)
        return by_k, by_sigma

    def fisher(self, k: float, sigma: float) -> Pair:
        """The diagonal of the policy's Fisher information under the discounted state distribution
        (1 - gamma) sum of gamma^t p_t; off it there are only third moments of a Gaussian, which are zero."""
        return (1 - self.discount) * self.second_moments(k, sigma) / sigma**2, 2 / sigma**2

    def natural_gradient(self, k: float, sigma: float) -> Pair:
        """The inverse Fisher information times the gradient. Its first component is -sigma^2 times a function of k
        alone, its second -sigma^3 times another: where states start does not matter to it."""
        gradient, fisher = self.gradient(k, sigma), self.fisher(k, sigma)
        return gradient[0] / fisher[0], gradient[1] / fisher[1]

    def optimal_gain(self) -> float:
        """The best k by the discounted Riccati equation P = Q + g A^2 P - (g A B P)^2 / (R + g B^2 P), a quadratic in P."""
        g, a, b = self.discount, self.A, self.B
        linear = self.R - g * a**2 * self.R - g * b**2 * self.Q
        value = (-linear + math.sqrt(linear**2 + 4 * g * b**2 * self.Q * self.R)) / (2 * g * b**2)
        return -g * a * b * value / (self.R + g * b**2 * value)


@dataclass(frozen=True)
class Estimate:
    """A Monte-Carlo mean of several quantities, and its standard errors."""

    mean: np.ndarray
    error: np.ndarray


def simulate(problem: LinearGaussianProblem, k: float, sigma: float, episodes: int, steps: int, seed: int) -> Estimate:
    """Return, likelihood-ratio gradient by k and by sigma, and Fisher information (k k, sigma sigma, k sigma) of sampled
    episodes, cut after `steps`. Start states and noises are Gaussian."""
    random = np.random.default_rng(seed)
    gamma = problem.discount
    state = np.sqrt(problem.start_variance) * random.standard_normal(episodes)
    scores, rewards = np.zeros((2, steps, episodes)), np.zeros((steps, episodes))
    for t in range(steps):
        noise = random.standard_normal(episodes)
        action = k * state + sigma * noise
        scores[:, t] = noise * state / sigma, (noise**2 - 1) / sigma
        rewards[t] = -gamma**t * (problem.Q * state**2 + problem.R * action**2)
        push = np.sqrt(problem.process_variance) * random.standard_normal(episodes)
        state = problem.A * state + problem.B * action + push
    to_go = np.cumsum(rewards[::-1], axis=0)[::-1]
    weights = (1 - gamma) * gamma ** np.arange(steps)
    products = [scores[0] ** 2, scores[1] ** 2, scores[0] * scores[1]]
    samples = np.array([rewards.sum(axis=0), *(scores * to_go).sum(axis=1), *(weights @ each for each in products)])
    return Estimate(samples.mean(axis=1), samples.std(axis=1, ddof=1) / np.sqrt(episodes))
