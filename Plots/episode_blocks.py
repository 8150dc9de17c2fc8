"""Averages training episodes of tabular studies over blocks of ten, and draws Sutton and Barto's examples 6.6 and 6.7.

    python Plots/episode_blocks.py return DIR    returns of episodes, online
    python Plots/episode_blocks.py left DIR      shares of episodes that went left in maximization-bias, which have two steps

DIR is a study's folder in Experiments. Where it has the runs, in DIR/results, their blocks are first taken to DIR/results.csv
and their manifests to DIR/manifests.jsonl. DIR/table.csv and the figure are made from these.
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
from foresight.style import COLORS, DASHES, STYLE, save
from foresight.tables import StudyError

BLOCK = 10
EPISODES = {"return": 500, "left": 300}
NAMES = {"return": "mean_return", "left": "left_share"}
LABELS = {"return": "return of an episode while learning", "left": "share of episodes that go left"}


def blocks(episodes: pd.DataFrame, kind: str) -> np.ndarray:
    """Means over blocks of ten of the first episodes."""
    values = episodes["return"].to_numpy() if kind == "return" else (episodes["length"].to_numpy() == 2).astype(float)
    count = min(len(values), EPISODES[kind]) // BLOCK
    return values[: count * BLOCK].reshape(count, BLOCK).mean(axis=1)


def collect(kind: str, results: Path, experiment: Path) -> None:
    """Writes the manifests and the blocks of all runs."""
    keep_runs(results, experiment)
    study = load_description(results)
    tables = []
    for run in study["runs"]:
        values = blocks(pd.read_csv(results / run["folder"] / "episodes.csv"), kind)
        if len(values) < EPISODES[kind] // BLOCK:
            raise StudyError(f"{results / run['folder']}: only {len(values) * BLOCK} of {EPISODES[kind]} episodes")
        tables.append(pd.DataFrame({
            "study": study["study"], "environment": run["environment"], "agent": run["agent"], "seed": run["seed"],
            "last_episode": BLOCK * np.arange(1, len(values) + 1), NAMES[kind]: values.round(4)}))
    pd.concat(tables).to_csv(experiment / "results.csv", index=False, lineterminator="\r\n")


def draw(kind: str, experiment: Path) -> list[Path]:
    """Writes the table and the figure from what is kept; returns their paths."""
    study = load_description(experiment)
    results = pd.read_csv(experiment / "results.csv")
    tables, written = [], [experiment / "table.csv"]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(6.4, 4.0), layout="constrained")
        axes = figure.subplots()
        for color, dashes, agent in zip(COLORS, DASHES, study["agents"]):
            values = results[results["agent"] == agent].pivot(index="seed", columns="last_episode", values=NAMES[kind])
            grid, seeds = values.columns.to_numpy(), len(values)
            mean, error = values.mean().to_numpy(), values.std(ddof=1).to_numpy() / np.sqrt(seeds)
            tables.append(pd.DataFrame({
                "agent": agent, "seeds": seeds, "last_episode": grid, NAMES[kind]: mean.round(4),
                "standard_error": error.round(4)}))
            axes.fill_between(grid, mean - error, mean + error, color=color, alpha=0.2, linewidth=0)
            axes.plot(grid, mean, color=color, linestyle=dashes, linewidth=1.5, label=f"{agent} ({seeds} seeds)")
        if kind == "return":
            axes.set_ylim(-100, 0)
            axes.axhline(-13, color="#444444", linestyle="--", linewidth=1, label="shortest way, -13")
        else:
            axes.set_ylim(0, 1)
            axes.axhline(0.05, color="#444444", linestyle="--", linewidth=1, label="best with exploration, 0.05")
        axes.set_xlabel(f"episode (means of {BLOCK})")
        axes.set_ylabel(LABELS[kind])
        axes.set_title(f"{study['environments'][0]}: mean and standard error over seeds")
        axes.legend()
    written.append(experiment / f"{NAMES[kind].replace('_', '-')}.png")
    save(figure, written[-1])
    pd.concat(tables).to_csv(written[0], index=False, lineterminator="\r\n")
    return written


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status."""
    return draw_study(arguments, __doc__, collect, draw, list(EPISODES))


if __name__ == "__main__":
    leave(main)
