"""Fields of the vanilla and the natural policy gradient in a linear-quadratic problem of one dimension, and ascents.

    python Plots/policy_gradient_fields.py --out Experiments/policy-gradient-fields

Writes fields.csv (both gradients on a grid), results.csv (every ascent), table.csv (their steps) and two figures.
"""

import argparse
import sys
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

sys.path.insert(0, str(Path(__file__).resolve().parent))
from foresight.program import leave
from foresight.style import COLORS, MARKERS, STYLE, save
from foresight.theory.ascent import Step, ascend, at_divergence, at_rate, best_rate
from foresight.theory.files import Row, text_rows, write_rows
from foresight.theory.linear_gaussian import LinearGaussianProblem

PROBLEMS = {"at rest": LinearGaussianProblem(start_variance=0), "spread": LinearGaussianProblem(start_variance=1)}
"""By where episodes start: all at s = 0, where only the policy's noise moves the state, or with variance 1."""
DIRECTIONS: dict[str, Step] = {
    "vanilla": LinearGaussianProblem.gradient, "natural": LinearGaussianProblem.natural_gradient,
}
EPSILON = 0.01
"""KL divergence of a step."""
LIMIT = 2000
TOLERANCE = 0.05
GAINS = (-0.1, -1.7)
SIGMAS = (1.0, 0.3, 0.1, 0.03, 0.01)
DRAWN = [(-0.1, 1.0), (-0.1, 0.3), (-0.1, 0.1), (-1.7, 1.0), (-1.7, 0.3), (-1.7, 0.1)]
"""The starts whose ascents are drawn into the fields."""
METHODS = {
    "vanilla, fixed rate": "vanilla gradient, the learning rate best from sigma = 1",
    "vanilla, fixed KL": "vanilla gradient, every step of the same KL",
    "natural, fixed rate": "natural gradient, the learning rate best from sigma = 1",
    "natural, fixed KL": "natural gradient, every step of the same KL",
}


def fields() -> list[Row]:
    """Return, gradients and Fisher information on a grid of k and sigma."""
    rows = []
    for name, problem in PROBLEMS.items():
        for k in np.linspace(-1.9, -0.1, 19).tolist():
            for sigma in np.linspace(0.05, 1, 20).tolist():
                vanilla, natural = problem.gradient(k, sigma), problem.natural_gradient(k, sigma)
                fisher = problem.fisher(k, sigma)
                rows.append({
                    "starts": name, "k": k, "sigma": sigma, "return": problem.expected_return(k, sigma),
                    "vanilla_k": vanilla[0], "vanilla_sigma": vanilla[1], "natural_k": natural[0],
                    "natural_sigma": natural[1], "fisher_k": fisher[0], "fisher_sigma": fisher[1],
                })
    return text_rows(rows)


def ascents() -> list[Row]:
    """Every ascent's points; beyond the first fifty steps every fiftieth, and the last."""
    rows = []
    for name, problem in PROBLEMS.items():
        for start in [(k, sigma) for k in GAINS for sigma in SIGMAS]:
            for method in METHODS:
                direction = DIRECTIONS[method.split(",")[0]]
                if method.endswith("KL"):
                    rate, ascent = None, ascend(problem, start, at_divergence(direction, EPSILON), LIMIT, TOLERANCE)
                else:
                    rate, _ = best_rate(problem, (start[0], 1.0), direction, LIMIT, TOLERANCE)
                    ascent = ascend(problem, start, at_rate(direction, rate), LIMIT, TOLERANCE)
                if ascent is None:
                    raise ValueError(f"{method} from {start}: the return fell")
                for step, (k, sigma) in enumerate(ascent.points):
                    if step <= 50 or step % 50 == 0 or step == ascent.steps:
                        rows.append({
                            "starts": name, "start_k": start[0], "start_sigma": start[1], "method": method, "rate": rate,
                            "step": step, "k": k, "sigma": sigma, "return": problem.expected_return(k, sigma),
                            "arrived": int(ascent.arrived and step == ascent.steps),
                        })
    return text_rows(rows)


