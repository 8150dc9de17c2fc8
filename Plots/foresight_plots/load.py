"""A study's folder in memory: what was asked for (study.json) and what each run has measured so far."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from .tables import NUMBER, OPTIONAL_NUMBER, TEXT, WHOLE, StudyError, read_table

RESULTS = {
    "study": TEXT, "environment": TEXT, "agent": TEXT, "seed": WHOLE,
    "environment_steps": WHOLE, "episode": WHOLE, "return": NUMBER,
}
EPISODES = {"environment_steps": WHOLE, "episode": WHOLE, "return": NUMBER, "length": WHOLE, "ending": TEXT}
EPISODES_ADDED = {"clipped_actions": WHOLE}  # files of earlier versions lack it
EVALUATIONS = {"environment_steps": WHOLE, "episode": WHOLE, "return": NUMBER, "length": WHOLE}
TIMING = {
    "environment_steps": WHOLE, "wall_seconds": NUMBER,
    **{share: OPTIONAL_NUMBER for share in ("acting", "fitting", "planning", "learning", "stepping")},
}


@dataclass(frozen=True)
class Run:
    """One agent in one environment with one seed."""

    environment: str
    agent: str
    seed: int
    steps: int
    """Real environment steps asked for."""
    evaluation_steps: np.ndarray
    """Real environment steps taken before each evaluation, increasing."""
    evaluation_means: np.ndarray
    """Mean return over the episodes of each evaluation."""
    episodes: pd.DataFrame
    """Training episodes: environment_steps (at the episode's end) and return; empty if not recorded."""
    wall_seconds: float | None
    """Wall-clock time so far; None if not recorded."""

    @property
    def started(self) -> bool:
        return len(self.evaluation_steps) > 0

    @property
    def finished(self) -> bool:
        """Whether no further evaluation was due before `steps`."""
        if not self.started:
            return False
        last = self.evaluation_steps[-1]
        if last >= self.steps or len(self.evaluation_steps) < 2:
            return bool(last >= self.steps)
        interval = np.min(np.diff(self.evaluation_steps))
        return bool(last + interval > self.steps)


@dataclass(frozen=True)
class Study:
    """Every run of a study, in the order of the study's file."""

    name: str
    environments: list[str]
    agents: list[str]
    thresholds: dict[str, float]
    runs: list[Run] = field(repr=False)

    def select(self, environment: str, agent: str) -> list[Run]:
        """The runs of one agent in one environment, one for each seed."""
        return [run for run in self.runs if (run.environment, run.agent) == (environment, agent)]

    def agents_in(self, environment: str) -> list[str]:
        """The agents with at least one evaluation in `environment`, in the study's order."""
        return [agent for agent in self.agents if any(run.started for run in self.select(environment, agent))]

    def seed_count(self, environment: str) -> int:
        """The largest number of seeds that any agent has in `environment`."""
        return max((len(self.select(environment, agent)) for agent in self.agents), default=0)


def load_study(folder: str | Path) -> Study:
    """Reads the study in `folder`; raises StudyError when there is none, or nothing to show, or a bad file."""
    folder = Path(folder)
    if not folder.is_dir():
        raise StudyError(f"{folder}: no such folder")
    description = _read_description(folder / "study.json")
    results = folder / "results.csv"
    tidy = read_table(results, RESULTS) if results.exists() else None
    try:
        runs = [_load_run(folder, entry, tidy) for entry in description["runs"]]
        study = Study(
            name=str(description["study"]),
            environments=[str(name) for name in description["environments"]],
            agents=[str(name) for name in description["agents"]],
            thresholds={str(name): float(value) for name, value in description.get("thresholds", {}).items()},
            runs=runs,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise StudyError(f"{folder / 'study.json'}: not a study's description: {reason}") from error
    if not any(run.started for run in study.runs):
        raise StudyError(f"{folder}: no results yet: none of its {len(study.runs)} runs has finished an evaluation")
    return study


def _read_description(path: Path) -> dict:
    if not path.exists():
        raise StudyError(f"{path.parent}: not a study's folder: it has no {path.name}")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise StudyError(f"{path}:{error.lineno}:{error.colno}: not JSON: {error.msg}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(f"{path}: {error}") from error


def _load_run(study: Path, entry: dict, tidy: pd.DataFrame | None) -> Run:
    """The run's own files are the freshest; results.csv stands in where the run's folder is not there."""
    environment, agent, seed = str(entry["environment"]), str(entry["agent"]), int(entry["seed"])
    folder = study / str(entry["folder"])
    if (folder / "evaluations.csv").exists():
        evaluations = read_table(folder / "evaluations.csv", EVALUATIONS, open_ended=True)
    elif tidy is not None:
        mine = (tidy["environment"] == environment) & (tidy["agent"] == agent) & (tidy["seed"] == seed)
        evaluations = tidy[mine]
    else:
        evaluations = pd.DataFrame({"environment_steps": [], "return": []})
    steps, means = _mean_evaluations(evaluations)
    episodes = pd.DataFrame({"environment_steps": [], "return": []})
    if (folder / "episodes.csv").exists():
        episodes = read_table(folder / "episodes.csv", EPISODES, EPISODES_ADDED)[["environment_steps", "return"]]
    wall_seconds = None
    if (folder / "timing.csv").exists():
        timing = read_table(folder / "timing.csv", TIMING)
        wall_seconds = float(timing["wall_seconds"].iloc[-1]) if len(timing) else None
    return Run(environment, agent, seed, int(entry["steps"]), steps, means, episodes, wall_seconds)


def _mean_evaluations(evaluations: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Mean return of each evaluation; a last one with fewer episodes than the first is still running, and left out."""
    if evaluations.empty:
        return np.array([], dtype=int), np.array([])
    grouped = evaluations.groupby("environment_steps")["return"].agg(["mean", "size"]).sort_index()
    if grouped["size"].iloc[-1] < grouped["size"].iloc[0]:
        grouped = grouped.iloc[:-1]
    return grouped.index.to_numpy(), grouped["mean"].to_numpy()
