"""What is compared: every case, and for each the scripts that do the same work in Python."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Peer:
    """A script beside this file; it prints one JSON line with `value` and `unit`."""

    name: str
    script: str
    arguments: tuple[str, ...] = ()


def _planners(shape: str) -> list[Peer]:
    return [Peer("mbrl-lib", "pets_plan_mbrl.py", (shape,)), Peer("JAX by hand", "pets_plan_jax.py", (shape,))]


def _gymnasium(name: str) -> Peer:
    return Peer("Gymnasium", "env_step.py", ("gymnasium", name))


def _envpool(name: str) -> Peer:
    return Peer("envpool, 4 copies", "env_step.py", ("envpool", name))


def _environments(name: str) -> list[Peer]:
    return [_gymnasium(name), _envpool(name)]


def _latent(part: str) -> list[Peer]:
    return [Peer("the authors' PyTorch", "tdmpc2_authors.py", (part,)),
            Peer("the same, autocast to bfloat16", "tdmpc2_authors.py", (part, "bfloat16"))]


CASES: dict[str, list[Peer]] = {
    "sac-update": [Peer("Stable-Baselines3", "off_policy_sb3.py", ("sac",)), Peer("JAX by hand", "sac_update_jax.py")],
    "td3-update": [Peer("Stable-Baselines3", "off_policy_sb3.py", ("td3",)),
                   Peer("JAX by hand", "deterministic_update_jax.py", ("td3",))],
    "ddpg-update": [Peer("Stable-Baselines3", "off_policy_sb3.py", ("ddpg",)),
                    Peer("JAX by hand", "deterministic_update_jax.py", ("ddpg",))],
    "redq-update": [Peer("JAX by hand", "sac_update_jax.py", ("redq",))],
    "dqn-update": [Peer("Stable-Baselines3", "off_policy_sb3.py", ("dqn",)), Peer("JAX by hand", "dqn_update_jax.py")],
    "convolutional-dqn-update": [
        Peer("PyTorch", "convolutional_dqn_torch.py"), Peer("PyTorch, fused Adam", "convolutional_dqn_torch.py", ("fused",)),
        Peer("PyTorch, fused, channels last", "convolutional_dqn_torch.py", ("fused", "channels_last")),
    ],
    "ppo-epoch": [Peer("Stable-Baselines3", "on_policy_sb3.py", ("ppo",)), Peer("JAX by hand", "ppo_jax.py")],
    "trpo-update": [Peer("sb3-contrib", "on_policy_sb3.py", ("trpo",))],
    "ensemble-fit": [Peer("mbrl-lib", "ensemble_fit_mbrl.py"), Peer("JAX by hand", "ensemble_fit_jax.py")],
    "ensemble-rollout": [Peer("mbrl-lib", "ensemble_rollout_mbrl.py"), Peer("JAX by hand", "ensemble_rollout_jax.py")],
    "tdmpc2-plan": [Peer("the authors' PyTorch", "tdmpc2_authors.py", ("plan",))],
    "tdmpc2-plan-bfloat16": _latent("plan"),
    "tdmpc2-update": [Peer("the authors' PyTorch", "tdmpc2_authors.py", ("update",))],
    "tdmpc2-update-bfloat16": _latent("update"),
    "pets-plan-cartpole": _planners("cartpole"),
    "pets-plan-halfcheetah": _planners("halfcheetah"),
    "ilqr-iteration": [Peer("numpy by hand", "ilqr_numpy.py"), Peer("JAX by hand", "ilqr_jax.py"),
                       Peer("crocoddyl", "ilqr_crocoddyl.py")],
    "env-step-Pendulum-v1": _environments("Pendulum-v1"),
    "env-step-CartPole-v1": _environments("CartPole-v1"),
    "env-step-gymnasium": [Peer("Stable-Baselines3, 4 copies", "env_step.py", ("subprocesses", "CartPole-v1"))],
    "env-step-HalfCheetah-v5": [_gymnasium("HalfCheetah-v5")],
    "env-step-HalfCheetah-v5-copies": [_envpool("HalfCheetah-v5")],
    "env-step-Hopper-v5": [_gymnasium("Hopper-v5")],
    "env-step-Hopper-v5-copies": [_envpool("Hopper-v5")],
}
