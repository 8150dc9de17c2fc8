"""Writes all figures of a study into a folder."""

import re
from pathlib import Path

from .figures import learning_curve, sample_efficiency, save, threshold_steps, training_curve
from .load import Study


def write_figures(study: Study, folder: Path, suffix: str) -> list[Path]:
    """Writes every figure that the study has data for; returns the files' paths in the order written."""
    figures = [("sample-efficiency", sample_efficiency(study)), ("steps-to-threshold", threshold_steps(study))]
    for environment in study.environments:
        if study.agents_in(environment):
            name = re.sub(r"[^A-Za-z0-9._-]", "-", environment)
            figures.append((f"learning-curve-{name}", learning_curve(study, environment)))
            figures.append((f"training-{name}", training_curve(study, environment)))
    paths = []
    for name, figure in figures:
        if figure is not None:
            paths.append(folder / f"{name}.{suffix}")
            save(figure, paths[-1])
    return paths
