"""Deep Q-network of Stable-Baselines3: its own train() on a full replay buffer. Its target copies are made elsewhere."""

import gymnasium
import numpy as np
import torch
from shapes import DQN
from stable_baselines3 import DQN as DeepQNetwork
from stable_baselines3.common.logger import Logger
from timing import report, thread_count

UPDATES = 50


class Spaces(gymnasium.Env):
    """Nothing but the two spaces: the agent is never run."""

    observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (DQN.observation,), np.float32)
    action_space = gymnasium.spaces.Discrete(DQN.actions)

    def reset(self, *, seed=None, options=None):
        return np.zeros(DQN.observation, np.float32), {}

    def step(self, action):
        return np.zeros(DQN.observation, np.float32), 0.0, False, False, {}


def fill(buffer) -> None:
    random = np.random.default_rng(0)
    for column in (buffer.observations, buffer.next_observations, buffer.rewards):
        column[:] = random.standard_normal(column.shape)
    buffer.actions[:] = random.integers(0, DQN.actions, buffer.actions.shape)
    buffer.dones[:] = random.random(buffer.dones.shape) < 0.01
    buffer.pos, buffer.full = 0, True


def main() -> None:
    torch.set_num_threads(thread_count())
    agent = DeepQNetwork(
        "MlpPolicy", Spaces(), buffer_size=DQN.buffer, batch_size=DQN.batch, gamma=DQN.discount,
        learning_rate=DQN.learning_rate, policy_kwargs={"net_arch": [DQN.width, DQN.width]}, seed=0, device="cpu")
    agent.set_logger(Logger(None, []))
    fill(agent.replay_buffer)
    report(lambda: agent.train(gradient_steps=UPDATES, batch_size=DQN.batch), UPDATES, "updates/s", warmup=1)
    if not np.isfinite(agent.logger.name_to_value["train/loss"]):
        raise ArithmeticError("the loss is not finite")


main()
