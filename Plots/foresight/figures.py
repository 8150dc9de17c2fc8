"""The figures of each environment of a study. Each function returns a matplotlib Figure; `style.save` writes one."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from .load import Run, Study
from .statistics import align, binned_means, median_with_infinities, steps_to_threshold, summarize_curves
from .style import (
    color,
    curve_style,
    grid_of,
    label_ends,
    legend_below,
    note_cut,
    robust_limits,
    save,
    styled,
    use_log_steps,
    use_thousands,
)
from .table import interval_phrase

__all__ = ["learning_curve", "sample_efficiency", "save", "threshold_steps", "training_curve", "value_accuracy"]
BUDGET_RATIO = 3
"""Agents whose budgets differ by more than this get a second look at the short one: a zoomed panel or a log axis."""
TRAINING_BINS = 50
_RETURN = "evaluation return (sum of rewards)"
_AXES = {"seconds": "wall-clock time (seconds, median of seeds)", "updates": "gradient updates"}


@styled
def learning_curve(study: Study, environment: str, against: str = "steps") -> Figure | None:
    """Evaluation return against real environment steps, with a zoomed panel if one agent's budget is far shorter.

    `against` may also be `seconds` or `updates`; None if no run has recorded them.
    """
    budgets = _extents(study, environment, against)
    if not budgets:
        return None
    zoomed = _far_apart(budgets) and against == "steps"
    axis = _AXES.get(against, study.steps)
    figure = Figure(figsize=(10.5 if zoomed else 7.2, 4.2), layout="constrained")
    panels = figure.subplots(1, 2 if zoomed else 1, squeeze=False, sharey=True)[0]
    for axes in panels:
        ends = _draw_evaluations(axes, study, environment, against)
        axes.set_xlabel(axis)
    panels[-1].set_xlim(0, max(budgets.values()) * 1.02)
    panels[0].set_ylabel(_RETURN)
    if zoomed:
        short = min(budgets.values())
        panels[0].set_xlim(0, short * 1.02)
        panels[0].set_title(f"first {short:,.0f} steps")
        panels[1].set_title(f"all {max(budgets.values()):,.0f} steps")
    elif _far_apart(budgets):
        use_log_steps(panels[0], min(budgets.values()) / 30, max(budgets.values()) * 1.05)
        panels[0].set_xlabel(f"{axis} (log scale)")
    figure.suptitle(f"{study.display.name(environment)}\n{_statistic(study, [environment])}", fontsize=12)
    fits = label_ends(panels[-1], ends)
    legend_below(figure, _handles(study, [environment], labelled=fits))
    return figure


@styled
def training_curve(study: Study, environment: str) -> Figure | None:
    """Return of the training episodes, one thin line for each seed; None if no run has recorded any."""
    figure = Figure(figsize=(7.2, 3.6), layout="constrained")
    axes = figure.subplots()
    ends, centers = [], {}
    for agent in study.agents_in(environment):
        runs = [run for run in study.select(environment, agent) if len(run.episodes)]
        if not runs:
            continue
        budget = max(run.steps for run in runs)
        curves = [binned_means(run.episodes["environment_steps"], run.episodes["return"], budget, TRAINING_BINS)
                  for run in runs]
        for steps, values in curves:
            axes.plot(steps, values, color=color(study, agent), linewidth=0.6, alpha=0.4)
        grid, aligned = align(curves)
        center, _ = summarize_curves(aligned)
        axes.plot(grid, center, **curve_style(study, agent, markers=False))
        centers[agent] = center
        ends.append((study.display.name(agent), color(study, agent), *_last_point(grid, center)))
    if not axes.lines:
        return None
    budgets = _extents(study, environment, "steps")
    axes.set_xlabel(study.steps)
    first = _first_step(axes)
    use_thousands(axes.xaxis)
    if _far_apart(budgets) and first is not None:
        use_log_steps(axes, first, max(budgets.values()))
        axes.set_xlabel(f"{study.steps} (log scale)")
    else:
        axes.set_xlim(0, max(budgets.values()) * 1.02)
    _draw_threshold(axes, study, environment)
    _limit(axes, centers, [np.asarray(line.get_ydata(), dtype=float) for line in axes.lines if line.get_gid() is None])
    axes.set_ylabel("training return\n(sum of rewards)")
    axes.set_title(f"{study.display.name(environment)}\ntraining episodes: each seed (thin) and interquartile mean",
                   fontsize=11)
    fits = label_ends(axes, ends)
    legend_below(figure, _handles(study, [environment], markers=False, labelled=fits))
    return figure


@styled
def value_accuracy(study: Study, environment: str) -> Figure | None:
    """What agents expected of evaluation episodes at their start, and what came of them; None if no agent has values."""
    agents = [agent for agent in study.agents_in(environment)
              if any(len(run.values) for run in study.select(environment, agent))]
    if not agents:
        return None
    figure = Figure(figsize=(7.2, 4.2), layout="constrained")
    axes = figure.subplots()
    ends, centers, bands = [], {}, []
    for agent in agents:
        means = [run.values.groupby("environment_steps").mean() for run in study.select(environment, agent) if len(run.values)]
        for column, line in (("predicted_value", "-"), ("discounted_return", "--")):
            grid, aligned = align([(table.index.to_numpy(), table[column].to_numpy()) for table in means])
            center, interval = summarize_curves(aligned)
            tint = color(study, agent)
            if line == "-":
                axes.fill_between(grid, interval[0], interval[1], color=tint, alpha=0.14, linewidth=0)
                bands.append(interval)
                ends.append((study.display.name(agent), tint, *_last_point(grid, center)))
            axes.plot(grid, center, color=tint, linestyle=line, linewidth=1.6)
            centers[f"{study.display.name(agent)}, {'predicted' if line == '-' else 'realised'}"] = center
    axes.set_xlabel(study.steps)
    axes.set_ylabel("discounted return from the start")
    axes.set_title(f"{study.display.name(environment)}\npredicted (solid; {interval_phrase(_counts(study, [environment]))}) "
                   "and realised (dashed)", fontsize=11)
    use_thousands(axes.xaxis)
    _limit(axes, centers, bands)
    fits = label_ends(axes, ends)
    gray = {"color": "#555555"}
    handles = [] if fits else [Line2D([], [], color=color(study, agent), label=study.display.name(agent)) for agent in agents]
    legend_below(figure, [
        *handles, Line2D([], [], linestyle="-", label="predicted", **gray),
        Line2D([], [], linestyle="--", label="realised", **gray),
    ])
    return figure


@styled
def threshold_steps(study: Study) -> Figure | None:
    """Real environment steps to each task's threshold, seed by seed; None if no environment has a threshold."""
    environments = [name for name in study.environments if name in study.thresholds and study.agents_in(name)]
    if not environments:
        return None
    rows = len(environments) + sum(len(study.agents_in(environment)) for environment in environments)
    figure = Figure(figsize=(7.2, 1.7 + 0.27 * rows), layout="constrained")
    axes = figure.subplots()
    position, ticks, labels, headings = 0, [], [], []
    for environment in environments:
        if position:
            axes.axhline(position - 0.5, color="#bbbbbb", linewidth=0.8)
        headings.append(position)
        for agent in (None, *study.agents_in(environment)):
            if agent:
                _draw_arrivals(axes, study, environment, agent, position)
            ticks.append(position)
            labels.append(_reached_label(study, environment, agent) if agent else study.display.name(environment))
            position += 1
    axes.set_yticks(ticks, labels)
    for place in headings:
        axes.yaxis.get_major_ticks()[place].label1.set_fontweight("bold")
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(position - 0.4, -0.6)
    axes.grid(False, axis="y")
    lowest = min(line.get_xdata().min() for line in axes.lines if line.get_gid() == "arrival")
    use_log_steps(axes, lowest / 1.4, max(run.steps for run in study.runs) * 1.25)
    axes.set_xlabel(f"{study.steps} to the threshold (log scale)")
    axes.set_title("Sample efficiency: steps to threshold")
    gray = {"color": "#555555", "linestyle": "none"}
    legend_below(figure, [
        Line2D([], [], marker="o", markersize=5, alpha=0.6, label="one seed", **gray),
        Line2D([], [], marker=">", markersize=7, fillstyle="none", label="not reached in as many steps", **gray),
        Line2D([], [], marker="|", markersize=14, markeredgewidth=2.5, label="median over seeds", **gray),
    ])
    return figure


