"""Small Markov decision processes whose values, advantages and state distributions are solved for exactly.

Arrays: a policy is [states, actions], transitions are [states, actions, next states], rewards [states, actions].
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class TabularProcess:
    """A discounted process without end."""

    transitions: np.ndarray
    rewards: np.ndarray
    start: np.ndarray
    discount: float

    def flow(self, policy: np.ndarray) -> np.ndarray:
        """Probabilities of the next state under the policy: [states, next states]."""
        return np.einsum("sa,san->sn", policy, self.transitions)

    def values(self, policy: np.ndarray) -> np.ndarray:
        """V of every state: (I - gamma P)^-1 r."""
        reward = (policy * self.rewards).sum(axis=1)
        return np.linalg.solve(np.eye(len(reward)) - self.discount * self.flow(policy), reward)

    def advantages(self, policy: np.ndarray) -> np.ndarray:
        """A(s, a) = r + gamma E V(s') - V(s)."""
        values = self.values(policy)
        return self.rewards + self.discount * self.transitions @ values - values[:, None]

    def occupancy(self, policy: np.ndarray) -> np.ndarray:
        """The sum over t of gamma^t p_t, which adds up to 1 / (1 - gamma)."""
        return np.linalg.solve(np.eye(len(self.start)) - self.discount * self.flow(policy).T, self.start)

    def expected_return(self, policy: np.ndarray) -> float:
        """J of the start distribution."""
        return float(self.start @ self.values(policy))

    def marginals(self, policy: np.ndarray, steps: int) -> np.ndarray:
        """p_t for t = 0 ... steps: [steps + 1, states]."""
        flow, rows = self.flow(policy), [self.start]
        for _ in range(steps):
            rows.append(rows[-1] @ flow)
        return np.array(rows)


def random_process(random: np.random.Generator, states: int, actions: int, successors: int, discount: float) -> TabularProcess:
    """Every state and action leads to `successors` states with random probabilities; rewards are uniform in -1 ... 1."""
    transitions = np.zeros((states, actions, states))
    for state in range(states):
        for action in range(actions):
            places = random.choice(states, successors, replace=False)
            transitions[state, action, places] = random.dirichlet(np.ones(successors))
    return TabularProcess(transitions, random.uniform(-1, 1, (states, actions)), random.dirichlet(np.ones(states)), discount)


def trap(discount: float) -> TabularProcess:
    """The bound's worst case: action 0 stays in state 0, action 1 leads to state 1 for good."""
    transitions = np.zeros((2, 2, 2))
    transitions[0, 0, 0] = transitions[0, 1, 1] = 1
    transitions[1, :, 1] = 1
    return TabularProcess(transitions, np.array([[1.0, 0], [0, 0]]), np.array([1.0, 0]), discount)


def softmax_policy(logits: np.ndarray) -> np.ndarray:
    """Probabilities of the actions of every state."""
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def total_variation(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Half the sum of absolute differences over the last axis."""
    return np.abs(new - old).sum(axis=-1) / 2


def divergence(new: np.ndarray, old: np.ndarray) -> np.ndarray:
    """KL(new || old) over the last axis; 0 log 0 is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(new > 0, new * np.log(new / old), 0).sum(axis=-1)
