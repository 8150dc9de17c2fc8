"""One decision or one update of TD-MPC2 by its authors' code, on the CPU: tdmpc2_authors.py plan|update [bfloat16] [compile].

TDMPC2 names the folder `tdmpc2` of a checkout of github.com/nicklashansen/tdmpc2, which is not part of this repository. Its
modules are imported from a copy in which the processor stands for the graphics card. Needs the package tensordict.
"""

import os
import sys
import tempfile
import types
from pathlib import Path

import torch
from shapes import TDMPC2 as Shape
from timing import report, thread_count


def load() -> type:
    """The authors' agent class, from a copy that names no graphics card."""
    source = os.environ.get("TDMPC2")
    if not source:
        sys.exit("TDMPC2 must name the folder tdmpc2 of the authors' repository")
    copy = Path(tempfile.mkdtemp())
    for path in [Path(source) / "tdmpc2.py", *(Path(source) / "common").glob("*.py")]:
        target = copy / path.relative_to(source)
        target.parent.mkdir(exist_ok=True)
        text = path.read_text().replace("cuda:0", "cpu").replace("capturable=True", "capturable=False")
        text = text.replace("WorldModel(cfg).to(self.device)", "WorldModel(cfg)")  # parts of it have no data to move
        target.write_text(text)
    sys.path.insert(0, str(copy))
    from tdmpc2 import TDMPC2

    return TDMPC2


class Settings(types.SimpleNamespace):
    def get(self, name, default=None):
        return getattr(self, name, default)


def settings() -> Settings:
    return Settings(
        obs="state", obs_shape={"state": (Shape.observation,)}, obs_shapes=None, action_dim=Shape.action, action_dims=None,
        episodic=False, multitask=False, task_dim=0, tasks=["task"], task="task", episode_length=500, episode_lengths=None,
        num_enc_layers=2, enc_dim=256, mlp_dim=384, latent_dim=128, num_q=2, num_channels=32, dropout=0.01, simnorm_dim=8,
        num_bins=101, vmin=-10, vmax=10, bin_size=0.2, log_std_min=-10, log_std_max=2, entropy_coef=1e-4,
        mpc=True, iterations=6, num_samples=512, num_elites=64, num_pi_trajs=24, horizon=3, min_std=0.05, max_std=2,
        temperature=0.5, lr=3e-4, enc_lr_scale=0.3, grad_clip_norm=20, tau=0.01, rho=0.5, discount_denom=5,
        discount_min=0.95, discount_max=0.995, reward_coef=0.1, value_coef=0.1, termination_coef=1, consistency_coef=20,
        batch_size=Shape.batch, compile="compile" in sys.argv[2:],
    )


def main() -> None:
    torch.set_num_threads(thread_count())
    torch.manual_seed(0)
    agent = load()(settings())
    if "bfloat16" in sys.argv[2:]:
        torch.autocast("cpu", dtype=torch.bfloat16).__enter__()
    if sys.argv[1] == "plan":
        observation = torch.zeros(Shape.observation)
        report(lambda: agent.act(observation), 1, "plans/s")
        return
    observations = torch.randn(4, Shape.batch, Shape.observation)
    actions = torch.rand(3, Shape.batch, Shape.action) * 2 - 1
    rewards, terminated = torch.randn(3, Shape.batch, 1), torch.zeros(3, Shape.batch, 1)
    report(lambda: agent._update(observations, actions, rewards, terminated), 1, "updates/s")


main()
