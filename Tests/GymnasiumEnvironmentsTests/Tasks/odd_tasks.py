"""Environments that send other things than they declare, and one that tells its rewards in batches, for the tests."""

import gymnasium
import numpy
from gymnasium import spaces

Box, array = spaces.Box, numpy.array

# The observation space, the first observation, and all others.
CASES = {
    "one number for three": (Box(-1, 1, (3,)), numpy.zeros(3), array([0.5])),
    "a scalar for three": (Box(-1, 1, (3,)), numpy.zeros(3), 0.5),
    "a short list": (Box(-1, 1, (2,)), [0.5, 0.25], [0.75]),
    "none": (Box(-1, 1, (2,)), numpy.zeros(2), None),
    "text": (Box(-1, 1, (1,)), numpy.zeros(1), "0.5"),
    "a negative choice": (spaces.Discrete(4), 0, -1),
    "a choice too many": (spaces.Discrete(4), 0, 4),
    "a fractional choice": (spaces.Discrete(4), 0, 2.0),
    "choices too many": (spaces.MultiDiscrete([3, 2]), array([0, 0]), array([2, 2])),
    "bytes that wrap": (Box(0, 255, (3,), numpy.uint8), numpy.zeros(3, numpy.uint8), array([300, -5, 0])),
    "fractional bytes": (Box(0, 255, (2,), numpy.uint8), numpy.zeros(2, numpy.uint8), array([0.5, 1])),
    "a nested choice": (spaces.Dict({"a": spaces.Discrete(3)}), {"a": 0}, {"a": -1}),
    "a nested byte": (
        spaces.Tuple((Box(0, 255, (1,), numpy.uint8), spaces.Discrete(2))),
        (numpy.zeros(1, numpy.uint8), 0),
        (array([256]), 0),
    ),
    "a list": (Box(-1, 1, (2,)), [0.5, 0.25], [0.25, 0.5]),
    "integers": (Box(-9, 9, (2,)), array([1, 2]), array([3, 4])),
    "whole bytes": (Box(0, 255, (2,), numpy.uint8), array([0.0, 255.0]), array([7, 8])),
    "beyond the bounds": (Box(-1, 1, (2,)), numpy.zeros(2), array([0.5, 2.5])),
}


class Odd(gymnasium.Env):
    """Sends the observations of a case; `late` steps are as they should be."""

    def __init__(self, case="a list", late=0, reset=None, ending=False):
        self.observation_space, self.first, self.others = CASES[case]
        self.action_space = spaces.Discrete(2)
        self.late, self.returned, self.ending, self.steps = late, reset, ending, 0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return self.first if self.returned == "old" else (self.first, {})

    def step(self, action):
        self.steps += 1
        observation = self.others if self.steps > self.late else self.first
        return observation, 0.0, self.ending, False, {}


class Walk(gymnasium.Env):
    """x' = 0.9 x + 0.3 a, which costs x'^2 and is over beyond 3; told in batches too unless `tells` says otherwise."""

    def __init__(self, tells=True, constants=0, fault=None):
        self.constants, self.fault = constants, fault
        self.observation_space, self.action_space = Box(-10, 10, (1 + constants,)), Box(-1, 1, (1,), numpy.float64)
        self.x = 0.0
        if not tells:
            self.rewards = self.terminations = None

    def seen(self):
        return array([self.x] + [1.0] * self.constants, numpy.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.x = self.np_random.uniform(-1, 1)
        return self.seen(), {}

    def step(self, action):
        self.x = 0.9 * self.x + 0.3 * float(action[0])
        return self.seen(), -self.x**2, abs(self.x) > 3, False, {}

    def rewards(self, states, actions, next_states):
        if self.fault == "raise":
            raise RuntimeError("no rewards today")
        if self.fault == "shape":
            return next_states
        return -next_states[:, 0] ** 2

    def terminations(self, states, actions, next_states):
        return numpy.abs(next_states[:, 0]) > 3


gymnasium.register("Odd-v0", Odd)
gymnasium.register("Walk-v0", Walk, max_episode_steps=50)
