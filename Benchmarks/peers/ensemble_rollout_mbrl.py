"""MBPO's branched rollouts in mbrl-lib: from 100,000 states of its replay buffer into SAC's, the policy in the loop."""

from types import SimpleNamespace

import gymnasium
import mbrl.algorithms.mbpo
import mbrl.env.termination_fns
import mbrl.models
import mbrl.util
import numpy as np
import torch
from mbrl.planning.sac_wrapper import SACAgent
from mbrl.third_party.pytorch_sac_pranz24.sac import SAC
from mbrl_ensemble import make_ensemble
from shapes import ROLLOUT
from timing import report, thread_count


class Spaces:
    """The two spaces, all that ModelEnv asks an environment for."""

    def __init__(self):
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (ROLLOUT.observation,), np.float32)
        self.action_space = gymnasium.spaces.Box(-1.0, 1.0, (ROLLOUT.action,), np.float32)


def make_model() -> mbrl.models.OneDTransitionRewardModel:
    network = make_ensemble(
        ROLLOUT.observation + ROLLOUT.action, ROLLOUT.observation + 1, ROLLOUT.members, ROLLOUT.hidden_layers,
        ROLLOUT.width)
    model = mbrl.models.OneDTransitionRewardModel(
        network, target_is_delta=True, normalize=True, normalize_double_precision=True, learned_rewards=True,
        num_elites=ROLLOUT.elites)
    model.set_elite(list(range(ROLLOUT.elites)))
    return model


def make_replay(random: np.random.Generator) -> mbrl.util.ReplayBuffer:
    count = ROLLOUT.transitions
    buffer = mbrl.util.ReplayBuffer(
        count, (ROLLOUT.observation,), (ROLLOUT.action,), obs_type=np.double, action_type=np.double,
        reward_type=np.double, rng=random)
    never = np.zeros(count, dtype=bool)
    buffer.add_batch(
        random.standard_normal((count, ROLLOUT.observation)), random.uniform(-1, 1, (count, ROLLOUT.action)),
        random.standard_normal((count, ROLLOUT.observation)), random.standard_normal(count), never, never)
    return buffer


def main() -> None:
    torch.set_num_threads(thread_count())
    torch.manual_seed(0)
    random = np.random.default_rng(0)
    spaces, model, replay = Spaces(), make_model(), make_replay(random)
    model.update_normalizer(replay.get_all())
    imagined = mbrl.models.ModelEnv(
        spaces, model, mbrl.env.termination_fns.no_termination, None, generator=torch.Generator())
    agent = SACAgent(SAC(ROLLOUT.observation, spaces.action_space, SimpleNamespace(
        gamma=0.99, tau=0.005, alpha=0.2, policy="Gaussian", target_update_interval=1, automatic_entropy_tuning=True,
        target_entropy=-ROLLOUT.action, hidden_size=ROLLOUT.policy_width, device=torch.device("cpu"), lr=3e-4)))
    target = mbrl.util.ReplayBuffer(ROLLOUT.starts, (ROLLOUT.observation,), (ROLLOUT.action,), rng=random)
    report(
        lambda: mbrl.algorithms.mbpo.rollout_model_and_populate_sac_buffer(
            imagined, replay, agent, target, True, ROLLOUT.steps, ROLLOUT.starts),
        ROLLOUT.starts * ROLLOUT.steps, "model transitions/s", warmup=1)
    if not np.isfinite(target.next_obs).all():
        raise ArithmeticError("imagined states are not finite")


main()
