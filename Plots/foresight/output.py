"""Writes the figures of a study into a folder."""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

from matplotlib.figure import Figure

from .comparison import compare, groups
from .figures import learning_curve, sample_efficiency, threshold_steps, training_curve, value_accuracy
from .figures_aggregate import (
    aggregate_scores,
    efficiency_curves,
    improvement,
    improvement_matrix,
    performance_profiles,
    sample_ratios,
    survival_curves,
)
from .figures_run import metric_curves, model_horizon, run_overview
from .load import Study
from .style import save


def study_figures(study: Study) -> dict[str, Callable[[], Figure | None]]:
    """What can be drawn of a study, by the name of its file; None of what there is no data for."""
    if len(study.runs) == 1 and study.folder == study.runs[0].folder:
        run = study.runs[0]
        figures = {"run": lambda: run_overview(run, study.name)}
        return {**figures, "model-horizon": lambda: model_horizon(study, run.environment)}
    figures = {
        "sample-efficiency": lambda: sample_efficiency(study),
        "sample-efficiency-seconds": lambda: sample_efficiency(study, "seconds"),
        "steps-to-threshold": lambda: threshold_steps(study), "seeds-at-threshold": lambda: survival_curves(study),
        **_aggregate_figures(study),
    }
    for environment in study.environments:
        if study.agents_in(environment):
            name = file_name(environment)
            figures[f"learning-curve-{name}"] = lambda name=environment: learning_curve(study, name)
            figures[f"learning-curve-seconds-{name}"] = lambda name=environment: learning_curve(study, name, "seconds")
            figures[f"learning-curve-updates-{name}"] = lambda name=environment: learning_curve(study, name, "updates")
            figures[f"training-{name}"] = lambda name=environment: training_curve(study, name)
            figures[f"value-accuracy-{name}"] = lambda name=environment: value_accuracy(study, name)
            figures[f"metrics-{name}"] = lambda name=environment: metric_curves(study, name)
            figures[f"model-horizon-{name}"] = lambda name=environment: model_horizon(study, name)
    return figures


def _aggregate_figures(study: Study) -> dict[str, Callable[[], Figure | None]]:
    """Figures of normalised scores: of all tasks that have them, and of each group; none where only one agent is."""
    figures: dict[str, Callable[[], Figure | None]] = {}
    for place, group in enumerate(groups(study)):
        if len(group.agents) < 2:
            continue
        end = f"-{file_name(group.name)}" if place else ""
        numbers = cache(lambda group=group: compare(study, group))
        figures[f"aggregate-scores{end}"] = lambda numbers=numbers: aggregate_scores(study, numbers())
        figures[f"performance-profiles{end}"] = lambda group=group: performance_profiles(study, group)
        figures[f"efficiency{end}"] = lambda group=group: efficiency_curves(study, group)
        figures[f"improvement{end}"] = lambda numbers=numbers: improvement(study, numbers())
        figures[f"improvement-matrix{end}"] = lambda group=group: improvement_matrix(study, group)
        figures[f"sample-ratios{end}"] = lambda numbers=numbers: sample_ratios(study, numbers())
    return figures


def file_name(text: str) -> str:
    """The text with whatever would not do in a file's name as `-`."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", text)


def write_figures(study: Study, folder: Path, suffix: str, names: set[str] | None = None) -> list[Path]:
    """Writes every figure that the study has data for, or those of `names`; returns the paths in the order written."""
    paths = []
    for name, draw in study_figures(study).items():
        figure = draw() if names is None or name in names else None
        if figure is not None:
            paths.append(folder / f"{name}.{suffix}")
            save(figure, paths[-1])
    return paths