def summarize(rows: list[Row]) -> list[Row]:
    """Rows of each ascent: its learning rate, the steps until k converged, and its last point."""
    last = {(row["starts"], row["start_k"], row["start_sigma"], row["method"]): row for row in rows}
    return [{
        "starts": row["starts"], "start_k": row["start_k"], "start_sigma": row["start_sigma"], "method": row["method"],
        "rate": row["rate"], "steps": row["step"] if row["arrived"] == "1" else "", "last_k": row["k"],
        "last_sigma": row["sigma"],
    } for row in last.values()]


def draw_fields(grid: list[Row], rows: list[Row]) -> Figure:
    """Directions as arrows, speeds as colors, and ascents, for both gradients and both kinds of start."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(10, 8), layout="constrained")
        panels = figure.subplots(2, 2, sharex=True, sharey=True)
        for line, (starts, problem) in zip(panels, PROBLEMS.items()):
            for axes, gradient in zip(line, DIRECTIONS):
                _draw_field(axes, [row for row in grid if row["starts"] == starts], gradient)
                mine = [row for row in rows if row["starts"] == starts and row["method"] == f"{gradient}, fixed KL"]
                for k, sigma in DRAWN:
                    points = [row for row in mine if (float(row["start_k"]), float(row["start_sigma"])) == (k, sigma)]
                    axes.plot([float(row["k"]) for row in points], [float(row["sigma"]) for row in points],
                              color="black", linewidth=1.4, marker=".", markersize=4, markevery=[0, -1])
                axes.axvline(problem.optimal_gain(), color=COLORS[1], linestyle="--", linewidth=1.2)
                axes.set_title(f"{gradient} gradient, starts {starts}")
        for axes in panels[-1]:
            axes.set_xlabel("gain k (dashed: the best)")
        for axes in panels[:, 0]:
            axes.set_ylabel("exploration sigma")
        panels[0, 0].set_ylim(0, 1.05)
    return figure


def _draw_field(axes: Axes, grid: list[Row], gradient: str) -> None:
    k, sigma, by_k, by_sigma = (np.array([float(row[name]) for row in grid])
                                for name in ("k", "sigma", f"{gradient}_k", f"{gradient}_sigma"))
    speed = np.hypot(by_k, by_sigma)
    arrows = axes.quiver(k, sigma, by_k / speed, by_sigma / speed, speed, norm=LogNorm(), cmap="viridis_r",
                         scale=30, width=0.004, pivot="middle")
    axes.figure.colorbar(arrows, ax=axes, label="length of the gradient", pad=0.01)


def draw_steps(table: list[Row]) -> Figure:
    """Steps until k is near the best against the sigma started with; hollow marks at the top do not arrive."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(10, 4.6), layout="constrained")
        panels = figure.subplots(1, 2, sharey=True)
        for axes, starts in zip(panels, PROBLEMS):
            for index, (method, label) in enumerate(METHODS.items()):
                mine = [row for row in table
                        if (row["starts"], row["method"], float(row["start_k"])) == (starts, method, GAINS[0])]
                sigma = [float(row["start_sigma"]) for row in mine]
                steps = [float(row["steps"] or LIMIT) for row in mine]
                axes.plot(sigma, steps, color=COLORS[index], linewidth=1.4, label=label)
                for x, y, row in zip(sigma, steps, mine):
                    axes.plot(x, y, marker=MARKERS[index], color=COLORS[index], markersize=9 - index,
                              markerfacecolor=COLORS[index] if row["steps"] else "white")
            axes.set(xscale="log", yscale="log", xlabel="sigma at the start", title=f"starts {starts}")
            axes.invert_xaxis()
        panels[0].set_ylabel(f"steps until |k - best| < {TOLERANCE}\n(hollow: not within {LIMIT:,})")
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def main(arguments: list[str] | None = None) -> int:
    """Computes everything, in seconds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where the files go")
    out = parser.parse_args(arguments).out
    out.mkdir(parents=True, exist_ok=True)
    grid, rows = fields(), ascents()
    table = summarize(rows)
    for name, content in (("fields.csv", grid), ("results.csv", rows), ("table.csv", table)):
        write_rows(out / name, content)
    save(draw_fields(grid, rows), out / "fields.png")
    save(draw_steps(table), out / "steps.png")
    return 0


if __name__ == "__main__":
    leave(main)
