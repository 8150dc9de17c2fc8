"""Aggregates the training episodes of tabular studies, and draws them as Sutton and Barto's figures 8.2, 8.4 and 8.5.

    python Plots/tabular.py steps DIR      steps per episode, in mazes that stay as they are
    python Plots/tabular.py rewards DIR    cumulative reward, in mazes that change

DIR is a study's folder in Experiments. Where it has the runs, in DIR/results, their episodes are first taken to
DIR/results.csv and their manifests to DIR/manifests.jsonl. DIR/table.csv and a figure for each environment are made from these.
"""

import sys
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

sys.path.insert(0, str(Path(__file__).resolve().parent))
from foresight.experiments import keep_runs
from foresight.load import load_description
from foresight.program import draw_study, leave
from foresight.style import COLORS, DASHES, STYLE, save, use_thousands

EPISODES = 50
POINTS = 120
COLUMNS = ["study", "environment", "agent", "seed", "environment_steps", "episode", "return", "length"]


def collect(kind: str, results: Path, experiment: Path) -> None:
    """Writes the manifests and the training episodes of all runs, as far as the figures show them."""
    keep_runs(results, experiment)
    study = load_description(results)
    tables = []
    for run in study["runs"]:
        table = pd.read_csv(results / run["folder"] / "episodes.csv")
        for column, key in (("study", None), ("environment", "environment"), ("agent", "agent"), ("seed", "seed")):
            table[column] = run[key] if key else study["study"]
        tables.append(table[COLUMNS][: EPISODES if kind == "steps" else None])
    pd.concat(tables).to_csv(experiment / "results.csv", index=False, lineterminator="\r\n")


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


def draw(kind: str, experiment: Path) -> list[Path]:
    """Writes the table and the figures from what is kept; returns their paths."""
    study = load_description(experiment)
    results = pd.read_csv(experiment / "results.csv")
    budgets = {run["environment"]: run["steps"] for run in study["runs"]}
    axis = "episode" if kind == "steps" else "environment_steps"
    value = "mean_steps" if kind == "steps" else "mean_cumulative_reward"
    tables, written = [], [experiment / "table.csv"]
    for environment in study["environments"]:
        with matplotlib.rc_context(STYLE):
            figure = Figure(figsize=(6.4, 4.0), layout="constrained")
            axes = figure.subplots()
            for color, dashes, agent in zip(COLORS, DASHES, study["agents"]):
                mine = results[(results["environment"] == environment) & (results["agent"] == agent)]
                episodes = [table for _, table in mine.groupby("seed")]
                if kind == "steps":
                    grid, values = steps_per_episode(episodes)
                else:
                    grid, values = cumulative_reward(episodes, budgets[environment])
                mean = values.mean(axis=0)
                error = values.std(axis=0, ddof=1) / np.sqrt(len(values))
                tables.append(pd.DataFrame({
                    "environment": environment, "agent": agent, "seeds": len(values), axis: grid, value: mean.round(3),
                    "standard_error": error.round(3)}))
                axes.fill_between(grid, mean - error, mean + error, color=color, alpha=0.2, linewidth=0)
                axes.plot(grid, mean, color=color, linestyle=dashes, linewidth=1.5, label=f"{agent} ({len(values)} seeds)")
            if kind == "steps":
                axes.set_yscale("log")
                axes.axhline(14, color="#444444", linestyle="--", linewidth=1, label="shortest path, 14")
                axes.set_ylabel("steps per episode (log scale)")
                axes.set_xlabel("episode")
            else:
                axes.set_ylabel("cumulative reward")
                axes.set_xlabel("real environment steps")
                use_thousands(axes.xaxis)
            axes.set_title(f"{environment}: mean and standard error over seeds")
            axes.legend()
        name = "steps-per-episode" if kind == "steps" else "cumulative-reward"
        written.append(experiment / f"{name}-{environment}.png")
        save(figure, written[-1])
    pd.concat(tables).to_csv(written[0], index=False, lineterminator="\r\n")
    return written


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status."""
    return draw_study(arguments, __doc__, collect, draw, ["steps", "rewards"])


if __name__ == "__main__":
    leave(main)
