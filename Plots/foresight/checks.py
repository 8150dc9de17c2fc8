"""What the tables of a run must agree in. A file that was cut or edited is refused by name and line, never used."""

import os
from pathlib import Path

import numpy as np

from .tables import Columns, StudyError

_IDENTITY = {"environment": "environment", "agent": "label", "seed": "seed"}


def check_order(path: Path | str, table: Columns) -> None:
    """Steps never decrease, evaluations count their episodes from 0, and training counts its episodes on and on."""
    steps = table["environment_steps"]
    if (steps[1:] < steps[:-1]).any():
        _refuse(path, np.flatnonzero(np.diff(steps) < 0) + 1,
                lambda row: f"environment_steps must not decrease: {steps[row]} after {steps[row - 1]}")
    if "episode" not in table or not len(steps):
        return
    episodes = table["episode"]
    if os.path.basename(path) == "evaluations.csv":
        if are_whole(steps, episodes):
            return
        first = np.concatenate([[True], np.diff(steps) > 0])
        start = np.maximum.accumulate(np.where(first, np.arange(len(steps)), 0))
        wanted = np.arange(len(steps)) - start
        sizes = np.diff(np.append(np.flatnonzero(first), len(steps)))
        short = np.flatnonzero(sizes[:-1] != sizes[0]) if len(sizes) > 1 else np.array([], dtype=int)
        _refuse(path, np.flatnonzero(episodes != wanted), lambda row: f"episode must be {wanted[row]}, found {episodes[row]}")
        _refuse(path, np.flatnonzero(first)[short],
                lambda row: f"the evaluation after {steps[row]} steps must have {sizes[0]} episodes as the first one, "
                            f"found {np.count_nonzero(steps == steps[row])}")
    else:
        wanted = np.arange(len(steps))
        _refuse(path, np.flatnonzero(episodes != wanted), lambda row: f"episode must be {wanted[row]}, found {episodes[row]}")


def are_whole(steps: np.ndarray, episodes: np.ndarray) -> bool:
    """Whether the rows are evaluations of as many episodes each, in order, after more and more steps."""
    count = int(episodes.max(initial=0)) + 1
    if len(steps) % count:
        return False
    steps = steps.reshape(-1, count)
    return bool((steps == steps[:, :1]).all() and (steps[1:, 0] > steps[:-1, 0]).all()
                and (episodes.reshape(-1, count) == np.arange(count)).all())


def check_finished(path: Path | str, steps: np.ndarray, manifest: dict) -> None:
    """A run whose manifest says `finished` has its last evaluation; `steps` are those of the rows of evaluations.csv."""
    evaluation = manifest.get("settings", {}).get("evaluation", {})
    interval = evaluation.get("interval") if evaluation.get("episodes") != 0 else None
    budget = manifest.get("steps")
    if manifest.get("status") != "finished" or not isinstance(interval, int) or not isinstance(budget, int) or interval < 1:
        return
    last = int(steps[-1]) if len(steps) else None
    if (0 if last is None else last) + interval <= budget:
        end = "has no rows" if last is None else f"ends at {last} of {budget} steps"
        raise StudyError(f"{path}:{len(steps) + 1}: the file {end}, but its run is finished and was evaluated "
                         f"every {interval} steps: lines are missing")


def check_identity(path: Path | str, manifest: dict, entry: dict, source: Path) -> None:
    """The manifest in a run's folder is that of the run which the study lists there."""
    for key, own in _IDENTITY.items():
        if own in manifest and str(manifest[own]) != str(entry[key]):
            raise StudyError(f"{path}: {own} must be {entry[key]}, as {source.name} says, found {manifest[own]}")


def _refuse(path: Path | str, rows: np.ndarray, words) -> None:
    if len(rows):
        raise StudyError(f"{path}:{rows[0] + 2}: {words(int(rows[0]))}")
