"""The leaking tank of Tank.swift as a Gymnasium environment: `gymnasium:Examples/own-parts/tank.py:Tank-v0`."""

import gymnasium
import numpy
from gymnasium.spaces import Box


class Tank(gymnasium.Env):
    """Hold the level of a leaking tank at a target that each episode draws anew.

    Observation: (level h, target h*) in m. Action: the inlet valve u in [0, 1].
    h' = h + dt (u - c sqrt(h)). Reward: -(h' - h*)^2.
    """

    observation_space = Box(0, 2, (2,), numpy.float32)
    action_space = Box(0, 1, (1,), numpy.float32)
    dt = 0.2

    def __init__(self, outlet=0.3):  # --set environment.arguments.outlet=0.5
        self.outlet = outlet

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.state = self.np_random.uniform([0, 0.5], [2, 1.5]).astype(numpy.float32)
        return self.state.copy(), {}

    def step(self, action):
        level, target = self.state
        level += self.dt * (float(action[0]) - self.outlet * numpy.sqrt(level))
        self.state = numpy.array([numpy.clip(level, 0, 2), target], numpy.float32)
        return self.state.copy(), float(worth(self.state)), False, False, {}

    # The next two are optional: with them models need not learn the rewards, nor whether episodes end.
    # All arguments are batches, [N, 2] and [N, 1].

    def rewards(self, states, actions, next_states):
        return worth(next_states)

    def terminations(self, states, actions, next_states):
        return numpy.zeros(len(states), bool)


def worth(state):
    return -((state[..., 0] - state[..., 1]) ** 2)


gymnasium.register("Tank-v0", Tank, max_episode_steps=50)
