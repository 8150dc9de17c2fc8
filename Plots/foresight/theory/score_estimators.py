"""The settings of REINFORCE as weights of the scores: an estimate is a sum of weight times grad log pi(a_t | s_t).

Credits and baselines are those of Sources/Learners/PolicyGradient/Reinforce.swift: whole returns are discounted from the
episode's start, rewards to go from their own step on; a constant baseline is the mean credit of the steps of the batch's
other episodes; normalized credits have mean 0 and deviation 1 over the batch's steps, over which the estimate then is a
mean. Without normalization it is a mean over episodes.
"""

from dataclasses import dataclass

import numpy as np

from .cart_pole import Episodes

CREDITS = ("whole", "reward_to_go")
BASELINES = ("none", "constant", "value", "timed_value")
"""`value` knows the state, `timed_value` also the steps left; both were fitted to other episodes."""


@dataclass(frozen=True)
class Setting:
    """What an action is credited with, and what is taken off it."""

    credit: str
    baseline: str = "none"
    normalize: bool = False
    discount: float = 1.0
    from_start: bool = False
    """Whether rewards to go are discounted from the episode's start, as the discounted return's gradient has them."""
    own: bool = False
    """Whether a constant baseline is the mean of all episodes, an episode's own among them."""

    @property
    def name(self) -> str:
        extras = [self.normalize and "normalized", self.from_start and "from_start", self.own and "own_included"]
        return " ".join([self.credit, self.baseline, f"{self.discount:g}", *(extra for extra in extras if extra)])

    @property
    def is_unbiased(self) -> bool:
        """Whether its expectation is the gradient of the return with its discount, exactly."""
        keeps_time = self.discount == 1 or self.credit == "whole" or self.from_start
        return keeps_time and not self.normalize and not self.own


def rewards_to_go(mask: np.ndarray, discount: float) -> np.ndarray:
    """Returns that follow each step, from rewards [episodes, steps] of 1."""
    result, sum_after = np.zeros_like(mask), np.zeros(len(mask))
    for t in range(mask.shape[1] - 1, -1, -1):
        sum_after = mask[:, t] * (1 + discount * sum_after)
        result[:, t] = sum_after
    return result


def features(states: np.ndarray, left: np.ndarray | None = None) -> np.ndarray:
    """Inputs of the value functions: all products of up to three of the state's components, and with `left`, the share
    of the steps left, those of it, too."""
    scaled = states / np.array([1.0, 1.0, 0.1, 1.0])
    parts = [np.ones(states.shape[:-1]), *np.moveaxis(scaled, -1, 0)]
    if left is not None:
        parts.append(left)
    products = [parts[i] * parts[j] * parts[k]
                for i in range(len(parts)) for j in range(i, len(parts)) for k in range(j, len(parts))]
    return np.stack(products, axis=-1)


@dataclass(frozen=True)
class ValueFunction:
    """A linear function of `features`, fitted to rewards to go by least squares."""

    weights: np.ndarray
    limit: int
    timed: bool

    @classmethod
    def fit(cls, episodes: Episodes, discount: float, limit: int, timed: bool) -> "ValueFunction":
        chosen = episodes.mask > 0
        inputs = features(episodes.states[chosen], _left(episodes, limit)[chosen] if timed else None)
        targets = rewards_to_go(episodes.mask, discount)[chosen]
        gram = inputs.T @ inputs
        ridge = 1e-6 * np.trace(gram) / len(gram) * np.eye(len(gram))
        return cls(np.linalg.solve(gram + ridge, inputs.T @ targets), limit, timed)

    def __call__(self, episodes: Episodes) -> np.ndarray:
        left = _left(episodes, self.limit) if self.timed else None
        return features(episodes.states, left) @ self.weights * episodes.mask


def _left(episodes: Episodes, limit: int) -> np.ndarray:
    count, steps = episodes.actions.shape
    return np.broadcast_to(1 - np.arange(steps) / limit, (count, steps))


Values = dict[tuple[str, float], np.ndarray]
"""What a value function says of every step, by its name and discount."""


def weights(setting: Setting, mask: np.ndarray, values: Values, batch: int) -> np.ndarray:
    """The weight of every step's score [episodes, steps], such that the mean over a batch's episodes of the sums of
    weighted scores is the batch's estimate. `batch` consecutive episodes are a batch."""
    time = setting.discount ** np.arange(mask.shape[1])
    to_go = rewards_to_go(mask, setting.discount)
    credits = to_go if setting.credit == "reward_to_go" else to_go[:, :1] * mask
    if setting.baseline == "constant":
        credits = credits - _means(credits, mask, batch, setting.own) * mask
    elif setting.baseline != "none":
        credits = credits - values[setting.baseline, setting.discount] * mask
    if setting.from_start:
        credits = credits * time
    if not setting.normalize:
        return credits
    grouped, steps = credits.reshape(-1, batch, mask.shape[1]), mask.reshape(-1, batch, mask.shape[1])
    count = steps.sum(axis=(1, 2), keepdims=True)
    centered = (grouped - grouped.sum(axis=(1, 2), keepdims=True) / count) * steps
    deviation = np.sqrt((centered**2).sum(axis=(1, 2), keepdims=True) / np.maximum(count - 1, 1))
    return (centered / (deviation + 1e-8) * batch / count).reshape(mask.shape)


def _means(credits: np.ndarray, mask: np.ndarray, batch: int, own: bool) -> np.ndarray:
    """For each episode the mean credit of the steps of its batch, with or without its own: [episodes, 1]."""
    sums, counts = credits.sum(axis=1).reshape(-1, batch), mask.sum(axis=1).reshape(-1, batch)
    totals, steps = sums.sum(axis=1, keepdims=True), counts.sum(axis=1, keepdims=True)
    if own:
        return np.broadcast_to(totals / steps, sums.shape).reshape(-1, 1)
    return ((totals - sums) / (steps - counts)).reshape(-1, 1)


def episode_gradients(all_weights: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Sums of weighted scores: weights [settings, episodes, steps], scores [episodes, steps, parameters] give
    [settings, episodes, parameters]."""
    return np.matmul(all_weights.transpose(1, 0, 2), scores).transpose(1, 0, 2)
