"""Learns a task with Stable-Baselines3 (or SBX, its JAX version) under Foresight's default settings of SAC or TD3.

    .venv/bin/python learn_sb3.py sac Hopper-v4 --steps 100000 --random-steps 10000 > evaluations.csv
    .venv/bin/pip install sbx-rl==0.28.0 && .venv/bin/python learn_sb3.py sac Hopper-v4 --library sbx

Prints a table like `evaluations.csv` of a run of Foresight: episodes without noise in an environment of their own.
"""

import argparse
import csv
import sys

import gymnasium
import numpy as np
import torch
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.noise import NormalActionNoise


class Evaluations(BaseCallback):
    """Writes a row for each episode of an evaluation, every `interval` steps."""

    def __init__(self, environment, interval, episodes, seed):
        super().__init__()
        self.environment, self.interval, self.episodes = environment, interval, episodes
        self.environment.reset(seed=seed)
        self.table = csv.writer(sys.stdout, lineterminator="\n")
        self.table.writerow(["environment_steps", "episode", "return", "length"])

    def _on_step(self):
        if self.num_timesteps % self.interval == 0:
            for episode in range(self.episodes):
                self.table.writerow([self.num_timesteps, episode, *self.play()])
            sys.stdout.flush()
        return True

    def play(self):
        observation, _ = self.environment.reset()
        total, length, ended = 0.0, 0, False
        while not ended:
            action, _ = self.model.predict(observation, deterministic=True)
            observation, reward, terminated, truncated, _ = self.environment.step(action)
            total, length, ended = total + reward, length + 1, terminated or truncated
        return total, length


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("algorithm", choices=["sac", "td3"])
    parser.add_argument("environment", help="a name that Gymnasium knows")
    parser.add_argument("--library", choices=["sb3", "sbx"], default="sb3")
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--random-steps", type=int, default=1000, help="steps before learning and acting begin")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--interval", type=int, default=2000, help="steps between evaluations")
    parser.add_argument("--episodes", type=int, default=3, help="episodes of an evaluation")
    options = parser.parse_args()
    if options.library == "sb3":
        import stable_baselines3 as library
    else:
        import sbx as library
    torch.set_num_threads(1)
    environment = gymnasium.make(options.environment)
    settings = {
        "learning_rate": 3e-4, "buffer_size": 1_000_000, "learning_starts": options.random_steps, "batch_size": 256,
        "tau": 0.005, "gamma": 0.99, "train_freq": 1, "gradient_steps": 1, "policy_kwargs": {"net_arch": [256, 256]},
    }
    if options.algorithm == "td3":
        size = environment.action_space.shape[0]
        settings["action_noise"] = NormalActionNoise(np.zeros(size), np.full(size, 0.1))
    algorithm = {"sac": library.SAC, "td3": library.TD3}[options.algorithm]
    learner = algorithm("MlpPolicy", environment, seed=options.seed, **settings)
    evaluations = Evaluations(
        gymnasium.make(options.environment), options.interval, options.episodes, seed=options.seed + 1_000_000)
    learner.learn(options.steps, callback=evaluations)


if __name__ == "__main__":
    main()
