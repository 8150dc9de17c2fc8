"""Shows how the errors of learned models grow with the steps that they predict ahead, for each task and agent of a study.

    foresight diagnose DIR/Pendulum-v1/mbpo/seed-3 --horizon 25
    .venv/bin/python Plots/model_errors.py Experiments/sample-efficiency --from DIR
    .venv/bin/python Plots/model_errors.py Experiments/sample-efficiency

With --from, what `foresight diagnose` has written into runs below the folders is first gathered into model-errors.csv. Errors
are root mean squares, averaged over the components of the state, in standard deviations of what the agent's own episodes visit.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from foresight.experiments import tell_of_study
from foresight.figures_run import HORIZON
from foresight.load import Study, load_run
from foresight.program import leave
from foresight.style import color, grid_of, legend_below, marker, save, styled
from foresight.tables import StudyError, read_table

FILE, FIGURE = "model-errors.csv", "model-errors.png"
BEGINS, ENDS = "<!-- model errors: made by Plots/model_errors.py -->", "<!-- end of model errors -->"
STEPS = (1, 5, 10, 25)
"""Steps ahead that the table shows."""
KEYS = ["environment", "agent", "seed", "step"]
VALUES = [*KEYS, "error", "persistence"]


def gather(folders: list[Path]) -> pd.DataFrame:
    """The errors over the horizon of all diagnosed runs below `folders`, a row for each step ahead."""
    tables = []
    for path in sorted(path for folder in folders for path in folder.rglob("diagnosis/horizon.csv")):
        run = load_run(path.parents[1])
        table = read_table(path, HORIZON)
        tables.append(table.assign(environment=run.environment, agent=run.agent, seed=run.seed)[VALUES])
    if not tables:
        raise StudyError(f"no run in {', '.join(map(str, folders))} has been diagnosed")
    return pd.concat(tables).sort_values(KEYS, ignore_index=True)


def medians(errors: pd.DataFrame) -> pd.DataFrame:
    """Medians over seeds, by environment, agent and step."""
    return errors.groupby(["environment", "agent", "step"])[["error", "persistence"]].median()


def table(study: Study, errors: pd.DataFrame) -> str:
    """A row for each task and agent: the median error after some steps, and that of predicting that nothing changes."""
    found = medians(errors)
    heads = " | ".join(f"{step} step{'s' * (step > 1)}" for step in STEPS)
    lines = [f"| Environment | Agent | Seeds | {heads} | No change, {STEPS[0]} and {STEPS[-1]} |",
             "| --- | --- |" + " ---: |" * (len(STEPS) + 2)]
    for environment in study.environments:
        for agent in study.agents:
            if (environment, agent) not in found.index.droplevel("step"):
                continue
            rows = found.loc[(environment, agent)]
            seeds = errors.query("environment == @environment and agent == @agent")["seed"].nunique()
            cells = " | ".join(f"{rows['error'].get(step, np.nan):.3f}" for step in STEPS)
            still = " and ".join(f"{rows['persistence'].get(step, np.nan):.2f}" for step in (STEPS[0], STEPS[-1]))
            lines.append(f"| `{environment}` | `{agent}` | {seeds} | {cells} | {still} |")
    return "\n".join(lines)


@styled
def draw(study: Study, errors: pd.DataFrame, path: Path) -> None:
    """A panel a task: the median error of each agent's model against the steps ahead, and the range of its seeds."""
    environments = [name for name in study.environments if name in set(errors["environment"])]
    figure, grid = grid_of(len(environments))
    lines: dict[str, object] = {}
    for axes, environment in zip(grid, environments, strict=True):
        own = errors[errors["environment"] == environment]
        for agent in (name for name in study.agents if name in set(own["agent"])):
            by_step = own[own["agent"] == agent].groupby("step")["error"]
            style = {"color": color(study, agent), "marker": marker(study, agent), "markersize": 4, "markevery": 4}
            middle = by_step.median()
            lines[agent], = axes.plot(middle.index, middle, linewidth=1.6, label=study.display.name(agent), **style)
            axes.fill_between(middle.index, by_step.min(), by_step.max(), color=style["color"], alpha=0.12, linewidth=0)
        still = own.groupby("step")["persistence"].median()
        lines["still"], = axes.plot(still.index, still, color="#444444", linestyle="--", linewidth=1, label="no change")
        axes.set(title=study.display.name(environment), xlabel="steps ahead", ylabel="error (log scale)", yscale="log")
    figure.suptitle("Median error in standard deviations of the states, and range over seeds", fontsize=11)
    legend_below(figure, [lines[name] for name in [*study.agents, "still"] if name in lines])
    save(figure, path)


def main(arguments: list[str] | None = None) -> int:
    """Writes model-errors.png and the table of the folder's README.md; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--from", dest="sources", type=Path, nargs="+", metavar="DIR",
                        help="folders of diagnosed runs to gather first")
    options = parser.parse_args(arguments)
    try:
        if options.sources:
            gather(options.sources).to_csv(options.folder / FILE, index=False, float_format="%.6g")
        errors = pd.read_csv(options.folder / FILE)
    except (OSError, ValueError, StudyError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return tell_of_study(
        [str(options.folder)], __doc__.splitlines()[0], (BEGINS, ENDS), lambda study: table(study, errors),
        lambda study, folder: draw(study, errors, folder / FIGURE))


if __name__ == "__main__":
    leave(main)
