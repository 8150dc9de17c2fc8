"""Figures of a run with local models (lqr-flm, gps-badmm, gps-mirror), from the tables in the run's folder."""

import csv
import io
import math
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse
from matplotlib.ticker import NullLocator

from .style import COLORS, STYLE, save
from .tables import StudyError

ITERATIONS = [
    "environment_steps", "iteration", "condition", "cost", "cost_least", "cost_largest", "expected_cost",
    "predicted_improvement", "actual_improvement", "kl_bound", "kl", "eta", "eta_low", "eta_high", "outcome",
]
TRAJECTORIES = ["environment_steps", "iteration", "condition", "time"]
ELLIPSE_DEVIATIONS = 2
"""Radius of the covariance ellipses, in standard deviations."""
SHOWN_ITERATIONS = 4
SHOWN_ELLIPSES = 12


@dataclass(frozen=True)
class LocalRun:
    """The tables of one run."""

    name: str
    iterations: pd.DataFrame
    """A row for each iteration and condition."""
    trajectories: pd.DataFrame | None
    """A row for each step of the controller of each iteration and condition; None if not recorded."""
    collected: pd.DataFrame | None
    """Training episodes: environment_steps and return; None if not recorded."""
    evaluated: pd.DataFrame | None
    """Evaluation episodes: environment_steps and return; None if not recorded."""

    @property
    def conditions(self) -> list[int]:
        return sorted(self.iterations["condition"].unique())

    @property
    def horizon(self) -> int | None:
        """Steps of an episode; None if the trajectories were not recorded."""
        return None if self.trajectories is None else int(self.trajectories["time"].max())

    def count(self, prefix: str) -> int:
        """How many columns `prefix`0, `prefix`1, ... the trajectories have."""
        names = set(self.trajectories.columns)
        return next(number for number in range(len(names) + 1) if f"{prefix}{number}" not in names)


def load_local_run(folder: str | Path) -> LocalRun:
    """Reads the run in `folder`; raises StudyError when it has no such tables, or a bad one."""
    folder = Path(folder)
    iterations = folder / "agent-iterations.csv"
    if not iterations.exists():
        raise StudyError(f"{folder}: not a run with local models: it has no {iterations.name}")
    table = _read(iterations, ITERATIONS)
    if table.empty:
        raise StudyError(f"{iterations}: no iteration has ended yet")
    trajectories = folder / "agent-trajectories.csv"
    others = [
        _read(folder / name, ["environment_steps", "return"]) if (folder / name).exists() else None
        for name in ("episodes.csv", "evaluations.csv")
    ]
    details = _read(trajectories, TRAJECTORIES) if trajectories.exists() else None
    if details is not None and details.empty:
        details = None
    return LocalRun("/".join(folder.resolve().parts[-3:]), table, details, *others)


def _read(path: Path, needed: list[str]) -> pd.DataFrame:
    """The whole lines of a table with at least the columns `needed`; empty cells are NaN."""
    try:
        text = path.read_bytes().decode("utf-8")
        text = text[: text.rfind("\n") + 1]
        header = next(csv.reader(io.StringIO(text, newline="")), [])
        missing = [name for name in needed if name not in header]
        if missing:
            raise StudyError(f"{path}:1: the header lacks {', '.join(missing)}")
        table = pd.read_csv(io.StringIO(text, newline=""))
    except (OSError, UnicodeDecodeError, pd.errors.ParserError) as error:
        raise StudyError(f"{path}: {error}") from error
    for name in needed:
        if name not in ("outcome", "ending") and not pd.api.types.is_numeric_dtype(table[name]):
            raise StudyError(f"{path}: {name} must hold numbers")
    return table


