"""Off-policy methods of Stable-Baselines3: their own train() on a full replay buffer.

    off_policy_sb3.py sac|td3|ddpg|dqn

Target networks move within train(), but for DQN's copies, which are made elsewhere.
"""

import sys

import gymnasium
import numpy as np
import shapes
import stable_baselines3
import torch
from stable_baselines3.common.logger import Logger
from timing import report, thread_count

UPDATES = 50
NAME = sys.argv[1].upper()
SHAPE = shapes.DQN if NAME == "DQN" else shapes.SAC


class Spaces(gymnasium.Env):
    """Nothing but the two spaces: the agent is never run."""

    observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (SHAPE.observation,), np.float32)
    action_space = (
        gymnasium.spaces.Discrete(SHAPE.actions) if NAME == "DQN"
        else gymnasium.spaces.Box(-1.0, 1.0, (SHAPE.action,), np.float32))

    def reset(self, *, seed=None, options=None):
        return np.zeros(SHAPE.observation, np.float32), {}

    def step(self, action):
        return np.zeros(SHAPE.observation, np.float32), 0.0, False, False, {}


def fill(buffer) -> None:
    random = np.random.default_rng(0)
    for column in (buffer.observations, buffer.next_observations, buffer.rewards):
        column[:] = random.standard_normal(column.shape)
    size = buffer.actions.shape
    buffer.actions[:] = random.integers(0, SHAPE.actions, size) if NAME == "DQN" else random.uniform(-1, 1, size)
    buffer.dones[:] = random.random(buffer.dones.shape) < 0.01
    buffer.pos, buffer.full = 0, True


def main() -> None:
    torch.set_num_threads(thread_count())
    polyak = {} if NAME == "DQN" else {"tau": SHAPE.polyak}
    agent = getattr(stable_baselines3, NAME)(
        "MlpPolicy", Spaces(), buffer_size=SHAPE.buffer, batch_size=SHAPE.batch, gamma=SHAPE.discount,
        learning_rate=SHAPE.learning_rate, policy_kwargs={"net_arch": [SHAPE.width, SHAPE.width]}, seed=0, device="cpu",
        **polyak)
    agent.set_logger(Logger(None, []))
    fill(agent.replay_buffer)
    report(lambda: agent.train(gradient_steps=UPDATES, batch_size=SHAPE.batch), UPDATES, "updates/s", warmup=1)
    loss = agent.logger.name_to_value["train/loss" if NAME == "DQN" else "train/critic_loss"]
    if not np.isfinite(loss):
        raise ArithmeticError("the loss is not finite")


main()
