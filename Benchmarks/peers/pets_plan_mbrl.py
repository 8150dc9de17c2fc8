"""One decision of mbrl-lib's cross-entropy planner through its ensemble: pets_plan_mbrl.py cartpole|halfcheetah."""

import sys

import gymnasium
import mbrl.env.reward_fns
import mbrl.env.termination_fns
import mbrl.models
import mbrl.planning
import numpy as np
import omegaconf
import torch
from mbrl_ensemble import make_ensemble
from shapes import PLANS, PlanShape
from timing import report, thread_count


class Spaces:
    """The two spaces, all that ModelEnv asks an environment for."""

    def __init__(self, shape: PlanShape):
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (shape.observation,), np.float32)
        self.action_space = gymnasium.spaces.Box(-1.0, 1.0, (shape.action,), np.float32)


def task(name: str) -> tuple:
    """Reward and termination, and the transition model's options."""
    rewards, terminations = mbrl.env.reward_fns, mbrl.env.termination_fns
    if name == "cartpole":
        return rewards.cartpole, terminations.cartpole, {}
    from mbrl.env.pets_halfcheetah import HalfCheetahEnv

    options = {"no_delta_list": [0], "obs_process_fn": HalfCheetahEnv.preprocess_fn}
    return rewards.halfcheetah, terminations.no_termination, options


def make_agent(name: str, shape: PlanShape) -> mbrl.planning.TrajectoryOptimizerAgent:
    reward, termination, options = task(name)
    network = make_ensemble(
        shape.observation + shape.action, shape.observation, shape.members, shape.hidden_layers, shape.width)
    model = mbrl.models.OneDTransitionRewardModel(
        network, target_is_delta=True, normalize=True, normalize_double_precision=True, learned_rewards=False,
        num_elites=shape.elites, **options)
    if shape.elites < shape.members:
        model.set_elite(list(range(shape.elites)))
    imagined = mbrl.models.ModelEnv(Spaces(shape), model, termination, reward, generator=torch.Generator())
    settings = omegaconf.OmegaConf.create({
        "_target_": "mbrl.planning.TrajectoryOptimizerAgent",
        "_recursive_": False,  # mbrl-lib predates the hydra that builds nested nodes by itself
        "action_lb": "???", "action_ub": "???", "planning_horizon": shape.horizon, "replan_freq": 1, "verbose": False,
        "optimizer_cfg": {
            "_target_": "mbrl.planning.CEMOptimizer", "num_iterations": shape.iterations,
            "elite_ratio": shape.elite_ratio, "population_size": shape.population, "alpha": shape.momentum,
            "lower_bound": "???", "upper_bound": "???", "return_mean_elites": True, "device": "cpu",
            "clipped_normal": False,
        },
    })
    return mbrl.planning.create_trajectory_optim_agent_for_model(imagined, settings, num_particles=shape.particles)


def main() -> None:
    torch.set_num_threads(thread_count())
    torch.manual_seed(0)
    np.random.seed(0)
    shape = PLANS[sys.argv[1]]
    agent = make_agent(sys.argv[1], shape)
    observation = np.zeros(shape.observation)
    report(lambda: agent.act(observation), shape.transitions, "model transitions/s", warmup=1)


main()
