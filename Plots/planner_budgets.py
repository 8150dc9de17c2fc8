"""Draws what planners reach with how many model steps a decision, and writes the smallest budgets that are enough.

    .venv/bin/python Plots/planner_budgets.py Experiments/planner-budgets

A model step takes one imagined trajectory one decision further. CEM, iCEM, MPPI, CMA-ES and random shooting make plans times
decisions of them, and a prior three plans more: its own, and the comparison with the last plan. A backward pass of gradient
ascent counts as two steps at each decision. An iteration of iLQR counts, at each decision, as a step for each component of
state and action, whose derivatives it takes, and as one for each step length that it may try; it stops earlier where it has
converged, and line searches that are repeated are not counted. Each particle of a learned ensemble counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from foresight.experiments import tell_of_study
from foresight.intervals import interval_name
from foresight.load import Study
from foresight.program import leave
from foresight.statistics import bootstrap_interval, interquartile_mean
from foresight.style import COLORS, MARKERS, grid_of, legend_below, save, styled, use_log_steps
from matplotlib.ticker import FixedLocator

PLANNERS = ("cem", "icem", "mppi", "shooting", "cma-es", "gradient", "ilqr")
"""Curves of the first panels: in the task itself, with plans of one length, nothing besides."""
VARIANTS = ("cem", "cem-prior", "icem", "icem-prior", "icem-short", "icem-short-value", "cem-learned", "icem-learned")
NAMES = {
    "cem": "CEM", "icem": "iCEM", "mppi": "MPPI", "shooting": "random shooting", "cma-es": "CMA-ES", "gradient": "gradient",
    "ilqr": "iLQR", "cem-prior": "CEM, prior", "icem-prior": "iCEM, prior", "icem-short": "iCEM, 10 decisions",
    "icem-short-value": "iCEM, 10 decisions, value", "cem-learned": "CEM, learned world",
    "icem-learned": "iCEM, learned world",
}
BEGINS, ENDS = "<!-- budgets: made by Plots/planner_budgets.py -->", "<!-- end of budgets -->"
VARIABLES = {"cartpole-swingup": 5, "Pendulum-v1": 3, "planar-arm": 9, "point-mass": 6}
"""Components of state and action of the tasks."""
SHARES = (0.95, 0.99)


def improved_plans(settings: dict) -> int:
    """Plans that iCEM scores for a decision: those drawn, the elites that compete again, and the mean at the end."""
    kept = round(settings["kept_elites"] * settings["elites"] + 1e-9)
    share, total = 1.0, 1
    for _ in range(settings["iterations"]):
        total += max(int(settings["population"] * share), 2 * settings["elites"]) + kept
        share /= settings["decay"]
    return total


def model_steps(agent: str, settings: dict, environment: str) -> int:
    """Model steps of one decision with a run's settings."""
    search = settings.get("search") or {"pets": "cem"}.get(agent, "icem")
    group = "planner" if "planner" in settings else {"shooting": "random_shooting", "cma-es": "cma_es"}.get(search, search)
    planner = settings[group]
    horizon = planner["horizon"]
    if search == "ilqr":
        return horizon * (1 + planner["iterations"] * (VARIABLES[environment] + planner["step_lengths"]))
    if search == "gradient":
        plans = planner["restarts"] * (3 * planner["iterations"] + 1)
    elif search == "icem":
        plans = improved_plans(planner)
    else:
        plans = planner["population"] * planner.get("iterations", 1)
    proposed = 3 if settings.get("policy_prior") or settings["agent"].get("policy_proposes") else 0
    return (plans + proposed) * horizon * settings["agent"]["particles"]


@dataclass(frozen=True)
class Point:
    """What a planner reaches with one budget."""

    steps: int
    returns: np.ndarray
    """Mean return of each seed's last evaluation."""

    @property
    def center(self) -> float:
        return float(interquartile_mean(self.returns))


def curves(study: Study, environment: str) -> dict[str, list[Point]]:
    """The points of each planner, in the order of their model steps. Labels are those of planners, a dash and a number."""
    found: dict[str, list[Point]] = {}
    for label in study.agents_in(environment):
        runs = [run for run in study.select(environment, label) if run.started]
        name, _, budget = label.rpartition("-")
        if not runs or not budget.isdigit():
            continue
        manifest = runs[0].manifest
        steps = model_steps(manifest["agent"], manifest["settings"], environment)
        found.setdefault(name, []).append(Point(steps, np.array([run.evaluation_means[-1] for run in runs])))
    return {name: sorted(points, key=lambda point: point.steps) for name, points in found.items()}


