"""Draws how far the maxima of Experiments/continuous-max are from a grid's, and what the agents reach.

    .venv/bin/python Plots/continuous_max.py Experiments/continuous-max --from RESULTS

RESULTS is the folder of the study's runs; with it errors.csv is written anew: the errors that the searches logged, and
that of ddpg's actor at the end, from its checkpoint, at 256 states of its replay. A grid has 501 points for one component
and 49 x 49 for two.
"""

from __future__ import annotations

import argparse
import itertools
import json
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from foresight.records import read_replay
from safetensors.numpy import load_file

COLORS = {"uniform": "#e69f00", "cem": "#0072b2", "cma-es": "#009e73", "ddpg": "#d55e00", "naf": "0.4"}


def forward(flat: np.ndarray, widths: list[int], x: np.ndarray) -> np.ndarray:
    """Outputs of a network with rectified hidden layers whose parameters are flat, weight [in, out] then bias."""
    place = 0
    for index, (inputs, outputs) in enumerate(itertools.pairwise(widths)):
        weight = flat[place:place + inputs * outputs].reshape(inputs, outputs)
        place += inputs * outputs
        x = x @ weight + flat[place:place + outputs]
        place += outputs
        if index < len(widths) - 2:
            x = np.maximum(x, 0)
    return x


def actor_error(checkpoint: Path, hidden: list[int]) -> float:
    """Mean over states of max over a grid of Q(s, a) less Q(s, mu(s))."""
    tensors = load_file(checkpoint)

    def tensor(name: str) -> np.ndarray:
        return next(value for key, value in tensors.items() if key.endswith(name))

    replay = read_replay(checkpoint, "replay.", tensor("interaction.observation").shape[-1])
    observations, size = replay["observations"], replay["actions"].shape[1]
    states = observations[np.random.default_rng(0).choice(len(observations), 256, replace=False)]
    actor, critics = tensor("learner.actor"), tensor("learner.critics")
    critic_widths = [states.shape[1] + size, *hidden, 1]
    critic = critics[:sum((a + 1) * b for a, b in itertools.pairwise(critic_widths))]
    chosen = np.tanh(forward(actor, [states.shape[1], *hidden, size], states))
    values = forward(critic, critic_widths, np.concatenate([states, chosen], 1))[:, 0]
    side = 501 if size == 1 else 49
    grid = np.stack(np.meshgrid(*[np.linspace(-1, 1, side)] * size), -1).reshape(-1, size).astype(np.float32)
    most = [forward(critic, critic_widths, np.concatenate([np.repeat(s[None], len(grid), 0), grid], 1)).max()
            for s in states]
    return float(np.mean(np.array(most) - values))


def errors(results: Path) -> pd.DataFrame:
    """A row a run and logged step."""
    rows = []
    for path in sorted(results.glob("**/training.csv")):
        manifest = json.loads((path.parent / "manifest.json").read_text())
        label, environment = path.parent.parent.name, path.parent.parent.parent.name
        seed = int(path.parent.name.rsplit("-", 1)[1])
        if label == "ddpg":
            newest = max(path.parent.glob("**/*.safetensors"), key=lambda file: file.stat().st_mtime)
            rows.append((environment, label, seed, manifest["steps"], actor_error(newest, [64, 64])))
            continue
        table = pd.read_csv(path)
        if "max_error" not in table:
            continue
        logged = table.dropna(subset=["max_error"])
        steps = logged["environment_steps"]
        rows += [(environment, label, seed, step, error)
                 for step, error in zip(steps, logged["max_error"], strict=True)]
    return pd.DataFrame(rows, columns=["environment", "agent", "seed", "environment_steps", "max_error"])


def draw(table: pd.DataFrame, results: pd.DataFrame, path: Path) -> None:
    """Above the error of the maximum, below returns, a column an environment; medians over seeds and their range."""
    environments = sorted(results["environment"].unique())
    figure, axes = plt.subplots(2, len(environments), figsize=(10, 6.4), layout="constrained", squeeze=False)
    for column, environment in enumerate(environments):
        upper, lower = axes[0][column], axes[1][column]
        for label, color in COLORS.items():
            found = table[(table["environment"] == environment) & (table["agent"] == label)]
            if len(found):
                curve = found.groupby("environment_steps")["max_error"]
                style = {"marker": "D", "linestyle": "none"} if label == "ddpg" else {"marker": "."}
                upper.plot(curve.median().index, curve.median(), color=color, label=label, **style)
            runs = results[(results["environment"] == environment) & (results["agent"] == label)]
            means = runs.groupby(["environment_steps", "seed"])["return"].mean().groupby("environment_steps")
            lower.plot(means.median().index, means.median(), color=color, label=label, marker=".")
            lower.fill_between(means.min().index, means.min(), means.max(), color=color, alpha=0.15, linewidth=0)
        upper.axhline(0, color="0.7", linewidth=1)
        upper.set_yscale("symlog", linthresh=1e-2)
        upper.set_title(environment)
        lower.set_xlabel("environment steps")
        for axis in (upper, lower):
            axis.grid(color="0.92")
    axes[0][0].set_ylabel("grid's maximum less the one found")
    axes[1][0].set_ylabel("evaluation return")
    axes[0][-1].legend(frameon=False)
    axes[1][-1].legend(frameon=False)
    figure.savefig(path, dpi=130)


def main() -> None:
    """Writes errors.csv, where runs are given, and maximum.png."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--from", type=Path, dest="results")
    options = parser.parse_args()
    if options.results:
        errors(options.results).to_csv(options.folder / "errors.csv", index=False, float_format="%.6g")
    draw(pd.read_csv(options.folder / "errors.csv"), pd.read_csv(options.folder / "results.csv"),
         options.folder / "maximum.png")


if __name__ == "__main__":
    main()