@styled
def sample_efficiency(study: Study, against: str = "steps") -> Figure | None:
    """Every environment's learning curve in one grid, against steps with the median steps to threshold marked on each.

    `against` may also be `seconds` or `updates`; None if no run has recorded them.
    """
    reached = {name: _extents(study, name, against) for name in study.environments if study.agents_in(name)}
    environments = [name for name, budgets in reached.items() if budgets]
    if not environments:
        return None
    axis = _AXES.get(against, study.steps)
    figure, panels = grid_of(len(environments), width=4.9)
    fits = True
    for environment, axes in zip(environments, panels):
        ends = _draw_evaluations(axes, study, environment, against)
        budgets = reached[environment]
        first = _first_step(axes)
        if _far_apart(budgets) and first is not None:
            use_log_steps(axes, first, max(budgets.values()) * 1.05)
            axes.set_xlabel(f"{axis} (log scale)")
        else:
            axes.set_xlim(0, max(budgets.values()) * 1.02)
            axes.set_xlabel(axis)
        for agent in study.agents_in(environment) if against == "steps" else []:
            _mark_median(axes, study, environment, agent)
        axes.set_title(study.display.name(environment))
        axes.set_ylabel(_RETURN)
        fits = label_ends(axes, ends) and fits
    drops = "; dotted: median steps to threshold" if study.thresholds and against == "steps" else ""
    figure.suptitle(f"Evaluation return vs. {axis}\n{_statistic(study, environments)}{drops}", fontsize=12)
    legend_below(figure, _handles(study, environments, labelled=fits))
    return figure


