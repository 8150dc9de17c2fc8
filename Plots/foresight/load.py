"""A study's folder, or a run's, in memory: what was asked for, and what each run has measured so far.

A folder that `foresight study run` writes has study.json and the folders of its runs. A folder of Experiments has what is
kept of them: study.yaml, results.csv and manifests.jsonl (see collect.py).
"""

import json
import math
import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from .checks import check_finished, check_identity, check_order
from .display import Display, read_display
from .entries import EntryError
from .scores import Scale, scales_of
from .tables import GRADIENT_STEPS, NUMBER, OPTIONAL_NUMBER, TEXT, WHOLE, Columns, StudyError, read_columns, read_table

STEPS = "real environment steps"
"""What runs count, unless they learn from a dataset alone."""
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
TRAINING = {"environment_steps": WHOLE}
_NOT_MEASURED = {*RESULTS, *EVALUATIONS, *EVALUATIONS_ADDED, *DECISIONS} - {"environment_steps"}


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
    wall_seconds: float | None
    """Wall-clock time so far; None if not recorded."""
    evaluations: Columns = field(default_factory=dict, repr=False)
    """Evaluation episodes, column by column."""
    folder: Path | None = None
    """The run's own folder; None where only what is kept of it is there."""
    manifest: dict = field(default_factory=dict, repr=False)
    """Its manifest; empty if there is none."""

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

    @property
    def failure(self) -> str | None:
        """Why it failed, if its manifest says so."""
        return str(self.manifest.get("failure") or "no reason given") if self.manifest.get("status") == "failed" else None

    @cached_property
    def measured(self) -> pd.DataFrame:
        """Evaluation episodes: environment_steps, and a column for each number that the environment measured as well."""
        return pd.DataFrame({name: array for name, array in self.evaluations.items() if name not in _NOT_MEASURED})

    @cached_property
    def values(self) -> pd.DataFrame:
        """Evaluation episodes of an agent with values: environment_steps, predicted_value and discounted_return."""
        columns = ["environment_steps", *EVALUATIONS_ADDED]
        if set(columns) <= set(self.evaluations):
            return pd.DataFrame({name: self.evaluations[name] for name in columns}).astype(float).dropna()
        return pd.DataFrame({name: np.zeros(0) for name in columns})

    @cached_property
    def episodes(self) -> pd.DataFrame:
        """Training episodes: environment_steps (at the episode's end) and return; empty if not recorded."""
        table = self._table("episodes.csv", EPISODES, EPISODES_ADDED)
        columns = ["environment_steps", "return"]
        return pd.DataFrame({name: [] for name in columns}) if table is None else table[columns]

    @cached_property
    def training(self) -> pd.DataFrame:
        """environment_steps and a column for each metric of the agent; empty if not recorded."""
        table = self._table("training.csv", TRAINING, further=OPTIONAL_NUMBER)
        return pd.DataFrame({"environment_steps": []}) if table is None else table.drop(columns="decisions", errors="ignore")

    @cached_property
    def timing(self) -> pd.DataFrame:
        """environment_steps, wall_seconds and shares of that time; empty if not recorded."""
        table = self._table("timing.csv", TIMING, DECISIONS)
        return pd.DataFrame({name: [] for name in TIMING}) if table is None else table

    def seconds_at(self, steps: np.ndarray) -> np.ndarray | None:
        """Wall-clock seconds after so many steps, between the rows of timing.csv on a straight line; None if not recorded.

        Of runs in Experiments only the whole time is kept: the line then goes from their first step to their last.
        """
        if not len(self.timing):
            return None if self.wall_seconds is None else np.interp(steps, [0, self.steps], [0.0, self.wall_seconds])
        known = np.concatenate([[0], self.timing["environment_steps"]])
        return np.interp(steps, known, np.concatenate([[0.0], self.timing["wall_seconds"]]))

    def updates_at(self, steps: np.ndarray) -> np.ndarray | None:
        """Gradient updates after so many steps, where the setting `agent.updates` says how many a step takes; else None."""
        settings = self.manifest.get("settings", {}).get("agent", {})
        rate = settings.get("updates")
        if rate is None and "real_updates" in settings:
            rate = settings["real_updates"] + settings.get("imagined_updates", 0)
        if not isinstance(rate, int | float) or "random_steps" not in settings:
            return None
        wrappers = self.manifest.get("settings", {}).get("environment", {}).get("wrappers", {})
        decisions = np.asarray(steps) / wrappers.get("action_repeat", 1)
        rate /= settings.get("train_interval", 1)
        return rate * np.maximum(decisions - settings["random_steps"], 0)

    def _table(self, name: str, *arguments, **options) -> pd.DataFrame | None:
        if self.folder is None or not (self.folder / name).exists():
            return None
        table = read_columns(self.folder / name, *arguments, **options)
        check_order(self.folder / name, table)
        return pd.DataFrame(table)


