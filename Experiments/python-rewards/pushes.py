"""A cart to be pushed to a place, whose rewards are told to models (`Told-v0`) or not (`Untold-v0`)."""

import gymnasium
import numpy
from gymnasium.spaces import Box


class Untold(gymnasium.Env):
    """A cart at x with speed v, pushed by a: rewards are near 0 close to x = 2, and -1 far from it. It never terminates."""

    observation_space = Box(-numpy.inf, numpy.inf, (2,), numpy.float32)
    action_space = Box(-1, 1, (1,), numpy.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.x, self.v = self.np_random.uniform(-0.5, 0.5, 2)
        return self.seen(), {}

    def seen(self):
        return numpy.array([self.x, self.v], numpy.float32)

    def step(self, action):
        self.v = 0.9 * self.v + 0.3 * float(action[0])
        self.x += 0.3 * self.v
        return self.seen(), float(worth(self.x)), False, False, {}


class Told(Untold):
    """Tells its rewards, and that it never terminates, in batches."""

    def rewards(self, states, actions, next_states):
        return worth(next_states[:, 0])

    def terminations(self, states, actions, next_states):
        return numpy.zeros(len(states), bool)


def worth(x):
    return -1 + 1 / (1 + 4 * (x - 2) ** 2)


gymnasium.register("Told-v0", Told, max_episode_steps=50)
gymnasium.register("Untold-v0", Untold, max_episode_steps=50)
