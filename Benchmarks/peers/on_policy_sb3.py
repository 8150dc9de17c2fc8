"""PPO of Stable-Baselines3 or TRPO of sb3-contrib: their own train() on a full rollout buffer, with their defaults."""

import sys

import gymnasium
import numpy as np
import torch
from sb3_contrib import TRPO
from shapes import ON_POLICY
from stable_baselines3 import PPO
from stable_baselines3.common.logger import Logger
from timing import report, thread_count


class Spaces(gymnasium.Env):
    """Nothing but the two spaces: the agent is never run."""

    observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (ON_POLICY.observation,), np.float32)
    action_space = gymnasium.spaces.Box(-1.0, 1.0, (ON_POLICY.action,), np.float32)

    def reset(self, *, seed=None, options=None):
        return np.zeros(ON_POLICY.observation, np.float32), {}

    def step(self, action):
        return np.zeros(ON_POLICY.observation, np.float32), 0.0, False, False, {}


def fill(agent) -> None:
    """A rollout of normal numbers, as the library would have collected it."""
    buffer, random = agent.rollout_buffer, np.random.default_rng(0)
    buffer.reset()
    starts = np.ones(1, np.float32)
    for _ in range(ON_POLICY.steps):
        observation = random.standard_normal((1, ON_POLICY.observation)).astype(np.float32)
        with torch.no_grad():
            action, value, log_probability = agent.policy(torch.as_tensor(observation))
        buffer.add(observation, action.numpy(), random.standard_normal(1), starts, value, log_probability)
        starts = (random.random(1) < 0.01).astype(np.float32)
    buffer.compute_returns_and_advantage(last_values=value, dones=starts)


def main() -> None:
    torch.set_num_threads(thread_count())
    algorithm = {"ppo": PPO, "trpo": TRPO}[sys.argv[1]]
    agent = algorithm("MlpPolicy", Spaces(), n_steps=ON_POLICY.steps, seed=0, device="cpu")
    agent.set_logger(Logger(None, []))
    agent._current_progress_remaining = 1.0
    fill(agent)
    report(agent.train, 1, "updates/s", warmup=1)


main()
