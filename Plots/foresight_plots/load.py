"""A study's folder in memory: what was asked for, and what each run has measured so far.

A folder that `foresight study run` writes has study.json and the folders of its runs. A folder of Experiments has what is
kept of them: study.yaml, results.csv and manifests.jsonl (see collect.py).
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from .tables import GRADIENT_STEPS, NUMBER, OPTIONAL_NUMBER, TEXT, WHOLE, StudyError, read_table

RESULTS = {
    "study": TEXT, "environment": TEXT, "agent": TEXT, "seed": WHOLE,
    "environment_steps": WHOLE, "episode": WHOLE, "return": NUMBER,
}
EPISODES = {"environment_steps": WHOLE, "episode": WHOLE, "return": NUMBER, "length": WHOLE, "ending": TEXT}
EPISODES_ADDED = {"clipped_actions": WHOLE, "decisions": WHOLE}  # files of earlier versions lack them
DECISIONS = {"decisions": WHOLE}  # the last column of every table, which files of earlier versions lack
EVALUATIONS = {"environment_steps": WHOLE, "episode": WHOLE, "return": NUMBER, "length": WHOLE}
EVALUATIONS_ADDED = {  # files of earlier versions lack them
    "predicted_value": OPTIONAL_NUMBER, "discounted_return": OPTIONAL_NUMBER,
}
TIMING = {
    "environment_steps": WHOLE, "wall_seconds": NUMBER,
    **dict.fromkeys(("acting", "fitting", "planning", "learning", "stepping"), OPTIONAL_NUMBER),
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
    measured: pd.DataFrame
    """Evaluation episodes: environment_steps, and a column for each number that the environment measured besides returns."""
    values: pd.DataFrame
    """Evaluation episodes of an agent with values: environment_steps, predicted_value and discounted_return."""

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
    steps: str = "real environment steps"
    """What the runs count."""

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
    source, description = _read_description(folder)
    results = folder / "results.csv"
    tidy = read_table(results, RESULTS, further=OPTIONAL_NUMBER) if results.exists() else None
    try:
        runs = [_load_run(folder, entry, tidy) for entry in description["runs"]]
        study = Study(
            name=str(description["study"]),
            environments=[str(name) for name in description["environments"]],
            agents=[str(name) for name in description["agents"]],
            thresholds={str(name): float(value) for name, value in description.get("thresholds", {}).items()},
            runs=runs,
            steps="gradient steps" if _is_offline(folder, description["runs"]) else Study.steps,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise StudyError(f"{source}: not a study's description: {reason}") from error
    if not any(run.started for run in study.runs):
        raise StudyError(f"{folder}: no results yet: none of its {len(study.runs)} runs has finished an evaluation")
    return study


def _is_offline(folder: Path, runs: list[dict]) -> bool:
    """Whether all runs learn from a dataset alone, as the columns in their manifests say."""
    kept = folder / "manifests.jsonl"
    if kept.exists() and not (folder / "study.json").exists():
        manifests = [_parse(kept, number, line) for number, line in enumerate(_read(kept).splitlines(), 1) if line.strip()]
    else:
        paths = [folder / str(run["folder"]) / "manifest.json" for run in runs]
        manifests = [_parse(path, 1, _read(path)) for path in paths if path.exists()]
    tables = [(manifest.get("columns") or {}).get("evaluations.csv") or [""] for manifest in manifests]
    return bool(tables) and all(columns[0] == GRADIENT_STEPS for columns in tables)


def load_description(folder: Path) -> dict:
    """What was asked for, as study.json has it: study, environments, agents, thresholds and runs."""
    return _read_description(folder)[1]


def _read_description(folder: Path) -> tuple[Path, dict]:
    """What was asked for, and the file that says so."""
    listed = folder / "study.json"
    if listed.exists():
        return listed, _parse(listed, 1, _read(listed))
    kept = folder / "manifests.jsonl"
    if kept.exists():
        return folder / "study.yaml", _describe(folder / "study.yaml", kept)
    raise StudyError(f"{folder}: not a study folder (no study.json and no manifests.jsonl)")


def _describe(plan: Path, kept: Path) -> dict:
    """The description in the form of study.json, from the study's file and its runs' manifests."""
    try:
        study = yaml.safe_load(_read(plan))
    except yaml.YAMLError as error:
        place = getattr(error, "problem_mark", None)
        where = f":{place.line + 1}:{place.column + 1}" if place else ""
        raise StudyError(f"{plan}{where}: not YAML: {getattr(error, 'problem', error)}") from error
    if not isinstance(study, dict) or "name" not in study:
        raise StudyError(f"{plan}: not a study's description: 'name' is missing")
    lines = enumerate(_read(kept).splitlines(), 1)
    manifests = [_parse(kept, number, line) for number, line in lines if line.strip()]
    try:
        runs = [{"environment": run["environment"], "agent": run["label"], "seed": run["seed"], "steps": run["steps"],
                 "wall_seconds": run.get("wall_seconds"), "folder": ""} for run in manifests]
    except (KeyError, TypeError) as error:
        raise StudyError(f"{kept}: not the manifests of runs: {error!r}") from error
    return {"study": study["name"], "environments": _names(study, "environments", runs, "environment"),
            "agents": _names(study, "agents", runs, "agent"), "thresholds": study.get("thresholds") or {}, "runs": runs}


def _names(study: dict, key: str, runs: list[dict], field_name: str) -> list[str]:
    """The names under `key` that have runs, in the order of the study's file."""
    found = {run[field_name] for run in runs}
    return [str(name) for name in study.get(key, []) if str(name) in found]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(f"{path}: {error.strerror if isinstance(error, OSError) else error}") from error


