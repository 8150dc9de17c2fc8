"""What scripts of Stable-Baselines3's off-policy methods share: the spaces, and a full buffer of random transitions."""

import gymnasium
import numpy as np
from shapes import SAC


class Spaces(gymnasium.Env):
    """Nothing but the two spaces: the agent is never run."""

    observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (SAC.observation,), np.float32)
    action_space = gymnasium.spaces.Box(-1.0, 1.0, (SAC.action,), np.float32)

    def reset(self, *, seed=None, options=None):
        return np.zeros(SAC.observation, np.float32), {}

    def step(self, action):
        return np.zeros(SAC.observation, np.float32), 0.0, False, False, {}


def fill(buffer) -> None:
    random = np.random.default_rng(0)
    for column in (buffer.observations, buffer.next_observations, buffer.rewards):
        column[:] = random.standard_normal(column.shape)
    buffer.actions[:] = random.uniform(-1, 1, buffer.actions.shape)
    buffer.dones[:] = random.random(buffer.dones.shape) < 0.01
    buffer.pos, buffer.full = 0, True
