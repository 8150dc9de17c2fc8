"""Figures over several tasks. Each returns a matplotlib Figure, or None where the study has nothing for it."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter

from .aggregate import METRICS, efficiency_curve, performance_profile, probability_of_improvement
from .comparison import Comparison, Group, arrivals, budget, evaluation_shares, final_scores, score_curves
from .intervals import interval_name
from .load import Study
from .style import color, curve_style, dashes, grid_of, label_ends, legend_below, marker, styled, use_thousands


@styled
def aggregate_scores(study: Study, comparison: Comparison) -> Figure:
    """IQM, median, mean and optimality gap of the final scores, agent by agent, with intervals."""
    agents = comparison.group.agents
    figure = Figure(figsize=(11, 1.5 + 0.34 * len(agents)), layout="constrained")
    panels = figure.subplots(1, len(METRICS), sharey=True)
    for axes, (metric, title) in zip(panels, METRICS.items()):
        for place, agent in enumerate(agents):
            estimate = comparison.estimates[agent][metric]
            _draw_estimate(axes, place, estimate.value, estimate.low, estimate.high, study, agent, comparison.seeds > 1)
        axes.set_title(title + (" (lower is better)" if metric == "optimality_gap" else ""))
        axes.grid(False, axis="y")
        axes.locator_params(axis="x", nbins=5)
        axes.use_sticky_edges = False  # markers at the ends are whole
        axes.margins(x=0.06)
    panels[0].set_yticks(range(len(agents)), [study.display.name(agent) for agent in agents])
    panels[0].set_ylim(len(agents) - 0.5, -0.5)
    figure.suptitle(_title(comparison.group, f"final scores with {_interval(comparison.seeds, comparison.group)}"), fontsize=12)
    figure.supxlabel("normalised score (0: random policy, 1: reference)", fontsize=10)
    return figure


def _draw_estimate(
    axes: Axes, place: float, value: float, low: float, high: float, study: Study, agent: str, band: bool
) -> None:
    if band:
        axes.barh(place, high - low, left=low, height=0.55, color=color(study, agent), alpha=0.3, linewidth=0)
    axes.plot([value], [place], marker=marker(study, agent), color=color(study, agent), markersize=6, linestyle="none")


@styled
def performance_profiles(study: Study, group: Group) -> Figure:
    """Share of runs with a final score above each level."""
    scores = {agent: final_scores(study, group, agent) for agent in group.agents}
    pooled = np.concatenate([task for tasks in scores.values() for task in tasks])
    high = min(max(float(pooled.max()) * 1.02, 1.05), 3.0)
    levels = np.linspace(min(0.0, max(float(np.quantile(pooled, 0.05)), -0.5)), high, 121)
    figure = Figure(figsize=(7.4, 4.2), layout="constrained")
    axes = figure.subplots()
    for agent in group.agents:
        share, interval = performance_profile(scores[agent], levels)
        if _seeds(scores) > 1:
            axes.fill_between(levels, interval[0], interval[1], color=color(study, agent), alpha=0.12, linewidth=0)
        axes.plot(levels, share, markevery=20, label=study.display.name(agent), **curve_style(study, agent))
    axes.set_xlabel("normalised score")
    axes.set_ylabel("share of runs above it")
    axes.set_ylim(-0.02, 1.02)
    axes.set_title(_title(group, f"performance profiles with {_interval(_seeds(scores), group)}"), fontsize=11)
    legend_below(figure, [Line2D([], [], label=study.display.name(agent), **curve_style(study, agent))
                          for agent in group.agents])
    return figure


@styled
def efficiency_curves(study: Study, group: Group) -> Figure:
    """Interquartile mean of normalised scores over all runs, against the share of each task's budget."""
    grid = evaluation_shares(study, group)
    limits = set(budget(study, group).values())
    figure = Figure(figsize=(7.4, 4.2), layout="constrained")
    axes = figure.subplots()
    ends, seeds = [], []
    for agent in group.agents:
        curves = score_curves(study, group, agent, grid)
        inside = np.logical_and.reduce([~np.isnan(task).any(axis=0) for task in curves])
        if not inside.any():
            continue
        value, interval = efficiency_curve([task[:, inside] for task in curves])
        at = grid[inside] * (limits.copy().pop() if len(limits) == 1 else 1)
        seeds.append(min(len(task) for task in curves))
        if seeds[-1] > 1:
            axes.fill_between(at, interval[0], interval[1], color=color(study, agent), alpha=0.13, linewidth=0)
        axes.plot(at, value, markevery=max(1, len(at) // 12), **curve_style(study, agent))
        ends.append((study.display.name(agent), color(study, agent), float(at[-1]), float(value[-1])))
    axes.set_xlim(0, (limits.copy().pop() if len(limits) == 1 else 1) * 1.02)
    axes.set_xlabel(study.steps if len(limits) == 1 else f"share of each task's budget of {study.steps}")
    if len(limits) == 1:
        use_thousands(axes.xaxis)
    axes.set_ylabel("normalised score (IQM)")
    low = min([line.get_ydata().min() for line in axes.lines], default=0)
    axes.set_ylim(bottom=max(axes.get_ylim()[0], min(low, 0) - 0.3))
    axes.set_title(_title(group, f"sample efficiency, IQM with {_interval(min(seeds, default=1), group)}"), fontsize=11)
    if not label_ends(axes, ends):
        legend_below(figure, [Line2D([], [], label=text, color=tint) for text, tint, *_ in ends])
    return figure


@styled
def improvement(study: Study, comparison: Comparison) -> Figure | None:
    """Probability that each agent's run has a higher final score than the baseline's; None without a baseline."""
    if not comparison.improvement:
        return None
    agents = list(comparison.improvement)
    figure = Figure(figsize=(7.2, 1.7 + 0.36 * len(agents)), layout="constrained")
    axes = figure.subplots()
    for place, agent in enumerate(agents):
        estimate = comparison.improvement[agent]
        _draw_estimate(axes, place, estimate.value, estimate.low, estimate.high, study, agent, comparison.seeds > 1)
    axes.axvline(0.5, color="#444444", linestyle="--", linewidth=1)
    axes.set_xlim(-0.02, 1.02)
    axes.set_yticks(range(len(agents)), [study.display.name(agent) for agent in agents])
    axes.set_ylim(len(agents) - 0.5, -0.5)
    axes.grid(False, axis="y")
    base = study.display.name(comparison.baseline or "")
    axes.set_xlabel(f"probability that a run is better than one of {base}")
    axes.set_title(_title(comparison.group, f"probability of improvement over {base}\nwith "
                                            f"{_interval(comparison.seeds, comparison.group)}"), fontsize=11)
    return figure


@styled
def improvement_matrix(study: Study, group: Group) -> Figure | None:
    """Probability of improvement of every agent over every other; None for fewer than three agents."""
    if len(group.agents) < 3:
        return None
    scores = {agent: final_scores(study, group, agent) for agent in group.agents}
    count = len(group.agents)
    values = np.full((count, count), np.nan)
    for row, first in enumerate(group.agents):
        for column, second in enumerate(group.agents):
            if row != column:
                values[row, column] = probability_of_improvement(scores[first], scores[second]).value
    figure = Figure(figsize=(2.6 + 0.55 * count, 2.2 + 0.42 * count), layout="constrained")
    axes = figure.subplots()
    axes.imshow(values, vmin=0, vmax=1, cmap="cividis", aspect="auto")
    for row in range(count):
        for column in range(count):
            if row != column:
                value = values[row, column]
                axes.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=8,
                          color="white" if value < 0.55 else "black")
    names = [study.display.name(agent) for agent in group.agents]
    axes.set_xticks(range(count), names, rotation=45, ha="right")
    axes.set_yticks(range(count), names)
    axes.grid(False)
    axes.set_title(_title(group, "probability that a run of the row\nis better than one of the column"), fontsize=11)
    return figure


@styled
def survival_curves(study: Study) -> Figure | None:
    """Share of seeds that have reached the threshold, by Kaplan and Meier's estimate; None without thresholds."""
    environments = [name for name in study.environments if name in study.thresholds and study.agents_in(name)]
    if not environments:
        return None
    figure, panels = grid_of(len(environments), width=4.9)
    for environment, axes in zip(environments, panels):
        ends = []
        agents = study.agents_in(environment)
        limit = max(run.steps for run in study.runs if run.environment == environment)
        for place, agent in enumerate(agents):
            sample = arrivals(study.select(environment, agent), study.thresholds[environment])
            steps, share, _ = sample.survival()
            shift = 0.006 * (place - (len(agents) - 1) / 2)  # so that curves on top of each other can be seen
            at = np.concatenate([[0], steps, [max(steps[-1], sample.steps.max())]])
            there = 1 - np.concatenate([[1], share, [share[-1]]]) + shift
            axes.step(at, there, where="post", color=color(study, agent), linestyle=dashes(study, agent), linewidth=1.6)
            stopped = sample.steps[~sample.reached]
            if len(stopped):
                heights = [1 - share[np.searchsorted(steps, stop, side="right") - 1] + shift for stop in stopped]
                axes.plot(stopped, heights, color=color(study, agent), marker="|", markersize=8, linestyle="none",
                          clip_on=False)
            ends.append((study.display.name(agent), color(study, agent), float(at[-1]), float(there[-1])))
        axes.set_xlim(0, limit * 1.02)
        axes.set_ylim(-0.04, 1.04)
        use_thousands(axes.xaxis)
        axes.set_xlabel(study.steps)
        axes.set_ylabel("share of seeds there")
        axes.set_title(f"{study.display.name(environment)}: return {study.thresholds[environment]:g}")
        label_ends(axes, ends)
    figure.suptitle("Seeds that have reached the threshold (Kaplan-Meier; bars: stopped before they did)", fontsize=12)
    return figure


@styled
def sample_ratios(study: Study, comparison: Comparison) -> Figure | None:
    """How many times as many real steps the baseline needs to the thresholds as each agent; None without both."""
    ratios = {agent: ratio for agent, ratio in comparison.ratios.items() if math.isfinite(ratio.value)}
    if not ratios:
        return None
    figure = Figure(figsize=(7.2, 1.8 + 0.4 * len(ratios)), layout="constrained")
    axes = figure.subplots()
    for place, (agent, ratio) in enumerate(ratios.items()):
        tint = color(study, agent)
        if math.isfinite(ratio.low) and math.isfinite(ratio.high):
            axes.barh(place, ratio.high - ratio.low, left=ratio.low, height=0.5, color=tint, alpha=0.3, linewidth=0)
        shape = ">" if ratio.at_least else "<" if ratio.at_most else marker(study, agent)
        axes.plot([ratio.value], [place], marker=shape, color=tint, markersize=8 if ratio.at_least or ratio.at_most else 6,
                  fillstyle="none" if ratio.at_least or ratio.at_most else "full", linestyle="none")
        axes.annotate(ratio.text, (1.01, place), xycoords=("axes fraction", "data"), va="center", fontsize=8.5,
                      annotation_clip=False)
    axes.axvline(1, color="#444444", linestyle="--", linewidth=1)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 1.5, 2, 3, 5, 7)))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_yticks(range(len(ratios)), [study.display.name(agent) for agent in ratios])
    axes.set_ylim(len(ratios) - 0.5, -0.5)
    axes.grid(False, axis="y")
    base = study.display.name(comparison.baseline or "")
    axes.set_xlabel(f"steps of {base} / steps of the agent, to the thresholds (log scale)")
    axes.set_title(_title(comparison.group, f"ratio of samples with {_interval(comparison.seeds, comparison.group)}"
                                            "\nopen triangles: a bound, as a median never arrived"), fontsize=11)
    return figure


def _seeds(scores: dict[str, list[np.ndarray]]) -> int:
    return min(len(task) for tasks in scores.values() for task in tasks)


def _interval(seeds: int, group: Group) -> str:
    name = interval_name(seeds, len(group.environments))
    return f"{name}, {seeds} seeds a task" if name else "no interval (one seed)"


def _title(group: Group, what: str) -> str:
    return f"{group.name[0].upper()}{group.name[1:]}: {what}"
