"""A task that takes time without using the processor, so that runs on busy machines last as long as on idle ones."""

import os
import time

import gymnasium as gym
import numpy as np


class Slow(gym.Env):
    """A point that is pushed to the origin; every step sleeps FORESIGHT_STEP_SECONDS (default: 0.01) seconds."""

    observation_space = gym.spaces.Box(-10, 10, (2,), np.float32)
    action_space = gym.spaces.Box(-1, 1, (1,), np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.state = self.np_random.uniform(-1, 1, 2)
        return self.state.astype(np.float32), {}

    def step(self, action):
        time.sleep(float(os.environ.get("FORESIGHT_STEP_SECONDS", "0.01")))
        place, speed = self.state
        speed = float(np.clip(speed + 0.1 * action[0] + 0.01 * self.np_random.normal(), -1, 1))
        self.state = np.array([np.clip(place + 0.1 * speed, -10, 10), speed])
        return self.state.astype(np.float32), -float(place * place), False, False, {}


gym.register("Slow-v0", entry_point=Slow, max_episode_steps=50)
