"""What a study's normalised scores say over several tasks: the numbers behind the figures of aggregates."""

from dataclasses import dataclass

import numpy as np

from .aggregate import Estimate, aggregates, probability_of_improvement
from .intervals import interval_name
from .load import Run, Study
from .statistics import align, steps_to_threshold
from .survival import Arrivals, Ratio, sample_ratio


@dataclass(frozen=True)
class Group:
    """Some tasks, and the agents that have runs in all of them."""

    name: str
    environments: list[str]
    agents: list[str]
    left_out: list[str]
    """Agents that lack some of the tasks, and are not compared."""


def groups(study: Study) -> list[Group]:
    """All tasks with normalised scores, if there are two or more, and then the study's own groups."""
    scored = [name for name in study.environments if name in study.scales and study.agents_in(name)]
    everything = f"all {len(scored)} tasks" if len(scored) > 1 else "".join(map(study.display.name, scored))
    wanted = {everything: scored, **study.display.groups}
    found = []
    for name, environments in wanted.items():
        environments = [environment for environment in environments if environment in scored]
        agents = [agent for agent in study.agents if any(agent in study.agents_in(e) for e in environments)]
        whole = [agent for agent in agents if all(agent in study.agents_in(e) for e in environments)]
        if environments and whole:
            found.append(Group(name, environments, whole, [agent for agent in agents if agent not in whole]))
    return found


def unscored(study: Study) -> list[str]:
    """Environments without a random and a reference return, which no aggregate has."""
    return [name for name in study.environments if name not in study.scales]


def final_scores(study: Study, group: Group, agent: str) -> list[np.ndarray]:
    """Normalised return of the last evaluation: [seeds], one array a task."""
    return [study.scales[environment].normalize(
        np.array([run.evaluation_means[-1] for run in study.select(environment, agent) if run.started]))
        for environment in group.environments]


def budget(study: Study, group: Group) -> dict[str, int]:
    """Of each task, the steps up to which every compared agent was asked to go."""
    return {environment: min(max(run.steps for run in study.select(environment, agent)) for agent in group.agents)
            for environment in group.environments}


def evaluation_shares(study: Study, group: Group, most: int = 60) -> np.ndarray:
    """Shares (0 to 1) of the tasks' budgets at which runs were evaluated, or 41 even ones where these are more than `most`."""
    limits, shares = budget(study, group), {0.0, 1.0}
    for run in study.runs:
        if run.agent in group.agents and run.environment in limits:
            shares.update(np.round(run.evaluation_steps / limits[run.environment], 9))
    found = np.array(sorted(share for share in shares if share <= 1))
    return found if len(found) <= most else np.linspace(0, 1, 41)


def score_curves(study: Study, group: Group, agent: str, grid: np.ndarray) -> list[np.ndarray]:
    """Normalised scores at the shares `grid` (0 to 1) of each task's budget: [seeds, points], one array a task.

    Budgets are those of `budget`, so that all agents are compared at the same steps. Runs that have not come so far, or
    whose first evaluation is later, have NaN there.
    """
    limits, curves = budget(study, group), []
    for environment in group.environments:
        runs = [run for run in study.select(environment, agent) if run.started]
        points = [(run.evaluation_steps, run.evaluation_means) for run in runs]
        # steps are whole numbers, and a rounded share of the budget must not fall beside the evaluation that it is of
        steps = grid * limits[environment]
        steps = np.where(np.abs(steps - np.rint(steps)) < 0.01, np.rint(steps), steps)
        _, aligned = align(points, steps)
        for row, run in zip(aligned, runs):
            if run.finished:  # the last evaluation stands until the budget's end
                row[np.isnan(row) & (steps >= run.evaluation_steps[-1])] = run.evaluation_means[-1]
        curves.append(study.scales[environment].normalize(aligned))
    return curves


def arrivals(runs: list[Run], threshold: float) -> Arrivals:
    """Steps to the threshold of each run that has begun; one that never arrived is censored at its last evaluation."""
    begun = [run for run in runs if run.started]
    steps = [steps_to_threshold(run.evaluation_steps, run.evaluation_means, threshold) for run in begun]
    reached = np.isfinite(steps)
    last = [float(run.steps if run.finished else run.evaluation_steps[-1]) for run in begun]
    return Arrivals(np.where(reached, steps, last), reached)


@dataclass(frozen=True)
class Comparison:
    """One group of tasks, every agent's aggregates, and how each compares with the baseline."""

    group: Group
    seeds: int
    """The fewest seeds of any agent in any of the tasks."""
    interval: str
    estimates: dict[str, dict[str, Estimate]]
    baseline: str | None
    improvement: dict[str, Estimate]
    """Probability that an agent beats the baseline."""
    ratios: dict[str, Ratio]
    """Steps to the tasks' thresholds that the baseline needs, over those of an agent: above 1 the agent needs fewer."""


def compare(study: Study, group: Group) -> Comparison:
    """All the numbers of a group; a second or two for ten agents."""
    scores = {agent: final_scores(study, group, agent) for agent in group.agents}
    seeds = min(len(task) for tasks in scores.values() for task in tasks)
    baseline = study.display.baseline if study.display.baseline in group.agents else None
    others = [agent for agent in group.agents if agent != baseline] if baseline else []
    solved = [environment for environment in group.environments if environment in study.thresholds]
    reached = {agent: [arrivals(study.select(e, agent), study.thresholds[e]) for e in solved] for agent in group.agents}
    return Comparison(
        group, seeds, interval_name(seeds, len(group.environments)),
        {agent: aggregates(tasks) for agent, tasks in scores.items()}, baseline,
        {agent: probability_of_improvement(scores[agent], scores[baseline]) for agent in others},
        {agent: sample_ratio(reached[baseline], reached[agent]) for agent in others} if solved else {})