@dataclass(frozen=True)
class Study:
    """Every run of a study, in the order of the study's file."""

    name: str
    environments: list[str]
    agents: list[str]
    thresholds: dict[str, float]
    runs: list[Run] = field(repr=False)
    display: Display = field(default_factory=Display)
    scales: dict[str, Scale] = field(default_factory=dict)
    """What 0 and 1 are in each environment that has normalised scores."""
    folder: Path | None = None

    @cached_property
    def steps(self) -> str:
        """What the runs count: gradient steps where all of them learn from a dataset alone."""
        columns = [(run.manifest.get("columns") or {}).get("evaluations.csv") or [""] for run in self.runs if run.manifest]
        return "gradient steps" if columns and all(names[0] == GRADIENT_STEPS for names in columns) else STEPS

    @cached_property
    def _selected(self) -> dict[tuple[str, str], list[Run]]:
        selected: dict[tuple[str, str], list[Run]] = {}
        for run in self.runs:
            selected.setdefault((run.environment, run.agent), []).append(run)
        return selected

    def select(self, environment: str, agent: str) -> list[Run]:
        """The runs of one agent in one environment, one for each seed."""
        return self._selected.get((environment, agent), [])

    def agents_in(self, environment: str) -> list[str]:
        """The agents with at least one evaluation in `environment`, in the study's order."""
        return [agent for agent in self.agents if any(run.started for run in self.select(environment, agent))]

    def seed_count(self, environment: str) -> int:
        """The largest number of seeds that any agent has in `environment`."""
        return max((len(self.select(environment, agent)) for agent in self.agents), default=0)


def load_study(folder: str | Path, empty: bool = False) -> Study:
    """Reads the study in `folder`; raises StudyError when there is none, or a bad file, or, unless `empty`, no result yet."""
    folder = Path(folder)
    if not folder.is_dir():
        raise StudyError(f"{folder}: no such folder")
    source, description = _read_description(folder)
    kept = _Results(folder / "results.csv")
    try:
        for number, entry in enumerate(description["runs"]):
            _check_numbers(entry, ("runs", number))
        runs = [_load_run(folder, entry, kept, source) for entry in description["runs"]]
        environments = [str(name) for name in description["environments"]]
        agents = [str(name) for name in description["agents"]]
        thresholds = _thresholds(description.get("thresholds", {}))
        display = read_display(description.get("figures"), *_all_names(description, environments, agents))
        study = Study(str(description["study"]), environments, agents, thresholds, runs, display,
                      scales_of(environments, display.scores, thresholds, _random_returns(runs)), folder)
    except EntryError as error:
        raise error.of(source) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise StudyError(f"{source}: not a study's description: {reason}") from error
    if not empty and not any(run.started for run in study.runs):
        raise StudyError(f"{folder}: no results yet: none of its {len(study.runs)} runs has finished an evaluation")
    return study


