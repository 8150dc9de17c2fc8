"""Soft actor-critic of Stable-Baselines3: its own train() on a full replay buffer."""

import gymnasium
import numpy as np
import torch
from shapes import SAC
from stable_baselines3 import SAC as SoftActorCritic
from stable_baselines3.common.logger import Logger
from timing import report, thread_count

UPDATES = 50


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


def main() -> None:
    torch.set_num_threads(thread_count())
    agent = SoftActorCritic(
        "MlpPolicy", Spaces(), buffer_size=SAC.buffer, batch_size=SAC.batch, gamma=SAC.discount, tau=SAC.polyak,
        learning_rate=SAC.learning_rate, policy_kwargs={"net_arch": [SAC.width, SAC.width]}, seed=0, device="cpu")
    agent.set_logger(Logger(None, []))
    fill(agent.replay_buffer)
    report(lambda: agent.train(gradient_steps=UPDATES, batch_size=SAC.batch), UPDATES, "updates/s", warmup=1)
    if not np.isfinite(agent.logger.name_to_value["train/critic_loss"]):
        raise ArithmeticError("the critics' loss is not finite")


main()