def _parse(path: Path, line: int, text: str) -> dict:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise StudyError(f"{path}:{line + error.lineno - 1}:{error.colno}: not JSON: {error.msg}") from error


def _load_run(study: Path, entry: dict, tidy: pd.DataFrame | None) -> Run:
    """The run's own files are the freshest; the study's stand in where the run's folder is not there."""
    environment, agent, seed = str(entry["environment"]), str(entry["agent"]), int(entry["seed"])
    folder = study / str(entry["folder"]) if entry["folder"] else study / "none"
    if (folder / "evaluations.csv").exists():
        evaluations = read_table(folder / "evaluations.csv", EVALUATIONS, EVALUATIONS_ADDED, NUMBER)
    elif tidy is not None:
        mine = (tidy["environment"] == environment) & (tidy["agent"] == agent) & (tidy["seed"] == seed)
        evaluations = tidy[mine]
    else:
        evaluations = pd.DataFrame({"environment_steps": [], "return": []})
    steps, means = _mean_evaluations(evaluations)
    episodes = pd.DataFrame({"environment_steps": [], "return": []})
    if (folder / "episodes.csv").exists():
        episodes = read_table(folder / "episodes.csv", EPISODES, EPISODES_ADDED)[["environment_steps", "return"]]
    wall_seconds = entry.get("wall_seconds")
    if (folder / "timing.csv").exists():
        timing = read_table(folder / "timing.csv", TIMING, DECISIONS)
        wall_seconds = float(timing["wall_seconds"].iloc[-1]) if len(timing) else None
    known = {*RESULTS, *EVALUATIONS, *EVALUATIONS_ADDED, *DECISIONS} - {"environment_steps"}
    measured = evaluations[[name for name in evaluations.columns if name not in known]]
    columns = ["environment_steps", *EVALUATIONS_ADDED]
    values = evaluations.reindex(columns=columns).astype(float).dropna()
    return Run(environment, agent, seed, int(entry["steps"]), steps, means, episodes, wall_seconds, measured, values)


def _mean_evaluations(evaluations: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Mean return of each evaluation; a last one with fewer episodes than the first is still running, and left out."""
    if evaluations.empty:
        return np.array([], dtype=int), np.array([])
    grouped = evaluations.groupby("environment_steps")["return"].agg(["mean", "size"]).sort_index()
    if grouped["size"].iloc[-1] < grouped["size"].iloc[0]:
        grouped = grouped.iloc[:-1]
    return grouped.index.to_numpy(), grouped["mean"].to_numpy()
