"""CartPole-v1 in NumPy, many episodes at once: the equations of Barto, Sutton and Anderson (1983), as
Sources/Environments/CartPole.swift has them; reward 1 a step, the last included."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

FORCE, GRAVITY, CART, POLE, HALF_LENGTH, TIME_STEP = 10.0, 9.8, 1.0, 0.1, 0.5, 0.02
LARGEST_POSITION, LARGEST_ANGLE = 2.4, 12 * 2 * np.pi / 360
STEP_LIMIT = 500


def successor(states: np.ndarray, actions: np.ndarray) -> np.ndarray:
    """The states [episodes, 4] an explicit Euler step later; action 0 pushes to the left, 1 to the right."""
    _, velocity, angle, spin = states.T
    sine, cosine = np.sin(angle), np.cos(angle)
    total, arm = CART + POLE, POLE * HALF_LENGTH
    push = (FORCE * (2 * actions - 1) + arm * spin**2 * sine) / total
    turn = (GRAVITY * sine - cosine * push) / (HALF_LENGTH * (4 / 3 - POLE * cosine**2 / total))
    return states + TIME_STEP * np.stack([velocity, push - arm * turn * cosine / total, spin, turn], axis=1)


def is_fallen(states: np.ndarray) -> np.ndarray:
    """Whether each episode is lost there."""
    return ~((np.abs(states[:, 0]) <= LARGEST_POSITION) & (np.abs(states[:, 2]) <= LARGEST_ANGLE))


class ActionProbability(Protocol):
    """A policy of two actions."""

    def probability(self, states: np.ndarray) -> np.ndarray:
        """The probability of action 1 in each state."""


@dataclass(frozen=True)
class Episodes:
    """Whole episodes: states [episodes, steps, 4], actions [episodes, steps], and how long each is. What follows an
    episode's end is zero."""

    states: np.ndarray
    actions: np.ndarray
    lengths: np.ndarray

    @property
    def mask(self) -> np.ndarray:
        """1 for the steps that an episode has, else 0; the rewards, too."""
        return (np.arange(self.actions.shape[1]) < self.lengths[:, None]).astype(float)


def play(policy: ActionProbability, episodes: int, random: np.random.Generator, limit: int = STEP_LIMIT) -> Episodes:
    """Plays episodes side by side until each is lost or cut off after `limit` steps."""
    states = random.uniform(-0.05, 0.05, (episodes, 4))
    seen, chosen, lengths = np.zeros((episodes, limit, 4)), np.zeros((episodes, limit)), np.zeros(episodes, dtype=int)
    alive = np.arange(episodes)
    for t in range(limit):
        actions = (random.random(len(alive)) < policy.probability(states)).astype(float)
        seen[alive, t], chosen[alive, t] = states, actions
        lengths[alive] += 1
        states = successor(states, actions)
        stands = ~is_fallen(states)
        alive, states = alive[stands], states[stands]
        if len(alive) == 0:
            break
    longest = int(lengths.max())
    return Episodes(seen[:, :longest], chosen[:, :longest], lengths)
