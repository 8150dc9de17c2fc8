"""Tells how steadily agents hold what they have reached.

    .venv/bin/python Plots/steadiness.py Experiments/mbpo-steady

From a run's first evaluation that reaches the threshold on, the evaluations after it that reach it are counted, and the last
five looked at.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from foresight.experiments import tell_of_study
from foresight.load import Run, Study
from foresight.program import leave

BEGINS, ENDS = "<!-- steadiness: made by Plots/steadiness.py -->", "<!-- end of steadiness -->"
LAST = 5


@dataclass(frozen=True)
class Steadiness:
    """Of the runs of one agent."""

    seeds: int
    first: list[float]
    """Steps to the first evaluation that reaches the threshold, of the runs that have one."""
    later: int
    """Evaluations after it, of all runs."""
    held: int
    """How many of these reach it too."""
    last: list[float]
    """Of each run the least of its last five evaluations."""
    all_last: int
    """Runs whose last five evaluations all reach it."""


def steadiness(runs: list[Run], threshold: float) -> Steadiness:
    """Counts over `runs` that have begun."""
    first, later, held, last, all_last = [], 0, 0, [], 0
    begun = [run for run in runs if run.started]
    for run in begun:
        reached = run.evaluation_means >= threshold
        last.append(float(run.evaluation_means[-LAST:].min()))
        all_last += bool(reached[-LAST:].all())
        if reached.any():
            place = int(np.argmax(reached))
            first.append(float(run.evaluation_steps[place]))
            later += len(reached) - place - 1
            held += int(reached[place + 1:].sum())
    return Steadiness(len(begun), first, later, held, last, all_last)


def table(study: Study) -> str:
    """A row for each agent of each environment with a threshold."""
    lines = [f"| Environment | Agent | Steps to the first | Later ones that reach it | Runs whose last {LAST} do | "
             f"Least of the last {LAST}, seed by seed |", "| --- | --- | ---: | ---: | ---: | ---: |"]
    for environment in study.environments:
        if environment not in study.thresholds:
            continue
        for agent in study.agents_in(environment):
            found = steadiness(study.select(environment, agent), study.thresholds[environment])
            middle = f"{np.median(found.first):,.0f} ({len(found.first)} of {found.seeds})" if found.first else "-"
            share = f"{found.held} of {found.later} ({found.held / found.later:.0%})".replace("%", " %") if found.later else "-"
            last = ", ".join(f"{value:,.0f}" for value in found.last)
            lines.append(f"| `{environment}` | `{agent}` | {middle} | {share} | {found.all_last} of {found.seeds} | {last} |")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Prints the table and writes it into the folder's README.md; returns the exit status."""
    return tell_of_study(arguments, __doc__.splitlines()[0], (BEGINS, ENDS), table)


if __name__ == "__main__":
    leave(main)
