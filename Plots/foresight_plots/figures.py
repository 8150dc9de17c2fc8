"""The figures of a study. Each function returns a matplotlib Figure; `save` writes one, byte for byte repeatable."""

import functools
import math
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from .load import Run, Study
from .statistics import align, binned_means, median_with_infinities, steps_to_threshold, summarize_curves

# Okabe and Ito's palette, told apart under all common color blindness; the markers also without any color.
COLORS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#999999",
          "#7B3F00", "#5E35B1", "#808000", "#B71C1C"]
MARKERS = ["o", "s", "^", "D", "v", "P", "X", "*", "<", ">", "p", "h"]
STYLE = {
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.color": "#e5e5e5",
    "grid.linewidth": 0.6, "axes.axisbelow": True, "font.size": 10, "axes.titlesize": 11, "legend.frameon": False,
    "svg.hashsalt": "foresight", "svg.fonttype": "none", "pdf.fonttype": 42,
}
BUDGET_RATIO = 3
"""Agents whose budgets differ by more than this get a second look at the short one: a zoomed panel or a log axis."""
TRAINING_BINS = 50
OUTLIERS = 0.05
"""Share of a panel's points that may be cut off below, where they would flatten the rest."""
_RETURN = "evaluation return (sum of rewards)"


def _styled(draw):
    """Makes `draw` use this module's style, whatever the caller's is."""
    @functools.wraps(draw)
    def styled(*arguments):
        with matplotlib.rc_context(STYLE):
            return draw(*arguments)
    return styled


@_styled
def learning_curve(study: Study, environment: str) -> Figure:
    """Evaluation return against real environment steps, with a zoomed panel if one agent's budget is far shorter."""
    budgets = _budgets(study, environment)
    zoomed = _far_apart(budgets)
    figure = Figure(figsize=(9.5 if zoomed else 6.4, 4.2), layout="constrained")
    panels = figure.subplots(1, 2 if zoomed else 1, squeeze=False, sharey=True)[0]
    for axes in panels:
        _draw_evaluations(axes, study, environment)
        axes.set_xlabel(study.steps)
    panels[-1].set_xlim(0, max(budgets.values()) * 1.02)
    panels[0].set_ylabel(_RETURN)
    if zoomed:
        short = min(budgets.values())
        panels[0].set_xlim(0, short * 1.02)
        panels[0].set_title(f"first {short:,} steps")
        panels[1].set_title(f"all {max(budgets.values()):,} steps")
    figure.suptitle(f"{environment}\ninterquartile mean and 95 % interval over seeds", fontsize=12)
    _legend_below(figure, _handles(study, [environment]))
    return figure


@_styled
def training_curve(study: Study, environment: str) -> Figure | None:
    """Return of the training episodes, one thin line for each seed; None if no run has recorded any."""
    figure = Figure(figsize=(6.4, 3.4), layout="constrained")
    axes = figure.subplots()
    for agent in study.agents_in(environment):
        runs = [run for run in study.select(environment, agent) if len(run.episodes)]
        if not runs:
            continue
        color = _color(study, agent)
        budget = max(run.steps for run in runs)
        curves = [binned_means(run.episodes["environment_steps"], run.episodes["return"], budget, TRAINING_BINS)
                  for run in runs]
        for steps, values in curves:
            axes.plot(steps, values, color=color, linewidth=0.6, alpha=0.45)
        grid, aligned = align(curves)
        center, _ = summarize_curves(aligned)
        axes.plot(grid, center, color=color, linewidth=1.3)
    if not axes.lines:
        return None
    budgets = _budgets(study, environment)
    axes.set_xlabel(study.steps)
    first = _first_step(axes)
    if _far_apart(budgets) and first is not None:
        _use_log_steps(axes, first, max(budgets.values()))
        axes.set_xlabel(f"{study.steps} (log scale)")
    _draw_threshold(axes, study, environment)
    axes.set_ylabel("training return (sum of rewards)")
    axes.set_title(f"{environment}\ntraining episodes: each seed (thin) and interquartile mean")
    _use_thousands(axes.xaxis)
    _legend_below(figure, _handles(study, [environment], markers=False))
    return figure


