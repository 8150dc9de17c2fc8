"""A perceptron of one hidden layer that gives the probability of the second of two actions, with its scores."""

from dataclasses import dataclass

import numpy as np

HIDDEN = 8
STATE_SCALE = np.array([1.0, 1.0, 0.1, 1.0])
"""States are divided by this first, so that all inputs are of about the same size."""


@dataclass
class SmallPolicy:
    """Parameters in one vector: weights [4, hidden], biases [hidden], weights [hidden], bias."""

    parameters: np.ndarray

    @classmethod
    def random(cls, random: np.random.Generator) -> "SmallPolicy":
        """Gaussian first weights, a last layer near zero: actions are nearly equally likely."""
        first = random.standard_normal(4 * HIDDEN) / 2
        return cls(np.concatenate([first, np.zeros(HIDDEN), 0.01 * random.standard_normal(HIDDEN), [0.0]]))

    def _parts(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
        first, rest = self.parameters[: 4 * HIDDEN].reshape(4, HIDDEN), self.parameters[4 * HIDDEN :]
        return first, rest[:HIDDEN], rest[HIDDEN : 2 * HIDDEN], rest[2 * HIDDEN]

    def hidden(self, states: np.ndarray) -> np.ndarray:
        """Activations of the hidden layer."""
        first, biases, _, _ = self._parts()
        return np.tanh(states / STATE_SCALE @ first + biases)

    def probability(self, states: np.ndarray) -> np.ndarray:
        """The probability of action 1 in states [..., 4]."""
        _, _, last, bias = self._parts()
        return 1 / (1 + np.exp(-(self.hidden(states) @ last + bias)))

    def scores(self, states: np.ndarray, actions: np.ndarray) -> np.ndarray:
        """grad log pi(action | state) by the parameters: [..., parameters]."""
        _, _, last, bias = self._parts()
        hidden = self.hidden(states)
        wrong = actions - 1 / (1 + np.exp(-(hidden @ last + bias)))
        inner = wrong[..., None] * last * (1 - hidden**2)
        outer = (states / STATE_SCALE)[..., :, None] * inner[..., None, :]
        shape = (*wrong.shape, 4 * HIDDEN)
        return np.concatenate([outer.reshape(shape), inner, wrong[..., None] * hidden, wrong[..., None]], axis=-1)
