"""Writes the figures of a study into a folder."""

import re
from collections.abc import Callable
from pathlib import Path

from matplotlib.figure import Figure

from .figures import learning_curve, sample_efficiency, save, threshold_steps, training_curve, value_accuracy
from .load import Study


def study_figures(study: Study) -> dict[str, Callable[[], Figure | None]]:
    """What can be drawn of a study, by the name of its file; None of what there is no data for."""
    figures = {
        "sample-efficiency": lambda: sample_efficiency(study), "steps-to-threshold": lambda: threshold_steps(study),
    }
    for environment in study.environments:
        if study.agents_in(environment):
            name = re.sub(r"[^A-Za-z0-9._-]", "-", environment)
            figures[f"learning-curve-{name}"] = lambda name=environment: learning_curve(study, name)
            figures[f"training-{name}"] = lambda name=environment: training_curve(study, name)
            figures[f"value-accuracy-{name}"] = lambda name=environment: value_accuracy(study, name)
    return figures


def write_figures(study: Study, folder: Path, suffix: str, names: set[str] | None = None) -> list[Path]:
    """Writes every figure that the study has data for, or those of `names`; returns the paths in the order written."""
    paths = []
    for name, draw in study_figures(study).items():
        figure = draw() if names is None or name in names else None
        if figure is not None:
            paths.append(folder / f"{name}.{suffix}")
            save(figure, paths[-1])
    return paths