@_styled
def value_accuracy(study: Study, environment: str) -> Figure | None:
    """What agents expected of evaluation episodes at their start, and what came of them; None if no agent has values."""
    agents = [agent for agent in study.agents_in(environment)
              if any(len(run.values) for run in study.select(environment, agent))]
    if not agents:
        return None
    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    axes = figure.subplots()
    for agent in agents:
        means = [run.values.groupby("environment_steps").mean() for run in study.select(environment, agent) if len(run.values)]
        for column, line in (("predicted_value", "-"), ("discounted_return", "--")):
            grid, aligned = align([(table.index.to_numpy(), table[column].to_numpy()) for table in means])
            center, interval = summarize_curves(aligned)
            color = _color(study, agent)
            if line == "-":
                axes.fill_between(grid, interval[0], interval[1], color=color, alpha=0.14, linewidth=0)
            axes.plot(grid, center, color=color, linestyle=line, linewidth=1.6)
    axes.set_xlabel(study.steps)
    axes.set_ylabel("discounted return from the start")
    axes.set_title(f"{environment}\npredicted (solid, with 95 % interval) and realised (dashed)")
    _use_thousands(axes.xaxis)
    handles = [Line2D([], [], color=_color(study, agent), label=agent) for agent in agents]
    gray = {"color": "#555555"}
    _legend_below(figure, [
        *handles, Line2D([], [], linestyle="-", label="predicted", **gray),
        Line2D([], [], linestyle="--", label="realised", **gray),
    ])
    return figure


@_styled
def threshold_steps(study: Study) -> Figure | None:
    """Real environment steps to each task's threshold, seed by seed; None if no environment has a threshold."""
    environments = [name for name in study.environments if name in study.thresholds and study.agents_in(name)]
    if not environments:
        return None
    rows = [(environment, agent) for environment in environments for agent in study.agents_in(environment)]
    figure = Figure(figsize=(7.2, 1.7 + 0.42 * len(rows)), layout="constrained")
    axes = figure.subplots()
    position, ticks, labels = 0.0, [], []
    for index, environment in enumerate(environments):
        agents = study.agents_in(environment)
        if index:
            axes.axhline(position - 0.2, color="#bbbbbb", linewidth=0.8)
            position += 0.6
        for agent in agents:
            _draw_arrivals(axes, study, environment, agent, position)
            ticks.append(position)
            labels.append(f"{environment}\n{_reached_label(study, environment, agent)}")
            position += 1
    axes.set_yticks(ticks, labels)
    axes.set_ylim(position - 0.4, -0.6)
    axes.grid(False, axis="y")
    lowest = min(line.get_xdata().min() for line in axes.lines if line.get_gid() == "arrival")
    _use_log_steps(axes, lowest / 1.4, max(run.steps for run in study.runs) * 1.25)
    axes.set_xlabel(f"{study.steps} to the threshold (log scale)")
    axes.set_title("Sample efficiency: steps to threshold")
    gray = {"color": "#555555", "linestyle": "none"}
    _legend_below(figure, [
        Line2D([], [], marker="o", markersize=5, alpha=0.6, label="one seed", **gray),
        Line2D([], [], marker=">", markersize=7, fillstyle="none", label="not reached in as many steps", **gray),
        Line2D([], [], marker="|", markersize=14, markeredgewidth=2.5, label="median over seeds", **gray),
    ])
    return figure


