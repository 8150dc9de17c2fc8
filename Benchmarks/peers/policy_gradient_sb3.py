"""Writes what Stable-Baselines3 and sb3-contrib make of a small rollout, for the tests of Foresight's policy gradients.

    .venv/bin/pip install sb3-contrib==2.9.2
    .venv/bin/python policy_gradient_sb3.py ../../Tests/LearnersTests/PolicyGradient/Fixtures/stable_baselines3.json

A scripted environment gives terminations and truncations. The libraries collect a rollout by their own code, estimate
advantages, and update: PPO with three epochs of one minibatch, A2C with RMSprop once, TRPO's direction and longest step.
Parameters are flat in Foresight's order: the policy's layers, weight [in, out] then bias, log standard deviations, the
value's layers.
"""

import json
import pathlib
import sys

import gymnasium
import numpy as np
import sb3_contrib
import sb3_contrib.trpo.trpo as trpo_module
import torch
from stable_baselines3 import A2C, PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import configure
from stable_baselines3.common.sb2_compat.rmsprop_tf_like import RMSpropTFLike
from stable_baselines3.common.vec_env import DummyVecEnv

STEPS, COPIES, SIZE = 10, 3, 3


class Script(gymnasium.Env):
    """Normal observations and rewards; one step in seven ends an episode, in turn by termination and by truncation."""

    def __init__(self, copy, discrete):
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (SIZE,), np.float32)
        self.action_space = (
            gymnasium.spaces.Discrete(3) if discrete else gymnasium.spaces.Box(-1.0, 1.0, (2,), np.float32))
        self.random = np.random.default_rng(copy)
        self.copy, self.time, self.log = copy, 0, []

    def draw(self):
        return self.random.normal(size=SIZE).astype(np.float32)

    def reset(self, *, seed=None, options=None):
        return self.draw(), {}

    def step(self, action):
        place = self.time * COPIES + self.copy
        terminated, truncated = place % 7 == 3, place % 7 == 6
        observation, reward = self.draw(), float(np.float32(self.random.normal()))
        self.time += 1
        self.log.append({"reward": reward, "terminated": terminated, "truncated": truncated, "next": observation})
        return observation, reward, terminated, truncated, {}


class Nothing(BaseCallback):
    def _on_step(self):
        return True


def numbers(array):
    return [float(f"{x:.9g}") for x in np.asarray(array, dtype=np.float64).ravel()]


def flat(policy, tensors=None):
    """Parameters, or tensors of their names, in Foresight's order; those that are missing are left out."""
    tensors = dict(policy.named_parameters()) if tensors is None else tensors
    names = [n for n in dict(policy.named_parameters()) if n.startswith("mlp_extractor.policy_net")]
    names += ["action_net.weight", "action_net.bias", "log_std"]
    names += [n for n in dict(policy.named_parameters()) if n.startswith("mlp_extractor.value_net")]
    names += ["value_net.weight", "value_net.bias"]
    found = [tensors[n].detach().numpy() for n in names if n in tensors]
    return numbers(np.concatenate([(t.T if t.ndim == 2 else t).ravel() for t in found]))


def shaken(model):
    """The model with parameters that are not near their small first values."""
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for parameter in model.policy.parameters():
            parameter.copy_(0.5 * torch.randn(parameter.shape, generator=generator))
    return model


def collected(model, environments):
    """The rollout as the library collected it, and its advantages and returns, in rows t * N + n."""
    model.set_logger(configure(None, []))
    _, callback = model._setup_learn(10**6, Nothing())
    model.collect_rollouts(model.env, callback, model.rollout_buffer, n_rollout_steps=STEPS)
    model._current_progress_remaining = 1.0
    buffer, log = model.rollout_buffer, [e.log for e in environments]
    steps = [[log[n][t] for n in range(COPIES)] for t in range(STEPS)]
    return {
        "observations": numbers(buffer.observations), "actions": numbers(buffer.actions),
        "rewards": numbers([[s["reward"] for s in row] for row in steps]),
        "endings": [1 if s["terminated"] else 2 if s["truncated"] else 0 for row in steps for s in row],
        "next": numbers([[s["next"] for s in row] for row in steps]),
        "advantages": numbers(buffer.advantages), "returns": numbers(buffer.returns), "values": numbers(buffer.values),
        "log_probabilities": numbers(buffer.log_probs),
    }


def case(discrete, algorithm, policy_kwargs=None, **settings):
    environments = [Script(n, discrete) for n in range(COPIES)]
    model = shaken(algorithm(
        "MlpPolicy", DummyVecEnv([lambda e=e: e for e in environments]), n_steps=STEPS, seed=0, device="cpu",
        policy_kwargs={"net_arch": {"pi": [5, 4], "vf": [5, 4]}, **(policy_kwargs or {})}, **settings))
    before = flat(model.policy)
    result = {"rollout": collected(model, environments), "before": before}
    return model, result


def trust_region(discrete):
    model, result = case(discrete, sb3_contrib.TRPO, n_critic_updates=0, cg_max_steps=40)
    solve, seen = trpo_module.conjugate_gradient_solver, {}

    def kept(product, gradient, **arguments):
        direction = solve(product, gradient, **arguments)
        length = torch.sqrt(2 * model.target_kl / torch.matmul(direction, product(direction, retain_graph=True)))
        seen.update(direction=direction, length=float(length))
        return direction

    trpo_module.conjugate_gradient_solver = kept
    model.train()
    trpo_module.conjugate_gradient_solver = solve
    names = [n for n, _ in model.policy.named_parameters() if "value" not in n]
    own, first, tensors = dict(model.policy.named_parameters()), 0, {}
    for name in names:
        count = own[name].numel()
        tensors[name] = seen["direction"][first:first + count].reshape(own[name].shape)
        first += count
    result["step"] = numbers(np.array(flat(model.policy, tensors)) * seen["length"])
    return result


def main():
    torch.set_num_threads(1)
    answer = {"steps": STEPS, "copies": COPIES, "observation_size": SIZE, "cases": {}}
    for kind, discrete in [("gaussian", False), ("categorical", True)]:
        model, ppo = case(
            discrete, PPO, batch_size=STEPS * COPIES, n_epochs=3, ent_coef=0.01, learning_rate=1e-3, clip_range_vf=0.2)
        model.train()
        ppo["after"] = flat(model.policy)
        model, a2c = case(discrete, A2C, ent_coef=0.01, gae_lambda=0.9)
        model.train()
        a2c["after"] = flat(model.policy)
        model, tensorflow = case(
            discrete, A2C, ent_coef=0.01, gae_lambda=0.9,
            policy_kwargs={"optimizer_class": RMSpropTFLike, "optimizer_kwargs": {"eps": 1e-5}})
        model.train()
        tensorflow["after"] = flat(model.policy)
        answer["cases"][kind] = {"ppo": ppo, "a2c": a2c, "a2c_tensorflow": tensorflow, "trpo": trust_region(discrete)}
    path = pathlib.Path(sys.argv[1])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(answer, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