def _statistic(study: Study, environments: list[str]) -> str:
    # one kind of interval a line: two do not fit beside each other
    phrase = interval_phrase(_counts(study, environments)).replace("; ", ";\n")
    return f"interquartile mean and {phrase}"


def _counts(study: Study, environments: list[str]) -> list[int]:
    return [len(study.select(environment, agent)) for environment in environments for agent in study.agents_in(environment)]


def _last_point(grid: np.ndarray, center: np.ndarray) -> tuple[float, float]:
    """Where a curve ends."""
    last = np.flatnonzero(np.isfinite(center))
    return (float(grid[last[-1]]), float(center[last[-1]])) if len(last) else (0.0, 0.0)


def _draw_evaluations(
    axes: Axes, study: Study, environment: str, against: str = "steps"
) -> list[tuple[str, str, float, float]]:
    """Draws every agent's curve with its interval; returns what `label_ends` takes."""
    ends, centers, bands = [], {}, []
    for agent in study.agents_in(environment):
        runs = [run for run in study.select(environment, agent)
                if run.started and _positions(run, against, run.evaluation_steps) is not None]
        if not runs:
            continue
        grid, aligned = align([(run.evaluation_steps, run.evaluation_means) for run in runs])
        # seeds are compared after as many steps, which one may take on a busier machine than another
        grid = np.median([_positions(run, against, grid) for run in runs], axis=0)
        center, interval = summarize_curves(aligned)
        style = curve_style(study, agent)
        axes.fill_between(grid, interval[0], interval[1], color=style["color"], alpha=0.14, linewidth=0)
        axes.plot(grid, center, markevery=max(1, len(grid) // 15), **style)
        name = study.display.name(agent)
        centers[name] = center
        bands.append(interval)
        ends.append((name, style["color"], *_last_point(grid, center)))
    _draw_threshold(axes, study, environment)
    _limit(axes, centers, bands)
    use_thousands(axes.xaxis)
    return ends


def _limit(axes: Axes, centers: dict[str, np.ndarray], bands: list[np.ndarray]) -> None:
    low, high, remark = robust_limits(centers, bands, above=False)
    threshold = [line.get_ydata()[0] for line in axes.lines if line.get_gid() == "threshold"]
    if threshold and low - 0.5 * (high - low) < threshold[0] < high + 0.5 * (high - low):
        low, high = min(low, threshold[0] - 0.03 * (high - low)), max(high, threshold[0] + 0.03 * (high - low))
    axes.set_ylim(low, high)
    note_cut(axes, remark)


def _positions(run: Run, against: str, steps: np.ndarray) -> np.ndarray | None:
    """Where a run stands on the x axis after so many steps."""
    if against == "seconds":
        return run.seconds_at(steps)
    return run.updates_at(steps) if against == "updates" else steps


def _extents(study: Study, environment: str, against: str) -> dict[str, float]:
    """How far each agent's curves reach on that axis, in steps as far as was asked for; agents that have none are left out."""
    if against == "steps":
        return {agent: max(run.steps for run in study.select(environment, agent)) for agent in study.agents_in(environment)}
    extents = {}
    for agent in study.agents_in(environment):
        ends = [at[-1] for run in study.select(environment, agent) if run.started
                and (at := _positions(run, against, run.evaluation_steps)) is not None]
        if ends and max(ends) > 0:
            extents[agent] = float(np.median(ends))
    return extents


def _draw_threshold(axes: Axes, study: Study, environment: str) -> None:
    threshold = study.thresholds.get(environment)
    if threshold is not None:
        axes.axhline(threshold, color="#444444", linestyle="--", linewidth=1, zorder=1, gid="threshold")


def _draw_arrivals(axes: Axes, study: Study, environment: str, agent: str, position: float) -> None:
    runs = study.select(environment, agent)
    arrivals = _arrivals(runs, study.thresholds[environment])
    tint = color(study, agent)
    for index, (run, arrival) in enumerate(zip(runs, arrivals)):
        if not run.started:
            continue
        offset = position + 0.32 * ((index + 0.5) / len(runs) - 0.5)
        if math.isfinite(arrival):
            style = {"marker": "o", "markersize": 5, "alpha": 0.6}
        else:
            arrival = run.steps if run.finished else run.evaluation_steps[-1]
            style = {"marker": ">", "markersize": 7, "fillstyle": "none"}
        axes.plot(np.array([max(arrival, 1)]), [offset], color=tint, linestyle="none", gid="arrival", **style)
    median = median_with_infinities(arrivals)
    if math.isfinite(median):
        axes.plot([median], [position], color=tint, marker="|", markersize=15, markeredgewidth=2.5)


def _reached_label(study: Study, environment: str, agent: str) -> str:
    arrivals = _arrivals(study.select(environment, agent), study.thresholds[environment])
    return f"{study.display.name(agent)} ({sum(map(math.isfinite, arrivals))}/{len(arrivals)} seeds)"


def _mark_median(axes: Axes, study: Study, environment: str, agent: str) -> None:
    threshold = study.thresholds.get(environment)
    if threshold is None:
        return
    median = median_with_infinities(_arrivals(study.select(environment, agent), threshold))
    if math.isfinite(median):
        bottom = axes.get_ylim()[0]
        axes.vlines(median, bottom, threshold, color=color(study, agent), linestyle=":", linewidth=1.5)
        axes.set_ylim(bottom=bottom)


def _arrivals(runs: list[Run], threshold: float) -> list[float]:
    return [steps_to_threshold(run.evaluation_steps, run.evaluation_means, threshold) for run in runs]


def _handles(study: Study, environments: list[str], markers: bool = True, labelled: bool = False) -> list[Line2D]:
    """Legend entries: each agent with its number of seeds unless curves are `labelled`, and the threshold if there is one."""
    handles, unfinished = [], 0
    for agent in study.agents:
        groups = [study.select(environment, agent) for environment in environments]
        groups = [runs for runs in groups if any(run.started for run in runs)]
        if not groups:
            continue
        counts = sorted({len(runs) for runs in groups})
        seeds = "1 seed" if counts == [1] else f"{'-'.join(map(str, dict.fromkeys([counts[0], counts[-1]])))} seeds"
        behind = sum(not run.finished for runs in groups for run in runs)
        unfinished += behind
        label = f"{study.display.name(agent)} ({seeds}{f', {behind} unfinished' if behind else ''})"
        if not labelled:
            handles.append(Line2D([], [], markersize=5, label=label, **{
                key: value for key, value in curve_style(study, agent, markers).items() if key != "markersize"}))
    if labelled and unfinished:
        handles.append(Line2D([], [], linestyle="none", label=f"{unfinished} of the runs are unfinished"))
    thresholds = [study.thresholds[environment] for environment in environments if environment in study.thresholds]
    if thresholds:
        label = f"threshold {thresholds[0]:g}" if len(environments) == 1 else "threshold"
        handles.append(Line2D([], [], color="#444444", linestyle="--", linewidth=1, label=label))
    return handles


def _far_apart(budgets: dict[str, float]) -> bool:
    return max(budgets.values()) > BUDGET_RATIO * min(budgets.values())


def _first_step(axes: Axes) -> float | None:
    """The first step above 0 that any curve has, where a log axis begins; None if all are at 0."""
    steps = np.concatenate([np.asarray(line.get_xdata(), dtype=float) for line in axes.lines
                            if line.get_gid() not in ("threshold", "leader")])
    return min(steps[steps > 0], default=None)