@_styled
def sample_efficiency(study: Study) -> Figure:
    """Every environment's learning curve in one grid, with the median steps to threshold marked on each."""
    environments = [name for name in study.environments if study.agents_in(name)]
    columns = 2 if len(environments) == 4 else min(3, len(environments))
    rows = math.ceil(len(environments) / columns)
    figure = Figure(figsize=(max(4.3 * columns, 5.6), 3.3 * rows + 0.6), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).flat
    for environment, axes in zip(environments, panels):
        _draw_evaluations(axes, study, environment)
        budgets = _budgets(study, environment)
        first = _first_step(axes)
        if _far_apart(budgets) and first is not None:
            _use_log_steps(axes, first, max(budgets.values()) * 1.05)
            axes.set_xlabel(f"{study.steps} (log scale)")
        else:
            axes.set_xlim(0, max(budgets.values()) * 1.02)
            axes.set_xlabel(study.steps)
        for agent in study.agents_in(environment):
            _mark_median(axes, study, environment, agent)
        axes.set_title(environment)
        axes.set_ylabel(_RETURN)
    for unused in panels:
        unused.remove()
    drops = " (dotted: median steps to threshold)" if study.thresholds else ""
    figure.suptitle(f"Evaluation return vs. {study.steps}{drops}", fontsize=12)
    _legend_below(figure, _handles(study, environments))
    return figure


def save(figure: Figure, path: Path) -> None:
    """Writes the figure as the path's suffix says (png, svg, pdf), without dates, so that equal input gives equal bytes."""
    metadata = {".png": {"Software": None}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}[path.suffix]
    with matplotlib.rc_context(STYLE):
        figure.savefig(path, dpi=150, metadata=metadata)


def _draw_evaluations(axes: Axes, study: Study, environment: str) -> None:
    for agent in study.agents_in(environment):
        runs = [run for run in study.select(environment, agent) if run.started]
        grid, aligned = align([(run.evaluation_steps, run.evaluation_means) for run in runs])
        center, interval = summarize_curves(aligned)
        color = _color(study, agent)
        axes.fill_between(grid, interval[0], interval[1], color=color, alpha=0.14, linewidth=0)
        axes.plot(grid, center, color=color, marker=_marker(study, agent), markersize=3.5, linewidth=1.6)
    _draw_threshold(axes, study, environment)
    _cut_outliers(axes)
    _use_thousands(axes.xaxis)