def load_run(folder: str | Path) -> Run:
    """Reads the run in `folder`; raises StudyError when there is none, or a bad file."""
    folder = Path(folder)
    path = folder / "manifest.json"
    if not path.exists():
        raise StudyError(f"{folder}: not a run's folder (no manifest.json)")
    manifest = _parse(path, 1, _read(path))
    try:
        entry = {"environment": manifest["environment"], "agent": manifest["label"], "seed": manifest["seed"],
                 "steps": manifest["steps"], "folder": folder.name}
        _check_numbers(entry, ())
        return _load_run(folder.parent, entry, None, path)
    except EntryError as error:
        raise error.of(path) from error
    except (KeyError, TypeError, ValueError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise StudyError(f"{path}: not a run's manifest: {reason}") from error


def study_of(run: Run) -> Study:
    """A study of this run alone, so that whatever draws studies draws it."""
    scales = scales_of([run.environment], {}, {}, {})
    return Study(f"{run.agent} in {run.environment}, seed {run.seed}", [run.environment], [run.agent], {}, [run],
                 scales=scales, folder=run.folder)


def load(folder: str | Path, empty: bool = False) -> Study:
    """The study in `folder`, or that of the one run in it; `empty` as in `load_study`."""
    folder = Path(folder)
    if (folder / "manifest.json").exists() and not (folder / "study.json").exists():
        return study_of(load_run(folder))
    return load_study(folder, empty)


def load_description(folder: Path) -> dict:
    """What was asked for, as study.json has it: study, environments, agents, thresholds and runs."""
    return _read_description(folder)[1]


def _random_returns(runs: list[Run]) -> dict[str, float]:
    """Mean return of the agent `random`, where the study has it."""
    found: dict[str, list[float]] = {}
    for run in runs:
        if run.agent == "random" and run.started:
            found.setdefault(run.environment, []).append(float(run.evaluation_means.mean()))
    return {name: float(np.mean(values)) for name, values in found.items()}


def _all_names(description: dict, environments: list[str], agents: list[str]) -> tuple[list[str], list[str]]:
    """Names that `figures` may speak of: a study's file may have more than have run."""
    return (list(dict.fromkeys([*environments, *description.get("all_environments", [])])),
            list(dict.fromkeys([*agents, *description.get("all_agents", [])])))


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
        study = yaml.load(_read(plan), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
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
                 "wall_seconds": run.get("wall_seconds"), "folder": "", "manifest": run} for run in manifests]
    except (KeyError, TypeError) as error:
        raise StudyError(f"{kept}: not the manifests of runs: {error!r}") from error
    return {"study": study["name"], "environments": _names(study, "environments", runs, "environment"),
            "agents": _labels(study, runs), "thresholds": study.get("thresholds") or {}, "runs": runs,
            "figures": study.get("figures"), "all_environments": [str(name) for name in study.get("environments") or []],
            "all_agents": [str(name) for name in study.get("agents") or []]}


def _names(study: dict, key: str, runs: list[dict], field_name: str) -> list[str]:
    """The names under `key` that have runs, in the order of the study's file."""
    found = {run[field_name] for run in runs}
    return [str(name) for name in study.get(key, []) if str(name) in found]


def _labels(study: dict, runs: list[dict]) -> list[str]:
    """The agents' labels that have runs, in the order of the study's file; the variants of a sweep in the order of the runs,
    each in the place of its agent."""
    names = [str(name) for name in study.get("agents") or []]
    places = {name: place for place, name in enumerate(names)}

    def place(label: str) -> int:
        if label in places:
            return places[label]
        origins = [name for name in names if label.startswith(name + "-")]
        return places[max(origins, key=len)] if origins else len(names)

    return sorted(dict.fromkeys(run["agent"] for run in runs), key=place)


def _read(path: Path | str) -> str:
    try:
        with open(path, "rb") as file:
            return file.read().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(f"{path}: {error.strerror if isinstance(error, OSError) else error}") from error


def _parse(path: Path | str, line: int, text: str) -> dict:
    try:
        parsed = json.loads(text)
    except json.JSONDecodeError as error:
        raise StudyError(f"{path}:{line + error.lineno - 1}:{error.colno}: not JSON: {error.msg}") from error
    if not isinstance(parsed, dict):
        raise StudyError(f"{path}:{line}: a JSON object is expected, found {type(parsed).__name__}")
    return parsed


class _Results:
    """The evaluations of all runs in results.csv, which is read when the first run needs it."""

    def __init__(self, path: Path):
        self._path = path

    @cached_property
    def _runs(self) -> dict[tuple[str, str, int], pd.DataFrame]:
        if not self._path.exists():
            return {}
        table = read_table(self._path, RESULTS, further=OPTIONAL_NUMBER)
        return dict(iter(table.groupby(["environment", "agent", "seed"], sort=False)))

    def of(self, environment: str, agent: str, seed: int) -> Columns:
        """The evaluation episodes of one run; none if there are none."""
        table = self._runs.get((environment, agent, seed))
        return {} if table is None else {str(name): table[name].to_numpy() for name in table}


