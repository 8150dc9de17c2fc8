"""A run's tables as TensorBoard's event files, written once or while the run goes on."""

import math
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from .load import Run, load
from .tables import StudyError


def scalars(run: Run) -> Iterator[tuple[str, int, float]]:
    """(tag, real environment steps, value) of everything that the run has measured, tag by tag."""
    yield from (("evaluation/return", int(step), float(mean)) for step, mean in zip(run.evaluation_steps, run.evaluation_means))
    for table, prefix in ((run.measured, "evaluation"), (run.values, "evaluation")):
        means = table.groupby("environment_steps").mean() if len(table) else table
        for name in means.columns if len(table) else ():
            yield from ((f"{prefix}/{name}", int(step), float(value)) for step, value in means[name].dropna().items())
    yield from (("training/return", int(step), float(value)) for step, value in
                zip(run.episodes["environment_steps"], run.episodes["return"]))
    for table, prefix in ((run.training, "training"), (run.timing, "timing")):
        for name in table.columns:
            if name != "environment_steps":
                rows = table[["environment_steps", name]].dropna()
                yield from ((f"{prefix}/{name}", int(step), float(value)) for step, value in rows.itertuples(index=False))


class EventWriter:
    """Writes what is new of a run to an event file in a folder of its own."""

    def __init__(self, folder: Path):
        try:
            from tensorboardX import SummaryWriter
        except ImportError:
            raise StudyError("tensorboardX is missing: .venv/bin/pip install -r requirements-tools.txt") from None
        self._writer = SummaryWriter(logdir=str(folder))
        self._written: dict[str, int] = {}

    def write(self, run: Run) -> int:
        """Appends the values that were not there the last time; returns how many."""
        counts: dict[str, int] = {}
        new = 0
        for tag, step, value in scalars(run):
            counts[tag] = counts.get(tag, 0) + 1
            if counts[tag] > self._written.get(tag, 0) and math.isfinite(value):
                self._writer.add_scalar(tag, value, step, walltime=_wall_time(run, step))
                new += 1
        self._written.update(counts)
        self._writer.flush()
        return new

    def close(self) -> None:
        self._writer.close()


def _wall_time(run: Run, step: int) -> float:
    """When the run was at that step, from its manifest and timing.csv; the epoch's start where they do not say."""
    started = (run.manifest.get("host") or {}).get("started")
    seconds = run.seconds_at(step)
    begin = datetime.fromisoformat(started).timestamp() if started else 0.0
    return begin + (float(seconds) if seconds is not None else 0.0)


def export(folder: Path, out: Path, follow: bool = False, interval: float = 5.0) -> list[tuple[Path, int]]:
    """Writes the event files of the run or of every run of the study in `folder`, each in a folder of its own under `out`.

    With `follow` it goes on, looking every `interval` seconds for more, until all runs are finished or failed. Returns the
    folders with the number of values. `out` must have no event files: TensorBoard would show old and new values as one.
    """
    if out.exists() and any(out.rglob("events.out.tfevents.*")):
        raise StudyError(f"{out}: has event files already; give another folder or remove it")
    writers: dict[Path, EventWriter] = {}
    totals: dict[Path, int] = {}
    while True:
        study = load(folder, empty=True)
        for run in study.runs:
            place = out if len(study.runs) == 1 and study.folder == run.folder else out / _place(run)
            if run.started or len(run.training) or len(run.episodes):
                if place not in writers:
                    writers[place] = EventWriter(place)
                totals[place] = totals.get(place, 0) + writers[place].write(run)
        if not follow or all(_ended(run) for run in study.runs):
            break
        time.sleep(interval)
    for writer in writers.values():
        writer.close()
    if not writers:
        raise StudyError(f"{folder}: no run has written anything yet")
    return list(totals.items())


def _place(run: Run) -> Path:
    return Path(run.environment.replace("/", "-").replace(":", "_")) / run.agent / f"seed-{run.seed}"


def _ended(run: Run) -> bool:
    return run.manifest.get("status") in ("finished", "failed")
