"""Figures of single runs: what one run has measured so far, and how far its model can be trusted."""

from collections.abc import Callable

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from .load import STEPS, TIMING, Run, Study
from .statistics import align, binned_means, summarize_curves
from .style import (
    COLORS,
    color,
    curve_style,
    grid_of,
    label_ends,
    legend_below,
    note_cut,
    robust_limits,
    styled,
    use_thousands,
)
from .tables import NUMBER, WHOLE, read_table

_BINS = 100
HORIZON = {"step": WHOLE, "error": NUMBER, "spread": NUMBER, "persistence": NUMBER, "count": WHOLE}


@styled
def run_overview(run: Run, title: str) -> Figure | None:
    """Returns, every metric of the agent, and where the time went; None for a run that has written nothing."""
    panels: list[tuple[str, Callable]] = []
    if run.started or len(run.episodes):
        panels.append(("return (sum of rewards)", lambda axes: _draw_returns(axes, run)))
    if len(run.values):
        panels.append(("discounted return", lambda axes: _draw_values(axes, run)))
    metrics = [name for name in run.training.columns if name != "environment_steps" and run.training[name].notna().any()]
    for name in metrics:
        panels.append((name, lambda axes, name=name: _draw_metric(axes, run, name)))
    if len(run.timing):
        panels.append(("share of the time", lambda axes: _draw_time(axes, run)))
    if not panels:
        return None
    figure, places = grid_of(len(panels), width=3.9, height=2.5)
    for axes, (name, draw) in zip(places, panels):
        draw(axes)
        axes.set_title(name)
        axes.set_xlim(0, run.steps * 1.02)
        use_thousands(axes.xaxis)
        axes.xaxis.get_major_locator().set_params(nbins=4)
    places[-1].set_xlabel(STEPS)
    figure.suptitle(title, fontsize=12)
    return figure


def _draw_returns(axes, run: Run) -> None:
    curves = {}
    if len(run.episodes):
        steps, means = binned_means(run.episodes["environment_steps"], run.episodes["return"], run.steps, _BINS)
        axes.plot(steps, means, color="#999999", linewidth=0.9, label="training")
        curves["training"] = means
    if run.started:
        axes.plot(run.evaluation_steps, run.evaluation_means, color=COLORS[0], marker="o", markersize=3, label="evaluation")
        curves["evaluation"] = run.evaluation_means
    low, high, remark = robust_limits(curves, above=False)
    axes.set_ylim(low, high)
    note_cut(axes, remark)
    axes.legend(fontsize=8, loc="best")


def _draw_values(axes, run: Run) -> None:
    means = run.values.groupby("environment_steps").mean()
    axes.plot(means.index, means["predicted_value"], color=COLORS[0], label="predicted")
    axes.plot(means.index, means["discounted_return"], color=COLORS[1], linestyle="--", label="realised")
    axes.legend(fontsize=8, loc="best")


def _draw_metric(axes, run: Run, name: str) -> None:
    rows = run.training[["environment_steps", name]].dropna()
    axes.plot(rows["environment_steps"], rows[name], color=COLORS[0], linewidth=1.1,
              marker="." if len(rows) < 40 else None, markersize=3)
    low, high, remark = robust_limits({name: rows[name].to_numpy()})
    axes.set_ylim(low, high)
    note_cut(axes, remark)


def _draw_time(axes, run: Run) -> None:
    names = [name for name in TIMING if name not in ("environment_steps", "wall_seconds")]
    shares = run.timing[names].fillna(0).to_numpy().T
    rest = np.clip(1 - shares.sum(axis=0), 0, 1)
    grey = ["#222222", "#666666", "#999999", "#bbbbbb", "#dddddd", "#f2f2f2"]
    axes.stackplot(run.timing["environment_steps"], *shares, rest, labels=[*names, "rest"], colors=grey)
    axes.set_ylim(0, 1)
    axes.grid(False)
    axes.legend(fontsize=7, loc="lower right", framealpha=0.85, frameon=True)


@styled
def model_horizon(study: Study, environment: str) -> Figure | None:
    """Error of imagined trajectories over steps ahead, of the runs that `foresight diagnose` has looked at; None without any.

    In units of the states' standard deviations, beside the error of predicting that nothing changes (dashed).
    """
    figure = Figure(figsize=(7.2, 4.2), layout="constrained")
    axes = figure.subplots()
    ends = []
    for agent in study.agents_in(environment):
        tables = [read_table(path, HORIZON) for run in study.select(environment, agent) if run.folder is not None
                  and (path := run.folder / "diagnosis" / "horizon.csv").exists()]
        if not tables:
            continue
        grid, errors = align([(table["step"].to_numpy(), table["error"].to_numpy()) for table in tables])
        center, interval = summarize_curves(errors)
        axes.fill_between(grid, interval[0], interval[1], color=color(study, agent), alpha=0.14, linewidth=0)
        axes.plot(grid, center, markevery=max(1, len(grid) // 10), **curve_style(study, agent))
        _, still = align([(table["step"].to_numpy(), table["persistence"].to_numpy()) for table in tables])
        axes.plot(grid, summarize_curves(still)[0], color=color(study, agent), linestyle="--", linewidth=0.9)
        ends.append((f"{study.display.name(agent)} ({len(tables)})", color(study, agent), float(grid[-1]), float(center[-1])))
    if not ends:
        return None
    axes.set_xlabel("steps ahead")
    axes.set_ylabel("error (standard deviations of the states)")
    axes.set_ylim(bottom=0)
    axes.set_title(f"{study.display.name(environment)}: model error over the horizon\n"
                   "(number of runs; dashed: nothing changes)", fontsize=11)
    label_ends(axes, ends)
    return figure


@styled
def metric_curves(study: Study, environment: str) -> Figure | None:
    """Every metric that the agents' training.csv have, seeds together; None if none has any."""
    found: dict[str, list[str]] = {}
    for agent in study.agents_in(environment):
        for run in study.select(environment, agent):
            for name in run.training.columns:
                if name != "environment_steps" and agent not in found.setdefault(name, []) and run.training[name].notna().any():
                    found[name].append(agent)
    found = {name: agents for name, agents in found.items() if agents}
    if not found:
        return None
    figure, panels = grid_of(len(found), width=3.9, height=2.6)
    for axes, (name, agents) in zip(panels, found.items()):
        centers = {}
        for agent in agents:
            curves = []
            for run in study.select(environment, agent):
                rows = run.training[["environment_steps", name]].dropna() if name in run.training else ()
                if len(rows):
                    curves.append(binned_means(rows["environment_steps"], rows[name], run.steps, 60))
            grid, aligned = align(curves)
            center, _ = summarize_curves(aligned)
            axes.plot(grid, center, **curve_style(study, agent, markers=False))
            centers[study.display.name(agent)] = center
        low, high, remark = robust_limits(centers)
        axes.set_ylim(low, high)
        note_cut(axes, remark)
        axes.set_title(name)
        use_thousands(axes.xaxis)
        axes.xaxis.get_major_locator().set_params(nbins=4)
    shown = [agent for agent in study.agents if any(agent in agents for agents in found.values())]
    legend_below(figure, [Line2D([], [], label=study.display.name(agent), **curve_style(study, agent, False))
                          for agent in shown])
    figure.suptitle(f"{study.display.name(environment)}: metrics of training (IQM over seeds)", fontsize=12)
    return figure