def iteration_figure(run: LocalRun) -> Figure:
    """Costs, divergences against their bound, multipliers within their brackets, and promised improvements, by iteration."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(9, 6.4), layout="constrained")
        (costs, divergence), (multiplier, improvement) = figure.subplots(2, 2, sharex=True)
        for index, condition in enumerate(run.conditions):
            rows = run.iterations[run.iterations["condition"] == condition]
            number, color = rows["iteration"], COLORS[index % len(COLORS)]
            label = f"condition {condition}"
            costs.fill_between(number, rows["cost_least"], rows["cost_largest"], color=color, alpha=0.18, linewidth=0)
            costs.plot(number, rows["cost"], color=color, marker="o", markersize=3, label=label)
            costs.plot(number, rows["expected_cost"], color=color, linestyle=":", linewidth=1)
            divergence.plot(number, rows["kl"], color=color, marker="o", markersize=3, label=label)
            if run.horizon is not None:
                bound = rows["kl_bound"] * run.horizon
                divergence.plot(number, bound, color=color, linestyle="--", linewidth=1, gid="bound")
            multiplier.fill_between(number, rows["eta_low"], rows["eta_high"], color=color, alpha=0.18, linewidth=0)
            multiplier.plot(number, rows["eta"], color=color, marker="o", markersize=3)
            improvement.plot(number, rows["predicted_improvement"], color=color, linestyle="--", linewidth=1)
            improvement.plot(number, rows["actual_improvement"], color=color, marker="o", markersize=3)
            failed = rows[~rows["outcome"].isin(["updated", "unbounded"])]
            costs.plot(failed["iteration"], failed["cost"], color="#000000", marker="x", linestyle="none", gid="failed")
        _use_symmetric_log(costs, run.iterations["cost"])
        costs.set_ylabel("cost of a trajectory")
        costs.set_title("cost: samples (mean, range), expected (dotted)")
        divergence.set_yscale("log")
        divergence.set_ylabel("KL divergence of a trajectory (nats)")
        divergence.set_title("KL of the update" + (" and its bound (dashed)" if run.horizon is not None else ""))
        multiplier.set_yscale("log")
        multiplier.set_ylabel("multiplier η")
        multiplier.set_title("η within the bracket that was left")
        improvement.axhline(0, color="#444444", linewidth=0.8)
        _use_symmetric_log(improvement, run.iterations["predicted_improvement"])
        improvement.set_ylabel("improvement of the cost")
        improvement.set_title("last update: actual, predicted (dashed)")
        for axes in (multiplier, improvement):
            axes.set_xlabel("iteration")
        if 1 < len(run.conditions) <= len(COLORS):
            handles, labels = costs.get_legend_handles_labels()
            figure.legend(handles, labels, loc="outside lower center", ncols=min(len(labels), 6), fontsize=9)
        figure.suptitle(run.name, fontsize=12)
        return figure


def _use_symmetric_log(axes: Axes, values: pd.Series) -> None:
    """An axis that is logarithmic on both sides of 0, with labels two decades apart or more, none of them near 0."""
    threshold = 10 ** math.floor(math.log10(_scale(values)))
    axes.set_yscale("symlog", linthresh=threshold, linscale=0.5)
    low, high = axes.get_ylim()
    top = math.ceil(math.log10(max(abs(low), abs(high), 10 * threshold)))
    bottom = round(math.log10(threshold))
    sizes = [10.0**power for power in range(top, bottom, -max(1, math.ceil((top - bottom) / 4)))]
    ticks = sorted([-size for size in sizes if -size >= low] + [0.0] + [size for size in sizes if size <= high])
    axes.set_yticks(ticks)
    axes.yaxis.set_minor_locator(NullLocator())


def _scale(values: pd.Series) -> float:
    """Where a symmetric logarithmic axis turns linear: a hundredth of the typical size."""
    sizes = values.abs().dropna()
    sizes = sizes[sizes > 0]
    return float(sizes.median()) / 100 if len(sizes) else 1.0


def trajectory_figure(run: LocalRun, first: int = 0, second: int = 1) -> Figure | None:
    """Expected trajectories in the plane of two state components, with covariance ellipses, for a few iterations."""
    if run.trajectories is None:
        return None
    for component in (first, second):
        if f"state_{component}" not in run.trajectories.columns:
            raise StudyError(f"{run.name}: states have no component {component}")
    shown = _few(sorted(run.trajectories["iteration"].unique()), SHOWN_ITERATIONS)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(3.2 * len(shown) + 0.6, 3.6), layout="constrained")
        panels = figure.subplots(1, len(shown), squeeze=False, sharex=True, sharey=True)[0]
        for axes, iteration in zip(panels, shown):
            for index, condition in enumerate(run.conditions):
                rows = run.trajectories
                rows = rows[(rows["iteration"] == iteration) & (rows["condition"] == condition)].sort_values("time")
                color = COLORS[index % len(COLORS)]
                axes.plot(rows[f"state_{first}"], rows[f"state_{second}"], color=color, linewidth=1.4)
                for step in _few(range(len(rows)), SHOWN_ELLIPSES):
                    axes.add_patch(_ellipse(rows.iloc[step], first, second, color))
            axes.set_title(f"iteration {iteration}")
            axes.set_xlabel(f"state {first}")
        panels[0].set_ylabel(f"state {second}")
        figure.suptitle(f"{run.name}: expected, with {ELLIPSE_DEVIATIONS} standard deviations", fontsize=12)
        return figure


def _ellipse(row: pd.Series, first: int, second: int, color: str) -> Ellipse:
    """The ellipse x with (x - m)ᵀS⁻¹(x - m) = k² of the mean m and the covariance S of two components."""
    def entry(i: int, j: int) -> float:
        return float(row[f"state_covariance_{max(i, j)}_{min(i, j)}"])

    covariance = np.array([[entry(first, first), entry(first, second)], [entry(second, first), entry(second, second)]])
    variances, axes = np.linalg.eigh(covariance)
    width, height = 2 * ELLIPSE_DEVIATIONS * np.sqrt(np.maximum(variances, 0))
    return Ellipse(
        (float(row[f"state_{first}"]), float(row[f"state_{second}"])), width, height,
        angle=float(np.degrees(np.arctan2(axes[1, 0], axes[0, 0]))), facecolor=color, edgecolor=color, alpha=0.25)


def gain_figure(run: LocalRun, condition: int | None = None) -> Figure | None:
    """The last controller of a condition over time: gains, planned actions, and the deviations of its noise."""
    if run.trajectories is None:
        return None
    condition = run.conditions[0] if condition is None else condition
    rows = run.trajectories[run.trajectories["condition"] == condition]
    if rows.empty:
        raise StudyError(f"{run.name}: there is no condition {condition}")
    iteration = rows["iteration"].max()
    rows = rows[rows["iteration"] == iteration].sort_values("time")
    states, actions = run.count("state_"), run.count("action_")
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(9, 1.2 + 2.1 * actions), layout="constrained")
        panels = figure.subplots(actions, 2, squeeze=False, sharex=True)
        for action in range(actions):
            gains, plan = panels[action]
            for state in range(states):
                style = {"color": COLORS[state % len(COLORS)], "linestyle": ["-", "--", ":"][state // len(COLORS) % 3]}
                gains.plot(rows["time"], rows[f"gain_{action}_{state}"], linewidth=1.2, label=f"state {state}", **style)
            mean, deviation = rows[f"action_{action}"], rows[f"deviation_{action}"]
            plan.fill_between(rows["time"], mean - deviation, mean + deviation, color=COLORS[0], alpha=0.2, linewidth=0)
            plan.plot(rows["time"], mean, color=COLORS[0])
            gains.set_ylabel(f"gains of action {action}")
            plan.set_ylabel(f"action {action}")
        panels[0][0].set_title("feedback gains K")
        panels[0][1].set_title("planned action and standard deviation")
        for axes in panels[-1]:
            axes.set_xlabel("time (steps)")
        handles = panels[0][0].get_legend_handles_labels()[0]
        figure.legend(handles=handles, loc="outside lower center", ncols=min(7, len(handles)))
        figure.suptitle(f"{run.name}: controller of condition {condition} after iteration {iteration}", fontsize=12)
        return figure


def policy_figure(run: LocalRun) -> Figure | None:
    """The global policy against its teachers: costs, and the divergence between them; None for runs without a policy."""
    if "policy_kl" not in run.iterations.columns:
        return None
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(9, 3.8), layout="constrained")
        costs, divergence = figure.subplots(1, 2)
        if run.collected is not None and len(run.collected):
            ends = np.sort(run.iterations["environment_steps"].unique())
            episodes = run.collected[run.collected["environment_steps"] <= ends[-1]]
            places = np.searchsorted(ends, episodes["environment_steps"])
            means = (-episodes["return"]).groupby(places).mean()
            costs.plot(ends[means.index], means, color=COLORS[1], marker="s", markersize=3.5,
                       label="teachers, noise included")
        if run.evaluated is not None and len(run.evaluated):
            means = -run.evaluated.groupby("environment_steps")["return"].mean()
            costs.plot(means.index, means, color=COLORS[0], marker="o", markersize=3.5, label="policy")
        values = np.concatenate([np.asarray(line.get_ydata(), dtype=float) for line in costs.lines] or [np.ones(1)])
        costs.set_yscale("symlog", linthresh=_scale(pd.Series(values)))
        costs.set_xlabel("real environment steps")
        costs.set_ylabel("cost of an episode (minus its return)")
        costs.legend()
        for index, condition in enumerate(run.conditions):
            rows = run.iterations[run.iterations["condition"] == condition]
            divergence.plot(rows["iteration"], rows["policy_kl"], color=COLORS[index % len(COLORS)], marker="o",
                            markersize=3, label=f"condition {condition}")
        divergence.set_yscale("log")
        divergence.set_xlabel("iteration")
        divergence.set_ylabel("KL from policy to teacher\n(nats a step)")
        if len(run.conditions) <= len(COLORS):
            divergence.legend(fontsize=8)
        figure.suptitle(f"{run.name}: the policy and its teachers", fontsize=12)
        return figure


def _few(items, count: int) -> list:
    """At most `count` of `items`, evenly spread, the first and the last among them."""
    items = list(items)
    if len(items) <= count:
        return items
    return [items[round(place)] for place in np.linspace(0, len(items) - 1, count)]


def write_local_figures(run: LocalRun, folder: Path, suffix: str, components: tuple[int, int] = (0, 1)) -> list[Path]:
    """Writes every figure that the run has data for; returns the files' paths."""
    figures = [
        ("iterations", iteration_figure(run)), ("trajectories", trajectory_figure(run, *components)),
        ("gains", gain_figure(run)), ("policy", policy_figure(run)),
    ]
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, figure in figures:
        if figure is not None:
            paths.append(folder / f"{name}.{suffix}")
            save(figure, paths[-1])
    return paths
