"""Draws the error of TD(lambda) in the random walk against step size and lambda: python Plots/random_walk.py DIR.

DIR is a study's folder in Experiments. Where it has the runs, in DIR/results, the means of their metric `value_error` are first
taken to DIR/results.csv and their manifests to DIR/manifests.jsonl. DIR/table.csv, the smallest error for each lambda, and the
figure are made from these.
"""

import json
import sys
from pathlib import Path

import matplotlib
import matplotlib.cm
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

sys.path.insert(0, str(Path(__file__).resolve().parent))
from foresight.experiments import keep_runs
from foresight.load import load_description
from foresight.program import draw_study, leave
from foresight.style import STYLE, save

TITLES = {"online": "TD(lambda), online", "lambda_return": "offline lambda-return algorithm"}


def collect(results: Path, experiment: Path) -> None:
    """Writes the manifests and the error of every run."""
    keep_runs(results, experiment)
    rows = []
    for run in load_description(results)["runs"]:
        folder = results / run["folder"]
        settings = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["settings"]["learner"]
        training = pd.read_csv(folder / "training.csv")
        rows.append({
            "agent": run["agent"], "seed": run["seed"], "update": settings["update"], "lambda": settings["lambda"],
            "step_size": settings["step_size"], "episodes": len(pd.read_csv(folder / "episodes.csv")),
            "value_error": round(float(training["value_error"].mean()), 5)})
    pd.DataFrame(rows).to_csv(experiment / "results.csv", index=False, lineterminator="\r\n")


def draw(experiment: Path) -> list[Path]:
    """Writes the table and the figure from what is kept; returns their paths."""
    results = pd.read_csv(experiment / "results.csv")
    means = results.groupby(["update", "lambda", "step_size"])["value_error"].mean().reset_index()
    best = means.loc[means.groupby(["update", "lambda"])["value_error"].idxmin()]
    written = [experiment / "table.csv", experiment / "error.png"]
    best.round(4).to_csv(written[0], index=False, lineterminator="\r\n")
    lambdas = sorted(means["lambda"].unique())
    colors = matplotlib.colormaps["viridis"](np.linspace(0, 0.95, len(lambdas)))
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(9.6, 4.2), layout="constrained")
        for axes, update in zip(figure.subplots(1, 2, sharey=True), TITLES):
            for color, decay in zip(colors, lambdas):
                line = means[(means["update"] == update) & (means["lambda"] == decay)]
                axes.plot(line["step_size"], line["value_error"], color=color, linewidth=1.5, marker="o", markersize=3,
                          label=f"{decay:g}")
            axes.set_ylim(0.2, 0.56)
            axes.set_xlabel("step size")
            axes.set_title(TITLES[update])
        figure.axes[0].set_ylabel("root mean square error, first 10 episodes")
        handles, labels = figure.axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, title="lambda", loc="outside right center")
    save(figure, written[1])
    return written


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status."""
    return draw_study(arguments, __doc__, collect, draw)


if __name__ == "__main__":
    leave(main)
