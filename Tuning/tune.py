"""Searches an agent's settings: python Tuning/tune.py FILE [--out FOLDER] (or: foresight tune FILE)."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import optuna
from tuning.plan import Plan, TuningError, load_plan
from tuning.report import completed, summarize
from tuning.runs import Interrupted, RunFailed, Runner, rungs, settings_of
from tuning.storage import LABEL, TrialLock, open_study, requeue, requeue_abandoned, used


def interval_of(plan: Plan) -> int:
    """Steps between evaluations, as the plan's settings have them."""
    evaluation = plan.settings.get("evaluation")
    nested = evaluation.get("interval") if isinstance(evaluation, dict) else None
    value = plan.settings.get("evaluation.interval", nested if nested is not None else 1000)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise TuningError(f"settings.evaluation.interval = {value}: must be a whole number, at least 1")
    return value


def work(plan: Plan, study: optuna.Study, runner: Runner, out: Path, say) -> bool:
    """Runs one trial. False if a signal came."""
    trial = study.ask()
    lock = TrialLock(out, trial.number)
    lock.acquire()
    try:
        label = trial.user_attrs.get(LABEL)
        if label is None:
            label = f"trial-{trial.number:04d}"
            trial.set_user_attr(LABEL, label)
        values = settings_of(plan, lambda dimension: dimension.suggest(trial))
        say(f"{label}: " + " ".join(f"{key}={value:.4g}" if isinstance(value, float) else f"{key}={value}"
                                    for key, value in values.items()))
        try:
            for steps in rungs(plan, interval_of(plan)):
                runner.advance(label, values, steps)
                value = runner.value(label, steps)
                trial.report(value, steps)
                if steps < plan.steps and trial.should_prune():
                    study.tell(trial, state=optuna.trial.TrialState.PRUNED)
                    say(f"{label}: pruned after {steps} steps at {value:.6g}")
                    return True
        except RunFailed as failure:
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
            say(f"{label}: failed: {failure}")
            return True
        except (Interrupted, TuningError):
            requeue(study, study.get_trials(deepcopy=False)[trial.number])
            if runner.stopping is None:
                raise
            return False
        study.tell(trial, value)
        best = completed(study)[0]
        say(f"{label}: {value:.6g} (best {best.value:.6g}, {best.user_attrs.get(LABEL)})")
        return True
    finally:
        lock.release()


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status: 0; 1 after a failure; 64 for a mistake in the file; 128 and the signal that ended it."""
    parser = argparse.ArgumentParser(prog="foresight tune", description="Searches an agent's settings with Optuna.")
    parser.add_argument("file", type=Path, metavar="FILE", help="what to tune (YAML)")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="results; 'tuning' beside the file unless given")
    parser.add_argument("--trials", type=int, metavar="N", help="trials in all, over all workers; the file's unless given")
    parser.add_argument("--at-once", type=int, metavar="N", help="seeds of a trial that run at a time; all unless given")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="threads of each run (default: 1)")
    parser.add_argument("--storage", choices=["journal", "sqlite"], default="journal",
                        help="where trials are kept: a journal for workers on any machines, or SQLite (default: journal)")
    parser.add_argument("--report", action="store_true", help="only say what was found so far")
    parser.add_argument("--program", default=os.environ.get("FORESIGHT", "foresight"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        plan = load_plan(options.file)
        out = options.out if options.out is not None else options.file.parent / "tuning"
        limit = options.trials or plan.trials
        study = open_study(plan, out, options.storage)
        if not options.report:
            runner = Runner(plan, options.program, out, options.at_once or len(plan.seeds), options.threads)
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
                signal.signal(number, lambda number, frame: setattr(runner, "stopping", runner.stopping or number))
            again = requeue_abandoned(study, out)
            if again:
                print(f"{again} trials of workers that are gone are queued again", flush=True)
            while used(study) < limit or any(
                    trial.state == optuna.trial.TrialState.WAITING and LABEL in trial.user_attrs
                    for trial in study.get_trials(deepcopy=False)):
                if not work(plan, study, runner, out, lambda line: print(line, flush=True)):
                    print("stopped; its runs are saved, and the same command continues", file=sys.stderr)
                    return 128 + (runner.stopping or 0)
        print(summarize(study, plan, out))
    except TuningError as error:
        print(f"error: {error}", file=sys.stderr)
        return 64
    except OSError as error:
        print(f"error: {error.filename or options.file}: {error.strerror}", file=sys.stderr)
        return 74
    return 0


if __name__ == "__main__":
    sys.exit(main())
