"""What to tune: a YAML file, decoded and checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

KEYS = {
    "name", "agent", "environment", "steps", "seeds", "settings", "search", "start", "objective", "trials", "rungs",
    "validation", "sampler_seed",
}
RANGE_KEYS = {"low", "high", "log", "step", "also"}
CHOICE_KEYS = {"choices", "also"}


class TuningError(Exception):
    """A mistake that the user can mend; the message is one line."""


@dataclass(frozen=True)
class Dimension:
    """One searched value, and the settings that it goes to."""

    name: str
    """The setting's key, such as `learner.tau`."""
    also: tuple[str, ...] = ()
    """Further settings that take the same value."""
    choices: tuple[Any, ...] = ()
    """What to choose from; empty for a range."""
    low: float = 0
    high: float = 0
    log: bool = False
    step: float | None = None
    whole: bool = False
    """Whether values are whole numbers: low and high (and step) are written as such."""

    def suggest(self, trial) -> Any:
        """Asks an Optuna trial for a value."""
        if self.choices:
            return self.choices[trial.suggest_categorical(self.name, list(range(len(self.choices))))]
        if self.whole:
            return trial.suggest_int(self.name, int(self.low), int(self.high), step=int(self.step or 1), log=self.log)
        return trial.suggest_float(self.name, self.low, self.high, step=self.step, log=self.log)

    def encode(self, value: Any) -> Any:
        """The parameter by which Optuna knows `value`. Raises TuningError when the value is not searched."""
        if self.choices:
            if value not in self.choices:
                raise TuningError(f"{self.name}: {value} is none of the choices")
            return self.choices.index(value)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not self.low <= value <= self.high:
            raise TuningError(f"{self.name}: {value} is not between {self.low:g} and {self.high:g}")
        return int(value) if self.whole else float(value)

    def decode(self, parameter: Any) -> Any:
        """The value of one of Optuna's parameters."""
        return self.choices[parameter] if self.choices else parameter


@dataclass(frozen=True)
class Plan:
    """A search, as its file describes it."""

    name: str
    agent: str
    environment: str
    steps: int
    """Environment steps of each run."""
    seeds: list[int]
    """Seeds of each trial."""
    settings: dict[str, Any]
    """Settings that every run has."""
    search: list[Dimension]
    start: list[dict[str, Any]]
    """Values to try first."""
    objective: str
    """`final`: interquartile mean over seeds of the mean return of the last evaluation. `area`: that of the mean
    over all steps of the curve of evaluations."""
    trials: int
    rungs: int
    """How often a trial is looked at, and may be pruned; 1 for never before its end."""
    validation: list[int]
    """Seeds for the study of the best settings, none of which a trial had."""
    sampler_seed: int | None = field(default=None)