def _check_numbers(entry: dict, place: tuple) -> None:
    """Seed and steps of the run that a description has at `place` are whole numbers."""
    for name in ("seed", "steps"):
        if isinstance(entry[name], bool) or not isinstance(entry[name], int):
            raise EntryError((*place, name), f" must be a whole number, found {entry[name]!r}")


def _thresholds(entry: dict) -> dict[str, float]:
    for name, value in entry.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise EntryError(("thresholds", name), f" must be a number, found {value!r}")
    return {str(name): float(value) for name, value in entry.items()}


def _load_run(study: Path, entry: dict, kept: _Results | None, source: Path) -> Run:
    """The run's own files are the freshest; the study's stand in where the run's folder is not there."""
    environment, agent, seed, steps = str(entry["environment"]), str(entry["agent"]), entry["seed"], entry["steps"]
    folder = f"{study}/{entry['folder']}" if entry["folder"] else None
    manifest, wall_seconds = entry.get("manifest", {}), entry.get("wall_seconds")
    evaluations = None
    if folder is not None:  # texts, as paths take longer to put together than their files to read
        path = folder + "/manifest.json"
        if os.path.exists(path):
            manifest = _parse(path, 1, _read(path))
            check_identity(path, manifest, entry, source)
        path = folder + "/evaluations.csv"
        if os.path.exists(path):
            evaluations = read_columns(path, EVALUATIONS, EVALUATIONS_ADDED, NUMBER)
            check_order(path, evaluations)
            check_finished(path, evaluations["environment_steps"], manifest)
        path = folder + "/timing.csv"
        if os.path.exists(path):
            wall_seconds = _last_wall_seconds(path)
        elif evaluations is None and not os.path.isdir(folder):
            folder = None
    if evaluations is None:
        evaluations = kept.of(environment, agent, seed) if kept else {}
    evaluations = evaluations or {"environment_steps": np.zeros(0, dtype=int), "return": np.zeros(0)}
    places, means = _mean_evaluations(evaluations["environment_steps"], evaluations["return"])
    place = Path(folder) if folder else None
    return Run(environment, agent, seed, steps, places, means, wall_seconds, evaluations, place, manifest)


def _last_wall_seconds(path: Path | str) -> float | None:
    """The time in the last whole row of timing.csv; all rows are read where that row is not as it should be."""
    with open(path, "rb") as file:
        header = file.readline()
        file.seek(max(len(header), os.fstat(file.fileno()).st_size - _LONGEST_ROW))
        lines = file.read().split(b"\n")
    columns = header.strip().decode("utf-8", "replace").split(",")
    cells = lines[-2].strip().decode("utf-8", "replace").split(",") if len(lines) > 1 else []
    if columns in (list(TIMING), [*TIMING, *DECISIONS]) and len(cells) == len(columns):
        try:
            return NUMBER.parse(cells[1])
        except ValueError:
            pass
    timing = read_table(path, TIMING, DECISIONS)
    return float(timing["wall_seconds"].iloc[-1]) if len(timing) else None


_LONGEST_ROW = 1024
"""Bytes that a row of timing.csv and the beginning of the next, which is being written, may have."""


def _mean_evaluations(steps: np.ndarray, returns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean return of each evaluation; a last one with fewer episodes than the first is still running, and left out."""
    if not len(steps):
        return np.array([], dtype=int), np.array([])
    if (steps[1:] < steps[:-1]).any():
        order = np.argsort(steps, kind="stable")
        steps, returns = steps[order], returns[order]
    ends = np.append(np.flatnonzero(steps[1:] > steps[:-1]) + 1, len(steps)).tolist()
    starts = [0, *ends[:-1]]
    if ends[-1] - starts[-1] < ends[0]:
        starts, ends = starts[:-1], ends[:-1]
    values = returns.tolist()
    means = [math.fsum(values[start:end]) / (end - start) for start, end in zip(starts, ends)]
    return steps[starts], np.array(means)
