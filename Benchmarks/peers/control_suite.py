"""Steps of tasks of DeepMind's control suite from given states, for tests to compare our tasks with.

Needs an environment of its own: dm_control 1.0.50 does not import with MuJoCo 4.

    python3.11 -m venv suite && suite/bin/pip install dm_control==1.0.50 mujoco==3.17.0
    suite/bin/python Benchmarks/peers/control_suite.py > Tests/MuJoCoEnvironmentsTests/Fixtures/control_suite.json
"""

import json

import numpy as np
from dm_control import suite

TASKS = [
    ("cartpole", "swingup", "dmc-cartpole-swingup", {}),
    ("cartpole", "balance_sparse", "dmc-cartpole-swingup", {"swing_up": False, "sparse": True}),
    ("pendulum", "swingup", "dmc-pendulum-swingup", {}),
    ("reacher", "easy", "dmc-reacher-easy", {}),
    ("reacher", "hard", "dmc-reacher-easy", {"target_size": 0.015}),
    ("cheetah", "run", "dmc-cheetah-run", {}),
    ("walker", "walk", "dmc-walker-walk", {}),
    ("walker", "stand", "dmc-walker-walk", {"move_speed": 0}),
    ("walker", "run", "dmc-walker-walk", {"move_speed": 8}),
    ("acrobot", "swingup", "dmc-acrobot-swingup", {}),
    ("acrobot", "swingup_sparse", "dmc-acrobot-swingup", {"sparse": True}),
    ("hopper", "hop", "dmc-hopper-hop", {}),
    ("hopper", "stand", "dmc-hopper-hop", {"hopping": False}),
]
EPISODES, STEPS = 2, 5


def flat(observation):
    return np.concatenate([np.ravel(part) for part in observation.values()])


def near_goal(domain, physics, random):
    """A state in which the task pays: the others often do not."""
    if domain in ("cartpole", "pendulum", "acrobot"):
        physics.data.qpos[:] = random.normal(0, 0.03, physics.model.nq)
    if domain == "reacher":
        physics.forward()
        target = physics.named.data.geom_xpos["finger"][:2] + random.normal(0, 0.01, 2)
        physics.named.model.geom_pos["target", ["x", "y"]] = target
    if domain in ("walker", "hopper"):
        physics.data.qpos[:] = physics.model.qpos0
        physics.data.qvel[0 if domain == "hopper" else 1] = 1.3


def record(domain, task):
    environment = suite.load(domain, task, task_kwargs={"random": 1})
    physics, definition = environment.physics, environment.task
    random = np.random.default_rng(1)
    steps = []
    for episode in range(EPISODES):
        environment.reset()
        velocity = random.normal(0, 1, physics.model.nv)
        with physics.reset_context():
            definition.initialize_episode(physics)
            physics.data.qvel[:] = velocity
            if episode == 1:
                physics.data.qvel[:] *= 0.01
                near_goal(domain, physics, random)
        for _ in range(STEPS):
            positions, velocities = physics.data.qpos.copy(), physics.data.qvel.copy()
            # from the state alone: no warm start of the solver
            with physics.reset_context():
                physics.data.qpos[:], physics.data.qvel[:] = positions, velocities
            start = flat(definition.get_observation(physics))
            action = random.uniform(-1, 1, physics.model.nu).astype(np.float32).astype(np.float64)
            definition.before_step(action, physics)
            physics.step(environment._n_sub_steps)
            steps.append({
                "positions": positions.tolist(), "velocities": velocities.tolist(), "action": action.tolist(),
                "start": start.tolist(), "observation": flat(definition.get_observation(physics)).tolist(),
                "reward": float(definition.get_reward(physics)),
            })
            if domain == "reacher":
                steps[-1]["own"] = physics.named.data.geom_xpos["target"][:2].tolist()
    return {
        "steps": steps, "stepLimit": round(environment._step_limit), "timeStep": environment.control_timestep()}


def main():
    cases = []
    for domain, task, name, settings in TASKS:
        cases.append({"task": f"{domain}-{task}", "name": name, "settings": settings} | record(domain, task))
    print(json.dumps(cases))


if __name__ == "__main__":
    main()
