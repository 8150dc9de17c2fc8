"""What evaluations measured besides returns (`final_distance`, `success`): the last columns of their tables."""

import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from .load import load_study
from .statistics import median_with_infinities
from .tables import StudyError


@dataclass(frozen=True)
class Goal:
    """A bound that the mean of a measure over an evaluation should meet."""

    measure: str
    limit: float
    at_most: bool

    def is_met(self, value: float) -> bool:
        return value <= self.limit if self.at_most else value >= self.limit

    @property
    def text(self) -> str:
        return f"{self.measure} {'<=' if self.at_most else '>='} {self.limit:g}"


@dataclass(frozen=True)
class MeasureRow:
    """One measure of one agent in one environment over the seeds."""

    environment: str
    agent: str
    measure: str
    finals: list[float]
    """Mean over the last evaluation's episodes, one a seed."""
    goal: Goal | None
    arrivals: list[float]
    """Real environment steps before the first evaluation that met the goal, one a seed; infinite where none did."""


def parse_goal(text: str) -> Goal:
    """The goal that `name<=number` or `name>=number` says; raises StudyError."""
    found = re.fullmatch(r"\s*(\w+)\s*(<=|>=)\s*(\S+)\s*", text)
    try:
        return Goal(found.group(1), float(found.group(3)), found.group(2) == "<=")
    except (AttributeError, ValueError):
        raise StudyError(f"'{text}' is no goal, such as final_distance<=0.02") from None


def summarize_measures(folder: str | Path, goals: list[Goal]) -> list[MeasureRow]:
    """One row for each environment, agent and measure, in the study's order."""
    study = load_study(folder)
    rows = []
    for environment in study.environments:
        for agent in study.agents_in(environment):
            tables = [run.measured for run in study.select(environment, agent) if len(run.measured)]
            names = [name for name in tables[0].columns if name != "environment_steps" and tables[0][name].notna().any()]
            for name in names:
                curves = [table.groupby("environment_steps")[name].mean() for table in tables]
                goal = next((goal for goal in goals if goal.measure == name), None)
                arrivals = [_arrival(curve, goal) for curve in curves] if goal else []
                finals = [float(curve.iloc[-1]) for curve in curves]
                rows.append(MeasureRow(environment, agent, name, finals, goal, arrivals))
    if not rows:
        raise StudyError(f"{folder}: its environments measure nothing besides returns")
    return rows


def _arrival(curve: pd.Series, goal: Goal) -> float:
    met = [steps for steps, value in curve.items() if goal.is_met(value)]
    return float(met[0]) if met else math.inf


def format_measures(rows: list[MeasureRow]) -> str:
    """The rows as aligned text."""
    lines = [["environment", "agent", "measure", "seeds", "final: median (least to largest)", "goal", "steps to it: median"]]
    for row in rows:
        finals = f"{np.median(row.finals):.4g} ({min(row.finals):.4g} to {max(row.finals):.4g})"
        arrival = ""
        if row.goal:
            median = median_with_infinities(row.arrivals)
            reached = sum(map(math.isfinite, row.arrivals))
            steps = f"{median:,.0f}" if math.isfinite(median) else "never"
            arrival = f"{steps} ({reached}/{len(row.arrivals)} seeds)"
        goal = row.goal.text if row.goal else ""
        lines.append([row.environment, row.agent, row.measure, str(len(row.finals)), finals, goal, arrival])
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)
