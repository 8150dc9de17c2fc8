"""What changes when one policy takes another's place, exactly and as the theory of trust regions bounds it.

With epsilon = max over s of TV(pi(. | s), pi'(. | s)) and A the advantages of pi:

    sum over s of |p'_t(s) - p_t(s)| <= 2 (1 - (1 - epsilon)^t) <= 2 epsilon t
    J(pi') - J(pi) = sum over t of gamma^t E_p'_t E_pi' A           (Kakade and Langford 2002, lemma 6.1)
    surrogate      = sum over t of gamma^t E_p_t  E_pi' A           (Schulman et al. 2015)
"""

from dataclasses import dataclass

import numpy as np

from .tabular_process import TabularProcess, divergence, total_variation


@dataclass(frozen=True)
class MarginalChange:
    """The L1 distance between the state marginals for t = 0 ..., and its bounds."""

    distance: np.ndarray
    coupling: np.ndarray
    """2 (1 - (1 - epsilon)^t)."""
    linear: np.ndarray
    """2 epsilon t."""
    pinsker: np.ndarray
    """2 t sqrt(max KL / 2), the KL divergence being that of pi' from pi."""
    average: np.ndarray
    """2 times the sum over i < t of E_p_i sqrt(KL / 2): what the divergence at the states of pi gives."""


def marginal_change(process: TabularProcess, old: np.ndarray, new: np.ndarray, steps: int) -> MarginalChange:
    """The change of p_t when `new` takes the place of `old`."""
    time = np.arange(steps + 1)
    before = process.marginals(old, steps)
    epsilon, divergences = total_variation(old, new).max(), divergence(new, old)
    local = before @ np.sqrt(divergences / 2)
    return MarginalChange(
        distance=2 * total_variation(before, process.marginals(new, steps)),
        coupling=2 * (1 - (1 - epsilon) ** time), linear=2 * epsilon * time,
        pinsker=2 * time * np.sqrt(divergences.max() / 2),
        average=2 * np.concatenate([[0], np.cumsum(local)[:-1]]))


@dataclass(frozen=True)
class ReturnChange:
    """The change of the return, by the lemma, by the surrogate, and bounds of the surrogate's error."""

    epsilon: float
    max_divergence: float
    mean_divergence: float
    """Over the discounted states of pi, as TRPO constrains it."""
    exact: float
    lemma: float
    surrogate: float
    lecture_bound: float
    """sum of gamma^t 2 epsilon t C = 2 epsilon C gamma / (1 - gamma)^2 with C = max over s of |E_pi' A|."""
    trust_region_bound: float
    """4 epsilon^2 gamma max |A| / (1 - gamma)^2, theorem 1 of Schulman et al. (2015)."""

    @property
    def error(self) -> float:
        """By how much the surrogate is wrong."""
        return abs(self.exact - self.surrogate)


def return_change(process: TabularProcess, old: np.ndarray, new: np.ndarray) -> ReturnChange:
    """The change of J when `new` takes the place of `old`."""
    gamma = process.discount
    advantages, divergences = process.advantages(old), divergence(new, old)
    gains = (new * advantages).sum(axis=1)
    epsilon, occupancy = float(total_variation(old, new).max()), process.occupancy(old)
    return ReturnChange(
        epsilon=epsilon, max_divergence=float(divergences.max()),
        mean_divergence=float((1 - gamma) * occupancy @ divergences),
        exact=process.expected_return(new) - process.expected_return(old),
        lemma=float(process.occupancy(new) @ gains), surrogate=float(occupancy @ gains),
        lecture_bound=float(2 * epsilon * np.abs(gains).max() * gamma / (1 - gamma) ** 2),
        trust_region_bound=float(4 * epsilon**2 * gamma * np.abs(advantages).max() / (1 - gamma) ** 2))


def mixture_bound(process: TabularProcess, old: np.ndarray, new: np.ndarray, share: float) -> float:
    """The bound of the surrogate's error for (1 - share) pi + share pi' of Kakade and Langford (2002), theorem 4.1:
    2 share^2 gamma C / ((1 - gamma) (1 - gamma (1 - share))) with C = max over s of |E_pi' A|."""
    gamma, largest = process.discount, np.abs((new * process.advantages(old)).sum(axis=1)).max()
    return float(2 * share**2 * gamma * largest / ((1 - gamma) * (1 - gamma * (1 - share))))
