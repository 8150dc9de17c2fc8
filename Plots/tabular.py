"""Aggregates the training episodes of tabular studies, and draws them as Sutton and Barto's figures 8.2, 8.4 and 8.5.

    python Plots/tabular.py steps STUDY OUT      steps per episode, in mazes that stay as they are
    python Plots/tabular.py rewards STUDY OUT    cumulative reward, in mazes that change

STUDY is a folder that `foresight study run` has written. OUT gets one CSV file and one figure for each environment.
"""

import argparse
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

sys.path.insert(0, str(Path(__file__).resolve().parent))
from foresight_plots.figures import COLORS, STYLE, save  # noqa: E402

EPISODES = 50
POINTS = 120


def runs(study: Path, environment: str, agent: str) -> list[pd.DataFrame]:
    """The episodes of every seed."""
    files = sorted((study / environment / agent).glob("seed-*/episodes.csv"))
    return [pd.read_csv(file) for file in files]


def steps_per_episode(episodes: list[pd.DataFrame]) -> tuple[np.ndarray, np.ndarray]:
    """Episode numbers from 1, and lengths [seeds, episodes], up to the episode that every seed has finished."""
    count = min(EPISODES, *(len(run) for run in episodes))
    return np.arange(1, count + 1), np.array([run["length"].to_numpy()[:count] for run in episodes])


def cumulative_reward(episodes: list[pd.DataFrame], steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Steps, and the rewards up to each [seeds, points]; a maze's reward comes at the end of an episode."""
    grid = np.linspace(0, steps, POINTS + 1).astype(int)
    totals = []
    for run in episodes:
        sums = np.concatenate([[0.0], np.cumsum(run["return"].to_numpy())])
        totals.append(sums[np.searchsorted(run["environment_steps"].to_numpy(), grid, side="right")])
    return grid, np.array(totals)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=["steps", "rewards"])
    parser.add_argument("study", type=Path, metavar="STUDY")
    parser.add_argument("out", type=Path, metavar="OUT")
    options = parser.parse_args(arguments)
    study = pd.read_json(options.study / "study.json", typ="series")
    budgets = {run["environment"]: run["steps"] for run in study["runs"]}
    options.out.mkdir(parents=True, exist_ok=True)
    axis = "episode" if options.kind == "steps" else "environment_steps"
    value = "mean_steps" if options.kind == "steps" else "mean_cumulative_reward"
    for environment in study["environments"]:
        tables = []
        with matplotlib.rc_context(STYLE):
            figure = Figure(figsize=(6.4, 4.0), layout="constrained")
            axes = figure.subplots()
            for color, agent in zip(COLORS, study["agents"]):
                episodes = runs(options.study, environment, agent)
                if options.kind == "steps":
                    grid, values = steps_per_episode(episodes)
                else:
                    grid, values = cumulative_reward(episodes, budgets[environment])
                mean = values.mean(axis=0)
                error = values.std(axis=0, ddof=1) / np.sqrt(len(values))
                tables.append(pd.DataFrame({
                    "agent": agent, "seeds": len(values), axis: grid, value: mean.round(3),
                    "standard_error": error.round(3)}))
                axes.fill_between(grid, mean - error, mean + error, color=color, alpha=0.2, linewidth=0)
                axes.plot(grid, mean, color=color, linewidth=1.5, label=f"{agent} ({len(values)} seeds)")
            if options.kind == "steps":
                axes.set_yscale("log")
                axes.axhline(14, color="#444444", linestyle="--", linewidth=1, label="shortest way, 14")
                axes.set_ylabel("steps per episode (log scale)")
                axes.set_xlabel("episode")
            else:
                axes.set_ylabel("cumulative reward")
                axes.set_xlabel("real environment steps")
            axes.set_title(f"{environment}: mean and standard error over seeds")
            axes.legend()
        name = "steps-per-episode" if options.kind == "steps" else "cumulative-reward"
        pd.concat(tables).to_csv(options.out / f"{name}-{environment}.csv", index=False, lineterminator="\r\n")
        save(figure, options.out / f"{name}-{environment}.png")
        print(options.out / f"{name}-{environment}.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
