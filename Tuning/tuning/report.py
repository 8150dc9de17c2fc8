"""What a search has found: tables, importance, and the best settings as a study file."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Any

import optuna
import yaml
from optuna.trial import TrialState

from .plan import Plan
from .runs import settings_of
from .storage import LABEL


def best_settings(plan: Plan, trial) -> dict[str, Any]:
    return settings_of(plan, lambda dimension: dimension.decode(trial.params[dimension.name]))


def completed(study: optuna.Study) -> list:
    """Finished trials, the best first."""
    done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return sorted(done, key=lambda trial: (-trial.value, trial.number))


def importance(study: optuna.Study, plan: Plan) -> dict[str, float]:
    """Share of each searched setting in what makes the better half of the trials better (PED-ANOVA, Watanabe et al. 2023);
    empty with fewer than ten finished trials."""
    done = completed(study)
    if len(done) < 10 or len({trial.value for trial in done}) < 2:
        return {}
    evaluator = optuna.importance.PedAnovaImportanceEvaluator(target_quantile=0.5)
    found = optuna.importance.get_param_importances(study, evaluator=evaluator)
    return {name: value for name, value in found.items() if math.isfinite(value)}


def write_trials(study: optuna.Study, plan: Plan, path: Path) -> None:
    """One row a trial."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["trial", "state", "value", "steps", *(dimension.name for dimension in plan.search)])
        for trial in study.get_trials(deepcopy=False):
            values = [dimension.decode(trial.params[dimension.name]) if dimension.name in trial.params else ""
                      for dimension in plan.search]
            steps = max(trial.intermediate_values, default=0)
            value = trial.value if trial.value is not None else trial.intermediate_values.get(steps, "")
            table.writerow([trial.user_attrs.get(LABEL, trial.number), trial.state.name.lower(), value, steps, *values])


def write_best(study: optuna.Study, plan: Plan, path: Path) -> None:
    """The best settings beside the defaults, as a study on seeds that no trial had."""
    best = completed(study)[0]
    tree = {
        "name": f"{plan.name}-best", "environments": [plan.environment], "seeds": plan.validation, "steps": plan.steps,
        "settings": _shared(plan),
        "agents": {
            "default": {"agent": plan.agent, **_part(_own(plan))},
            "tuned": {"agent": plan.agent, **_part({**_own(plan), **best_settings(plan, best)})},
        },
    }
    if not tree["settings"]:
        del tree["settings"]
    tried = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
    count = len(tried)
    head = (f"# The best of {count} trials ({best.value:.6g} with seeds {plan.seeds}) beside the "
            "defaults, on seeds that no trial had.\n")
    path.write_text(head + yaml.safe_dump(tree, sort_keys=False, default_flow_style=None, width=100), encoding="utf-8")


def _shared(plan: Plan) -> dict[str, Any]:
    """Settings of the loop, which every agent of a study may share."""
    groups = ("evaluation", "log", "run", "checkpoint", "environment")
    return {key: value for key, value in plan.settings.items() if key.split(".")[0] in groups}


def _own(plan: Plan) -> dict[str, Any]:
    shared = _shared(plan)
    return {key: value for key, value in plan.settings.items() if key not in shared}


def _part(settings: dict[str, Any]) -> dict[str, Any]:
    return {"settings": settings} if settings else {}


def summarize(study: optuna.Study, plan: Plan, out: Path) -> str:
    """Writes trials.csv and best.yaml, and says in words what was found."""
    write_trials(study, plan, out / "trials.csv")
    trials = study.get_trials(deepcopy=False)
    counts = {state: sum(trial.state == state for trial in trials) for state in TrialState}
    names = [(TrialState.COMPLETE, "finished"), (TrialState.PRUNED, "pruned"), (TrialState.FAIL, "failed or queued again"),
             (TrialState.RUNNING, "running"), (TrialState.WAITING, "waiting")]
    lines = ["trials: " + ", ".join(f"{counts[state]} {name}" for state, name in names if counts[state])]
    done = completed(study)
    if not done:
        return "\n".join([*lines, "no trial has finished yet"])
    write_best(study, plan, out / "best.yaml")
    kind = "last evaluation" if plan.objective == "final" else "mean of the curve"
    lines.append(f"best: {done[0].value:.6g} ({kind}, interquartile mean of {len(plan.seeds)} seeds)")
    lines += [f"  {key}: {_short(value)}" for key, value in best_settings(plan, done[0]).items()]
    shares = importance(study, plan)
    if shares:
        lines.append("importance:")
        lines += [f"  {name:<40} {share:.2f}" for name, share in sorted(shares.items(), key=lambda item: -item[1])]
    lines.append(f"every trial: {out / 'trials.csv'}")
    lines.append(f"best against defaults on unseen seeds: foresight study run {out / 'best.yaml'} --out {out / 'best'}")
    return "\n".join(lines)


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
