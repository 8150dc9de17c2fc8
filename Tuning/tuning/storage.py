"""Trials on disk, shared by any number of workers."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import optuna
from optuna.storages import JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import TrialState

from .plan import Plan, TuningError

LABEL = "label"
"""Attribute of a trial: the name of its runs' folders."""
SPACE = "space"
"""Attribute of a study: what is searched, so that another file is refused."""


class TrialLock:
    """Held by the worker that runs a trial, as long as its process lives; works on NFS, whose servers keep such locks."""

    def __init__(self, out: Path, number: int):
        folder = out / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        self.file = (folder / f"trial-{number}.lock").open("a+")

    def acquire(self) -> bool:
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def release(self) -> None:
        self.file.close()


def open_storage(out: Path, kind: str):
    """`journal`: a file that only grows, for many workers, on NFS too. `sqlite`: a database, for one machine."""
    if kind == "sqlite":
        # a writer waits for the others instead of failing
        return RDBStorage(f"sqlite:///{out / 'tuning.db'}", engine_kwargs={"connect_args": {"timeout": 60}})
    path = str(out / "tuning.journal")
    return JournalStorage(JournalFileBackend(path, lock_obj=JournalFileOpenLock(path)))


def open_study(plan: Plan, out: Path, kind: str) -> optuna.Study:
    """The study of this plan, made if there is none. Raises TuningError when the folder holds another search."""
    out.mkdir(parents=True, exist_ok=True)
    with (out / "create.lock").open("w") as lock:  # one worker makes the study and queues its first trials
        fcntl.flock(lock, fcntl.LOCK_EX)
        other = out / ("tuning.db" if kind == "journal" else "tuning.journal")
        if other.exists():
            raise TuningError(f"{out} has its trials in {other.name}: choose the other --storage, or another --out")
        study = optuna.create_study(
            study_name=plan.name, storage=open_storage(out, kind), direction="maximize", load_if_exists=True,
            pruner=optuna.pruners.MedianPruner(n_startup_trials=5) if plan.rungs > 1 else optuna.pruners.NopPruner())
        space = repr((plan.agent, plan.environment, plan.steps, plan.seeds, sorted(plan.settings.items(), key=str),
                      plan.search, plan.objective, plan.rungs))
        found = study.user_attrs.get(SPACE)
        if found is None:
            study.set_user_attr(SPACE, space)
            for values in plan.start:
                parameters = {d.name: d.encode(values[d.name]) for d in plan.search if d.name in values}
                study.enqueue_trial(parameters)
        elif found != space:
            raise TuningError(f"{out} holds another search: agent, environment, steps, seeds, settings, search, objective "
                              "and rungs must be the same; another --out starts anew")
    # A worker that comes later, or again, must not suggest what another one with the same seed has.
    seed = None
    if plan.sampler_seed is not None:
        seed = plan.sampler_seed + len(study.get_trials(deepcopy=False)) + 1000 * int(os.environ.get("SLURM_ARRAY_TASK_ID", 0))
    study.sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True, constant_liar=True)
    return study


def requeue_abandoned(study: optuna.Study, out: Path) -> int:
    """Queues again the trials whose workers are gone: their runs go on from their checkpoints. Says how many."""
    count = 0
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        lock = TrialLock(out, trial.number)
        if lock.acquire() and requeue(study, trial):
            count += 1
        lock.release()
    return count


def requeue(study: optuna.Study, trial) -> bool:
    """Ends a trial as failed and queues another one with its parameters and folders; False if somebody else has."""
    label = trial.user_attrs.get(LABEL, f"trial-{trial.number:04d}")
    try:
        study.tell(trial.number, state=TrialState.FAIL)
    except (ValueError, optuna.exceptions.UpdateFinishedTrialError):
        return False
    if len(trial.params):
        study.enqueue_trial(trial.params, user_attrs={LABEL: label})
    return True


def used(study: optuna.Study) -> int:
    """Trials that count: done, pruned, failed of themselves, or under way. One that was queued again counts once."""
    trials = study.get_trials(deepcopy=False)
    return len({trial.user_attrs.get(LABEL, trial.number) for trial in trials if trial.state != TrialState.WAITING})