def _cut_outliers(axes: Axes) -> None:
    """Limits the returns to where the curves are, if a few points lie so far below that they would flatten the rest."""
    values = np.concatenate([np.asarray(line.get_ydata(), dtype=float) for line in axes.lines])
    lowest, low, high = np.min(values), np.quantile(values, OUTLIERS), np.max(values)
    if lowest < low - (high - low):
        axes.set_ylim(low - 0.25 * (high - low), high + 0.05 * (high - low))
        axes.text(0.99, 0.02, f"cut off; lowest: {lowest:,.0f}", transform=axes.transAxes, fontsize=8, color="#444444",
                  ha="right", bbox={"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 1})


def _draw_threshold(axes: Axes, study: Study, environment: str) -> None:
    threshold = study.thresholds.get(environment)
    if threshold is not None:
        axes.axhline(threshold, color="#444444", linestyle="--", linewidth=1, zorder=1, gid="threshold")


def _draw_arrivals(axes: Axes, study: Study, environment: str, agent: str, position: float) -> None:
    runs = study.select(environment, agent)
    arrivals = _arrivals(runs, study.thresholds[environment])
    color = _color(study, agent)
    for index, (run, arrival) in enumerate(zip(runs, arrivals)):
        if not run.started:
            continue
        offset = position + 0.32 * ((index + 0.5) / len(runs) - 0.5)
        if math.isfinite(arrival):
            style = {"marker": "o", "markersize": 5, "alpha": 0.6}
        else:
            arrival = run.steps if run.finished else run.evaluation_steps[-1]
            style = {"marker": ">", "markersize": 7, "fillstyle": "none"}
        axes.plot(np.array([max(arrival, 1)]), [offset], color=color, linestyle="none", gid="arrival", **style)
    median = median_with_infinities(arrivals)
    if math.isfinite(median):
        axes.plot([median], [position], color=color, marker="|", markersize=22, markeredgewidth=2.5)


def _reached_label(study: Study, environment: str, agent: str) -> str:
    arrivals = _arrivals(study.select(environment, agent), study.thresholds[environment])
    return f"{agent} ({sum(map(math.isfinite, arrivals))}/{len(arrivals)} seeds)"


def _mark_median(axes: Axes, study: Study, environment: str, agent: str) -> None:
    threshold = study.thresholds.get(environment)
    if threshold is None:
        return
    median = median_with_infinities(_arrivals(study.select(environment, agent), threshold))
    if math.isfinite(median):
        bottom = axes.get_ylim()[0]
        axes.vlines(median, bottom, threshold, color=_color(study, agent), linestyle=":", linewidth=1.5)
        axes.set_ylim(bottom=bottom)


def _arrivals(runs: list[Run], threshold: float) -> list[float]:
    return [steps_to_threshold(run.evaluation_steps, run.evaluation_means, threshold) for run in runs]


def _handles(study: Study, environments: list[str], markers: bool = True) -> list[Line2D]:
    """Legend entries: each agent with its number of seeds, and the threshold where there is one."""
    handles = []
    for agent in study.agents:
        groups = [study.select(environment, agent) for environment in environments]
        groups = [runs for runs in groups if any(run.started for run in runs)]
        if not groups:
            continue
        counts = sorted({len(runs) for runs in groups})
        seeds = "1 seed" if counts == [1] else f"{'-'.join(map(str, dict.fromkeys([counts[0], counts[-1]])))} seeds"
        unfinished = sum(not run.finished for runs in groups for run in runs)
        label = f"{agent} ({seeds}{f', {unfinished} unfinished' if unfinished else ''})"
        marker = _marker(study, agent) if markers else "none"
        handles.append(Line2D([], [], color=_color(study, agent), marker=marker, markersize=5, label=label))
    thresholds = [study.thresholds[environment] for environment in environments if environment in study.thresholds]
    if thresholds:
        label = f"threshold {thresholds[0]:g}" if len(environments) == 1 else "threshold"
        handles.append(Line2D([], [], color="#444444", linestyle="--", linewidth=1, label=label))
    return handles


def _legend_below(figure: Figure, handles: list[Line2D]) -> None:
    # inches of the widest entry: a letter takes about 0.08, the line and the gaps 0.6
    widest = 0.6 + 0.08 * max(len(str(handle.get_label())) for handle in handles)
    columns = max(1, min(4, len(handles), int(figure.get_figwidth() / widest)))
    figure.legend(handles=handles, loc="outside lower center", ncols=columns)


def _budgets(study: Study, environment: str) -> dict[str, int]:
    return {agent: max(run.steps for run in study.select(environment, agent)) for agent in study.agents_in(environment)}


def _far_apart(budgets: dict[str, int]) -> bool:
    return max(budgets.values()) > BUDGET_RATIO * min(budgets.values())


def _first_step(axes: Axes) -> float | None:
    """The first step above 0 that any curve has, where a log axis begins; None if all are at 0."""
    steps = np.concatenate([np.asarray(line.get_xdata(), dtype=float) for line in axes.lines
                            if line.get_gid() != "threshold"])
    return min(steps[steps > 0], default=None)


def _use_log_steps(axes: Axes, low: float, high: float) -> None:
    axes.set_xscale("log")
    axes.set_xlim(low * 0.95, high)
    _use_thousands(axes.xaxis)
    axes.xaxis.set_minor_formatter(NullFormatter())


def _use_thousands(axis) -> None:
    linear = axis.get_scale() == "linear"
    axis.set_major_locator(MaxNLocator(nbins=6, integer=True) if linear else LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


def _color(study: Study, agent: str) -> str:
    return COLORS[study.agents.index(agent) % len(COLORS)]


def _marker(study: Study, agent: str) -> str:
    return MARKERS[study.agents.index(agent) % len(MARKERS)]