def load_plan(path: Path) -> Plan:
    """Reads a file; raises TuningError naming file, key and what is wanted."""
    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TuningError(f"{path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise TuningError(f"{path}{where}: not YAML: {getattr(error, 'problem', error)}") from error
    try:
        return _plan(tree)
    except TuningError as error:
        raise TuningError(f"{path}: {error}") from None


def _plan(tree: Any) -> Plan:
    if not isinstance(tree, dict):
        raise TuningError(f"expected a mapping with the keys {', '.join(sorted(KEYS))}")
    unknown = [key for key in tree if key not in KEYS]
    if unknown:
        raise TuningError(f"unknown key '{unknown[0]}': known are {', '.join(sorted(KEYS))}")
    missing = [key for key in ("name", "agent", "environment", "steps", "search") if key not in tree]
    if missing:
        raise TuningError(f"'{missing[0]}' is missing")
    search = tree["search"]
    if not isinstance(search, dict) or not search:
        raise TuningError("search: expected a mapping from settings to ranges or choices")
    dimensions = [_dimension(str(name), node) for name, node in search.items()]
    written = [key for dimension in dimensions for key in (dimension.name, *dimension.also)]
    twice = next((key for key in written if written.count(key) > 1), None)
    if twice:
        raise TuningError(f"search: {twice} is searched twice")
    objective = tree.get("objective", "final")
    if objective not in ("final", "area"):
        raise TuningError(f"objective = {objective}: must be final or area")
    settings = tree.get("settings") or {}
    if not isinstance(settings, dict):
        raise TuningError("settings: expected a mapping")
    seeds = _seeds(tree.get("seeds", 3), "seeds", first=0)
    validation = _seeds(tree.get("validation", 10), "validation", first=1000)
    shared = sorted(set(seeds) & set(validation))
    if shared:
        raise TuningError(f"validation: seed {shared[0]} is one of the trials', and would flatter the best of them")
    start = tree.get("start") or []
    if not isinstance(start, list) or not all(isinstance(values, dict) for values in start):
        raise TuningError("start: expected a list of mappings from searched settings to values")
    known = {dimension.name: dimension for dimension in dimensions}
    for values in start:
        for name, value in values.items():
            if name not in known:
                raise TuningError(f"start: {name} is not searched")
            known[name].encode(value)
    return Plan(
        name=str(tree["name"]), agent=str(tree["agent"]), environment=str(tree["environment"]),
        steps=_count(tree["steps"], "steps"), seeds=seeds, settings=settings, search=dimensions, start=start,
        objective=objective, trials=_count(tree.get("trials", 40), "trials"), rungs=_count(tree.get("rungs", 4), "rungs"),
        validation=validation, sampler_seed=tree.get("sampler_seed"))


def _count(value: Any, key: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise TuningError(f"{key} = {value}: must be a whole number, at least 1")
    return value


def _seeds(value: Any, key: str, first: int) -> list[int]:
    if isinstance(value, list):
        good = [seed for seed in value if isinstance(seed, int) and not isinstance(seed, bool) and seed >= 0]
        if not value or len(good) < len(value) or len(set(good)) < len(good):
            raise TuningError(f"{key} = {value}: must be different whole numbers, at least 0")
        return good
    return list(range(first, first + _count(value, key)))


def _dimension(name: str, node: Any) -> Dimension:
    key = f"search.{name}"
    if isinstance(node, list):
        node = {"choices": node}
    if not isinstance(node, dict):
        raise TuningError(f"{key}: expected a list of choices, or a mapping with low and high")
    also = node.get("also", [])
    also = tuple(str(other) for other in (also if isinstance(also, list) else [also]))
    if "choices" in node:
        unknown = [other for other in node if other not in CHOICE_KEYS]
        if unknown:
            raise TuningError(f"{key}: unknown key '{unknown[0]}': beside choices only also")
        if not isinstance(node["choices"], list) or not node["choices"]:
            raise TuningError(f"{key}: choices must be a list of at least one")
        return Dimension(name, also=also, choices=tuple(node["choices"]))
    unknown = [other for other in node if other not in RANGE_KEYS]
    if unknown:
        raise TuningError(f"{key}: unknown key '{unknown[0]}': known are choices, {', '.join(sorted(RANGE_KEYS))}")
    numbers = [_number(node.get(part), f"{key}.{part}") for part in ("low", "high")]
    step = None if node.get("step") is None else _number(node["step"], f"{key}.step")
    low, high = numbers
    log = node.get("log", False)
    if not isinstance(log, bool):
        raise TuningError(f"{key}.log = {log}: must be true or false")
    if not low < high:
        raise TuningError(f"{key}: low must be less than high")
    if log and (low <= 0 or step is not None):
        raise TuningError(f"{key}: with log, low must be above 0 and there is no step")
    if step is not None and step <= 0:
        raise TuningError(f"{key}.step = {step}: must be above 0")
    whole = all(isinstance(value, int) for value in [*numbers, *([] if step is None else [step])])
    return Dimension(name, also=also, low=low, high=high, log=log, step=step, whole=whole)


def _number(value: Any, key: str) -> int | float:
    if isinstance(value, str):  # YAML 1.1 takes 1e-4 for a text
        try:
            value = float(value)
        except ValueError:
            value = None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TuningError(f"{key}: expected a number")
    return value