def best_return(points: dict[str, list[Point]]) -> float:
    """The best of all budgets in the task itself."""
    return max(point.center for name, found in points.items() if not name.endswith("-learned") for point in found)


def smallest(points: list[Point], least: float) -> int | None:
    """The smallest budget from which on the interquartile mean is at least `least` at all budgets."""
    enough = None
    for point in reversed(points):
        if point.center < least:
            break
        enough = point.steps
    return enough


def tables(study: Study) -> str:
    """Of each task a table: returns at each budget, and the smallest budgets that reach shares of the best return."""
    texts = []
    for environment in study.environments:
        points = curves(study, environment)
        best = best_return(points)
        zero = study.scales[environment].random
        heads = [f"{share:.0%}".replace("%", " %") for share in SHARES]
        lines = [f"`{environment}`: {zero:,.4g} at random, {best:,.5g} at best.", "",
                 "| planner | interquartile mean return (model steps a decision) | " + " | ".join(heads) + " |",
                 "| --- | --- |" + " ---: |" * len(SHARES)]
        for name in [*PLANNERS, *(name for name in VARIANTS if name not in PLANNERS)]:
            if name not in points:
                continue
            reached = ", ".join(f"{point.center:,.4g} ({point.steps:,})" for point in points[name])
            budgets = [smallest(points[name], zero + share * (best - zero)) for share in SHARES]
            cells = " | ".join("-" if budget is None else f"{budget:,}" for budget in budgets)
            lines.append(f"| {NAMES[name]} | {reached} | {cells} |")
        texts.append("\n".join(lines))
    return "\n\n".join(texts)


def line_style(name: str) -> dict:
    """A colour and a marker for each planner, dashes for what comes besides."""
    planner, _, rest = name.partition("-") if name not in PLANNERS else (name, "", "")
    place = PLANNERS.index(planner)
    dashes = {"": "-", "prior": "--", "short": "-.", "short-value": ":", "learned": (0, (5, 1, 1, 1, 1, 1))}[rest]
    color = COLORS[place] if rest in ("", "prior", "learned") else {"short": COLORS[2], "short-value": COLORS[3]}[rest]
    if rest == "learned":
        color = {"cem": COLORS[4], "icem": COLORS[5]}[planner]
    return {"color": color, "marker": MARKERS[place], "markersize": 4, "linewidth": 1.5, "linestyle": dashes}


@styled
def draw(study: Study, path: Path) -> None:
    """A panel a task: the share of the best return against model steps a decision, planners first, then with prior, value
    and in a learned world."""
    panels = [(environment, names) for names in (PLANNERS, VARIANTS) for environment in study.environments
              if names is PLANNERS or "icem-prior" in curves(study, environment)]
    figure, grid = grid_of(len(panels), width=4.0, height=3.0)
    seen: dict[str, object] = {}
    everything = [*PLANNERS, *(name for name in VARIANTS if name not in PLANNERS)]
    for axes, (environment, names) in zip(grid, panels, strict=True):
        points = curves(study, environment)
        best = best_return(points)
        zero = study.scales[environment].random
        for name in (name for name in names if name in points):
            steps = [point.steps for point in points[name]]
            scores = [(point.returns - zero) / (best - zero) for point in points[name]]
            bands = np.array([bootstrap_interval(values) for values in scores])
            style = line_style(name)
            line, = axes.plot(steps, [float(interquartile_mean(values)) for values in scores], label=NAMES[name], **style)
            axes.fill_between(steps, bands[:, 0], bands[:, 1], color=style["color"], alpha=0.12, linewidth=0)
            seen.setdefault(name, line)
        axes.set_title(study.display.name(environment) + ("" if names is PLANNERS else ": prior, value, learning"))
        use_log_steps(axes, 220, 30_000)
        axes.xaxis.set_major_locator(FixedLocator([250, 1000, 5000, 20_000]))
        axes.axhline(1, color="0.6", linewidth=0.8)
        axes.set_xlabel("model steps a decision (log scale)")
        axes.set_ylabel("share of the best return")
    seeds = study.seed_count(study.environments[0])
    figure.suptitle(f"Interquartile mean and {interval_name(seeds)} over {seeds} seeds; 0: random actions", fontsize=11)
    legend_below(figure, [seen[name] for name in everything if name in seen])
    save(figure, path)


def main(arguments: list[str] | None = None) -> int:
    """Writes planner-budgets.png and the tables of the folder's README.md; returns the exit status."""
    return tell_of_study(
        arguments, __doc__.splitlines()[0], (BEGINS, ENDS), tables,
        lambda study, folder: draw(study, folder / "planner-budgets.png"))


if __name__ == "__main__":
    leave(main)
