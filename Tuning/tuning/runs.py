"""One trial's runs: every seed with the same settings, rung by rung."""

from __future__ import annotations

import csv
import json
import math
import signal
import subprocess
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

from .plan import Plan, TuningError


class Interrupted(Exception):
    """A signal has asked this worker to leave; its runs are saved."""


class RunFailed(Exception):
    """A run has failed; the message is its error's first line."""


def interquartile_mean(values: list[float]) -> float:
    """Mean of what is left after a quarter of the values (rounded down) is cut off at each end."""
    ordered = sorted(values)
    cut = len(ordered) // 4
    kept = ordered[cut : len(ordered) - cut]
    return sum(kept) / len(kept)


def read_curve(folder: Path) -> list[tuple[int, float]]:
    """Steps and mean returns of a run's complete evaluations, from its evaluations.csv."""
    path = folder / "evaluations.csv"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        return []
    rows = list(csv.reader(text[: text.rfind("\n") + 1].splitlines()))
    if not rows or rows[0][:3] != ["environment_steps", "episode", "return"]:
        raise TuningError(f"{path}:1: the header must begin with environment_steps,episode,return")
    groups: dict[int, list[float]] = {}
    for line, row in enumerate(rows[1:], 2):
        try:
            groups.setdefault(int(row[0]), []).append(float(row[2]))
        except (ValueError, IndexError):
            raise TuningError(f"{path}:{line}: expected a count of steps and a return, found {','.join(row)}") from None
    return [(steps, sum(returns) / len(returns)) for steps, returns in sorted(groups.items())]


def score(curve: list[tuple[int, float]], objective: str, steps: int) -> float:
    """A run's value after `steps` steps: its last evaluation's mean return, or the mean of its curve over the steps,
    straight between evaluations. NaN when there is none."""
    curve = [point for point in curve if point[0] <= steps]
    if not curve:
        return math.nan
    if objective == "final" or len(curve) == 1:
        return curve[-1][1]
    area = sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in pairwise(curve))
    return area / (curve[-1][0] - curve[0][0])


class Runner:
    """Starts runs of `foresight train`, some at a time, and passes signals on to them."""

    def __init__(self, plan: Plan, program: str, out: Path, at_once: int, threads: int):
        self.plan, self.program, self.out = plan, program, out
        self.at_once, self.threads = at_once, threads
        self.stopping: int | None = None

    def folder(self, label: str, seed: int) -> Path:
        """A run's folder; names with a colon are in folders where other characters than letters, digits, '.', '_'
        and '-' are '_', so the folder is looked for."""
        name = "".join(c if c.isalnum() or c in "._-" else "_" for c in self.plan.environment)
        return self.out / "runs" / name / label / f"seed-{seed}"

    def advance(self, label: str, values: dict[str, Any], steps: int) -> None:
        """Brings the runs of all seeds to `steps` steps. Raises RunFailed, or Interrupted after the runs were saved."""
        waiting = list(self.plan.seeds)
        running: dict[int, subprocess.Popen] = {}
        try:
            while waiting or running:
                while waiting and len(running) < self.at_once and self.stopping is None:
                    seed = waiting.pop(0)
                    running[seed] = self._start(label, values, seed, steps)
                for seed, process in list(running.items()):
                    if process.poll() is None:
                        continue
                    del running[seed]
                    if process.returncode and self.stopping is None:
                        raise RunFailed(self._failure(label, seed, process.returncode))
                if self.stopping is not None:
                    raise Interrupted
                time.sleep(0.05)
        finally:
            for process in running.values():
                process.send_signal(signal.SIGTERM)
            for process in running.values():
                process.wait()

    def _start(self, label: str, values: dict[str, Any], seed: int, steps: int) -> subprocess.Popen:
        settings = {**self.plan.settings, **values}
        log = self.out / "logs" / f"{label}-seed-{seed}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            return subprocess.Popen(
                [self.program, "train", self.plan.agent, self.plan.environment, "--label", label, "--seed", str(seed),
                 "--steps", str(steps), "--out", str(self.out / "runs"), "--threads", str(self.threads),
                 "--settings-json", json.dumps(settings)],
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)

    def _failure(self, label: str, seed: int, status: int) -> str:
        log = self.out / "logs" / f"{label}-seed-{seed}.log"
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        last = next((line for line in reversed(lines) if line.startswith("error: ")), "")
        return f"seed {seed}: {last.removeprefix('error: ') or f'exit status {status}'} (log: {log})"

    def value(self, label: str, steps: int) -> float:
        """The trial's value after `steps` steps: interquartile mean over its seeds."""
        scores = [score(read_curve(self.find(label, seed)), self.plan.objective, steps) for seed in self.plan.seeds]
        return interquartile_mean(scores)

    def find(self, label: str, seed: int) -> Path:
        """The run's folder as it is on disk."""
        folder = self.folder(label, seed)
        if folder.is_dir():
            return folder
        found = sorted(self.out.glob(f"runs/*/{label}/seed-{seed}"))
        return found[0] if found else folder


def settings_of(plan: Plan, value_of: Callable[[Any], Any]) -> dict[str, Any]:
    """Every searched setting with its value, given by `value_of` for each dimension."""
    settings: dict[str, Any] = {}
    for dimension in plan.search:
        value = value_of(dimension)
        for key in (dimension.name, *dimension.also):
            settings[key] = value
    return settings


def rungs(plan: Plan, interval: int) -> list[int]:
    """Steps after which a trial is looked at: multiples of the interval between evaluations, as evenly as that goes, and
    the end."""
    marks = {max(interval, round(plan.steps * i / plan.rungs / interval) * interval) for i in range(1, plan.rungs)}
    return sorted(mark for mark in marks if mark < plan.steps) + [plan.steps]
