"""Steps MuJoCo environments of Gymnasium, MBPO and PETS from given states with given actions.

Reads {"tensors": path, "tasks": [{"key", "environment", "options" (JSON text), "episodes": [{"positions", "velocities",
"actions"}]}]} as JSON from the file named first. Writes to the file named second the spaces and step limits by key, and
to `tensors`, in safetensors, under KEY.observations (the first of every episode included), KEY.rewards, KEY.terminated
and KEY.truncated what happened in all episodes, one after the other.
"""

import json
import sys

import gymnasium
import mujoco
import numpy as np
from gymnasium.envs.mujoco import MujocoEnv
from gymnasium.spaces import Box
from safetensors.numpy import save_file


class TruncatedAnt(MujocoEnv):
    """Janner et al. 2019, mbpo/env/ant.py."""

    metadata = {"render_modes": ["human", "rgb_array", "depth_array", "rgbd_tuple"], "render_fps": 20}

    def __init__(self):
        super().__init__("ant.xml", 5, Box(-np.inf, np.inf, (27,)))

    def step(self, action):
        start = self.get_body_com("torso")[0].copy()
        self.do_simulation(action, self.frame_skip)
        speed = (self.get_body_com("torso")[0] - start) / self.dt
        contact = 5e-4 * np.sum(np.clip(self.data.cfrc_ext, -1, 1) ** 2)
        reward = speed - 0.5 * np.sum(action**2) - contact + 1
        height = self.data.qpos[2]
        healthy = np.isfinite(self.state_vector()).all() and 0.2 <= height <= 1.0
        return self._get_obs(), reward, not healthy, False, {}

    def _get_obs(self):
        return np.concatenate([self.data.qpos[2:], self.data.qvel])

    def reset_model(self):
        return self._get_obs()


class TruncatedHumanoid(MujocoEnv):
    """Janner et al. 2019, mbpo/env/humanoid.py."""

    metadata = {"render_modes": ["human", "rgb_array", "depth_array", "rgbd_tuple"], "render_fps": 67}

    def __init__(self):
        super().__init__("humanoid.xml", 5, Box(-np.inf, np.inf, (45,)))

    def center(self):
        mass = self.model.body_mass
        return np.sum(mass * self.data.xipos[:, 0]) / np.sum(mass)

    def step(self, action):
        start = self.center()
        self.do_simulation(action, self.frame_skip)
        progress = 0.25 * (self.center() - start) / self.model.opt.timestep
        impact = min(0.5e-6 * np.sum(self.data.cfrc_ext**2), 10)
        reward = progress - 0.1 * np.sum(self.data.ctrl**2) - impact + 5
        height = self.data.qpos[2]
        return self._get_obs(), reward, bool(height < 1 or height > 2), False, {}

    def _get_obs(self):
        return np.concatenate([self.data.qpos[2:], self.data.qvel])

    def reset_model(self):
        return self._get_obs()


class PETSHalfCheetah(MujocoEnv):
    """Chua et al. 2018, dmbrl/env/half_cheetah.py."""

    metadata = {"render_modes": ["human", "rgb_array", "depth_array", "rgbd_tuple"], "render_fps": 20}

    def __init__(self):
        super().__init__("half_cheetah.xml", 5, Box(-np.inf, np.inf, (18,)))

    def step(self, action):
        self.last = self.data.qpos[0]
        self.do_simulation(action, self.frame_skip)
        observation = self._get_obs()
        return observation, observation[0] - 0.1 * np.sum(action**2), False, False, {}

    def _get_obs(self):
        return np.concatenate([[(self.data.qpos[0] - self.last) / self.dt], self.data.qpos[1:], self.data.qvel])

    def set_state(self, positions, velocities):
        super().set_state(positions, velocities)
        self.last = positions[0]

    def reset_model(self):
        self.last = self.data.qpos[0]
        return self._get_obs()


PUBLISHED = {
    "AntTruncatedObs": TruncatedAnt,
    "HumanoidTruncatedObs": TruncatedHumanoid,
    "half-cheetah-pets": PETSHalfCheetah,
}


def make(name, options):
    if name in PUBLISHED:
        return gymnasium.wrappers.TimeLimit(PUBLISHED[name](), 1000), 1000
    version = mujoco.__version__
    if name == "Pusher-v4":
        mujoco.__version__ = "2.3.7"  # Gymnasium refuses it with later ones; here only its definition matters
    environment = gymnasium.make(name, disable_env_checker=True, **options)
    mujoco.__version__ = version
    return environment, environment.spec.max_episode_steps


def replay(environment, episodes):
    core = environment.unwrapped
    observations, rewards, terminated, truncated = [], [], [], []
    for episode in episodes:
        environment.reset(seed=0)  # clears the step counter
        mujoco.mj_resetData(core.model, core.data)
        core.set_state(np.array(episode["positions"]), np.array(episode["velocities"]))
        observations.append(core._get_obs())
        for action in episode["actions"]:
            # in double precision, lest costs of control be rounded to single as the actions are
            observation, reward, over, cut, _ = environment.step(np.array(action, dtype=np.float64))
            observations.append(observation)
            rewards.append(reward)
            terminated.append(over)
            truncated.append(cut)
    return {
        "observations": np.array(observations, dtype=np.float64),
        "rewards": np.array(rewards, dtype=np.float64),
        "terminated": np.array(terminated, dtype=np.uint8),
        "truncated": np.array(truncated, dtype=np.uint8),
    }


def main():
    with open(sys.argv[1]) as file:
        request = json.load(file)
    spaces, tensors = {}, {}
    for task in request["tasks"]:
        environment, limit = make(task["environment"], json.loads(task["options"]))
        space = environment.action_space
        spaces[task["key"]] = {
            "observationSize": int(environment.observation_space.shape[0]),
            "low": [float(value) for value in space.low],
            "high": [float(value) for value in space.high],
            "stepLimit": limit,
            "timeStep": float(environment.unwrapped.dt),
        }
        for name, tensor in replay(environment, task["episodes"]).items():
            tensors[f"{task['key']}.{name}"] = tensor
    save_file(tensors, request["tensors"])
    with open(sys.argv[2], "w") as file:
        json.dump(spaces, file)


main()
