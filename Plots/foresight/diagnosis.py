"""What `foresight diagnose` found about a model, in one figure."""

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from .style import COLORS, styled

COLUMNS = {
    "likelihood": ["component", "error", "scale", "negative_log_likelihood", "baseline"],
    "calibration": ["component", "level", "frequency"],
    "horizon": ["step", "error", "spread", "persistence", "count"],
    "disagreement": ["disagreement", "error", "count"],
}

ADDED = {"likelihood": ["name"]}  # files of earlier versions lack it


def read_diagnosis(folder: Path) -> dict[str, pd.DataFrame]:
    """The four tables by name; ValueError names a table with other columns than expected."""
    tables = {}
    for name, columns in COLUMNS.items():
        table = pd.read_csv(folder / f"{name}.csv", dtype={"component": str})
        if list(table.columns) not in (columns, columns + ADDED.get(name, [])):
            raise ValueError(f"{name}.csv has the columns {', '.join(table.columns)}, not {', '.join(columns)}")
        tables[name] = table
    return tables


@styled
def model_quality(tables: dict[str, pd.DataFrame]) -> Figure:
    """Reliability, error against horizon, error against disagreement, and likelihood of each component."""
    figure = Figure(figsize=(9.5, 7.4), layout="constrained")
    (reliability, horizon), (disagreement, likelihood) = figure.subplots(2, 2)

    curves = tables["calibration"]
    reliability.plot([0, 1], [0, 1], color="#444444", linestyle="--", linewidth=1, label="calibrated")
    for component, curve in curves.groupby("component", sort=False):
        if component != "all":
            reliability.plot(curve["level"], curve["frequency"], color=COLORS[0], linewidth=0.7, alpha=0.4)
    joint = curves[curves["component"] == "all"]
    reliability.plot(joint["level"], joint["frequency"], color=COLORS[0], marker="o", markersize=3.5, label="all components")
    reliability.set(xlabel="predicted probability", ylabel="observed frequency", title="Reliability, one step ahead")
    reliability.legend()

    errors = tables["horizon"]
    for place, (column, label) in enumerate([("error", "error of the mean"), ("spread", "predicted spread"),
                                             ("persistence", "error of no change")]):
        horizon.plot(errors["step"], errors[column], color=COLORS[place], label=label)
    horizon.set(xlabel="steps ahead", ylabel="in standard deviations of the states", title="Error over the horizon")
    horizon.legend()

    members = tables["disagreement"]
    if len(members):
        disagreement.plot(members["disagreement"], members["error"], color=COLORS[0], marker="o", markersize=4)
    else:
        disagreement.text(0.5, 0.5, "a single member", ha="center", va="center", transform=disagreement.transAxes)
    disagreement.set(xlabel="disagreement of the members (tenths of the steps)", ylabel="error",
                     title="What disagreement says about the error")

    scores = tables["likelihood"]
    places = range(len(scores))
    likelihood.bar([p - 0.2 for p in places], scores["negative_log_likelihood"].fillna(0), width=0.4, color=COLORS[0],
                   label="model")
    likelihood.bar([p + 0.2 for p in places], scores["baseline"], width=0.4, color=COLORS[7], label="one Gaussian")
    likelihood.set_xticks(list(places), scores["component"])
    likelihood.set(xlabel="component of the state", ylabel="nats", title="Negative log-likelihood of the next state")
    likelihood.legend()
    return figure
