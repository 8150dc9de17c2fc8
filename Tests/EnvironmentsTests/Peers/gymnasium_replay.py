"""Steps Gymnasium environments from given states with given actions.

Reads {"environment": id, "episodes": [{"start": [...], "actions": [[...]]}]} as JSON from the file named first and writes
to the file named second the spaces, the step limit and, for every episode and step, observation, reward and whether it
terminated or was truncated.
"""

import json
import sys

import gymnasium
import numpy as np


def main():
    with open(sys.argv[1]) as file:
        request = json.load(file)
    environment = gymnasium.make(request["environment"])
    space = environment.action_space
    discrete = isinstance(space, gymnasium.spaces.Discrete)
    episodes = []
    for episode in request["episodes"]:
        environment.reset(seed=0)  # clears the step counter
        # MountainCarContinuous computes in the precision of its state, single after the first step
        single = request["environment"] == "MountainCarContinuous-v0"
        environment.unwrapped.state = np.array(episode["start"], dtype=np.float32 if single else np.float64)
        steps = {"observations": [], "rewards": [], "terminated": [], "truncated": []}
        for action in episode["actions"]:
            taken = int(action[0]) if discrete else np.array(action, dtype=np.float32)
            observation, reward, terminated, truncated, _ = environment.step(taken)
            steps["observations"].append([float(value) for value in observation])
            steps["rewards"].append(float(reward))
            steps["terminated"].append(bool(terminated))
            steps["truncated"].append(bool(truncated))
        episodes.append(steps)
    answer = {
        "observationSize": int(environment.observation_space.shape[0]),
        "choices": int(space.n) if discrete else 0,
        "low": [] if discrete else [float(value) for value in space.low],
        "high": [] if discrete else [float(value) for value in space.high],
        "stepLimit": environment.spec.max_episode_steps,
        "episodes": episodes,
    }
    with open(sys.argv[2], "w") as file:
        json.dump(answer, file)


main()
