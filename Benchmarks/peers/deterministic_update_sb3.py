"""TD3 and DDPG of Stable-Baselines3: their own train() on a full replay buffer.

    deterministic_update_sb3.py td3|ddpg
"""

import sys

import numpy as np
import torch
from sb3_buffer import Spaces, fill
from shapes import SAC
from stable_baselines3 import DDPG, TD3
from stable_baselines3.common.logger import Logger
from timing import report, thread_count

UPDATES = 50


def main() -> None:
    torch.set_num_threads(thread_count())
    method = {"td3": TD3, "ddpg": DDPG}[sys.argv[1]]
    agent = method(
        "MlpPolicy", Spaces(), buffer_size=SAC.buffer, batch_size=SAC.batch, gamma=SAC.discount, tau=SAC.polyak,
        learning_rate=SAC.learning_rate, policy_kwargs={"net_arch": [SAC.width, SAC.width]}, seed=0, device="cpu")
    agent.set_logger(Logger(None, []))
    fill(agent.replay_buffer)
    report(lambda: agent.train(gradient_steps=UPDATES, batch_size=SAC.batch), UPDATES, "updates/s", warmup=1)
    if not np.isfinite(agent.logger.name_to_value["train/critic_loss"]):
        raise ArithmeticError("the critics' loss is not finite")


main()
