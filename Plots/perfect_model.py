"""Draws what each agent of Experiments/perfect-model reaches in each of its worlds.

    .venv/bin/python Plots/perfect_model.py Experiments/perfect-model
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd

AGENTS = ("pets", "dyna", "mve", "mbpo")
WORLDS = {"learned": "", "oracle": "-oracle", "shuffled": "-shuffled"}
COLORS = {"learned": "#0072b2", "oracle": "#009e73", "shuffled": "#d55e00"}


def final_returns(results: pd.DataFrame, environment: str, agent: str) -> pd.Series:
    """Mean return of each seed's last evaluation."""
    runs = results[(results["environment"] == environment) & (results["agent"] == agent)]
    last = runs[runs["environment_steps"] == runs["environment_steps"].max()]
    return last.groupby("seed")["return"].mean()


def draw(results: pd.DataFrame, path: Path) -> None:
    """A panel a task: the seeds' final returns by agent and world, medians as bars, SAC's median as lines."""
    environments = sorted(results["environment"].unique())
    figure, axes = plt.subplots(1, len(environments), figsize=(10, 4.2), layout="constrained")
    for axis, environment in zip(axes, environments, strict=True):
        for place, agent in enumerate(AGENTS):
            for index, (world, suffix) in enumerate(WORLDS.items()):
                returns = final_returns(results, environment, agent + suffix)
                x = place + 0.25 * (index - 1)
                axis.plot([x - 0.09, x + 0.09], [returns.median()] * 2, color=COLORS[world], linewidth=3)
                axis.scatter([x] * len(returns), returns, color=COLORS[world], s=14, alpha=0.6,
                             label=world if place == 0 else None)
        for agent, style in (("sac", ":"), ("sac-10", "--")):
            axis.axhline(final_returns(results, environment, agent).median(), color="0.4", linestyle=style,
                         linewidth=1, label=agent)
        axis.set_xticks(range(len(AGENTS)), AGENTS)
        axis.set_title(environment)
        axis.grid(axis="y", color="0.92")
    axes[0].set_ylabel("return of the last evaluation")
    axes[-1].legend(frameon=False)
    figure.savefig(path, dpi=130)


def main() -> None:
    """Reads results.csv of the folder given and writes worlds.png beside it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    draw(pd.read_csv(folder / "results.csv"), folder / "worlds.png")


if __name__ == "__main__":
    main()
