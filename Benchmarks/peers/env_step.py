"""Environment steps under actions drawn beforehand, resets included: env_step.py gymnasium|envpool|subprocesses NAME."""

import sys

import gymnasium
import numpy as np
from timing import report, thread_count

STEPS = 10_000
COPIES = 4


def draw_actions(space, leading: tuple[int, ...]):
    random = np.random.default_rng(0)
    if isinstance(space, gymnasium.spaces.Discrete):
        return random.integers(0, space.n, leading)
    return random.uniform(space.low, space.high, (*leading, *space.shape)).astype(np.float32)


def step_gymnasium(name: str) -> None:
    environment = gymnasium.make(name)
    actions = list(draw_actions(environment.action_space, (STEPS,)))
    if isinstance(environment.action_space, gymnasium.spaces.Discrete):
        actions = [int(action) for action in actions]
    environment.reset(seed=0)

    def work() -> None:
        for action in actions:
            _, _, terminated, truncated, _ = environment.step(action)
            if terminated or truncated:
                environment.reset()

    report(work, STEPS, "steps/s")


def step_envpool(name: str) -> None:
    import envpool

    pool = envpool.make_gymnasium(name, num_envs=COPIES, num_threads=thread_count(), seed=0)
    actions = draw_actions(pool.action_space, (STEPS // COPIES, COPIES)).astype(pool.action_space.dtype)
    pool.reset()

    def work() -> None:
        for row in actions:
            pool.step(row)  # an environment that has ended is reset by its next step

    report(work, STEPS, "steps/s")


def step_subprocesses(name: str) -> None:
    from stable_baselines3.common.env_util import make_vec_env
    from stable_baselines3.common.vec_env import SubprocVecEnv

    copies = make_vec_env(name, n_envs=COPIES, seed=0, vec_env_cls=SubprocVecEnv)
    actions = list(draw_actions(copies.action_space, (STEPS // 10 // COPIES, COPIES)))
    copies.reset()

    def work() -> None:
        for row in actions:
            copies.step(row)  # an environment that has ended is reset within the step

    report(work, STEPS // 10, "steps/s")
    copies.close()


if __name__ == "__main__":  # the copies' processes import this file
    {"gymnasium": step_gymnasium, "envpool": step_envpool, "subprocesses": step_subprocesses}[sys.argv[1]](sys.argv[2])
