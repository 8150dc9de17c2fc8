"""Regret of imitation against the horizon: exactly in a process of two states, and of Foresight's agents on CartPole-v1.

    python Plots/imitation_regret.py --out Experiments/imitation-regret

Reads results.csv there (made by collect.py), writes exact.csv and the figure regret.png.
"""

import argparse
import csv
import sys
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure

sys.path.insert(0, str(Path(__file__).resolve().parent))
from foresight.style import COLORS, MARKERS, STYLE, save

EXACT_HORIZONS = (10, 20, 50, 100, 200, 500, 1000)
ERRORS = (0.0001, 0.001)
"""Probability of an action that is not the expert's, in the states that a clone was fitted in."""
METHODS = {"behaviour-cloning": "behaviour cloning", "dagger": "DAgger"}


def exact_regret(error_on_rope: float, error_off_rope: float, horizon: int) -> float:
    """Expected cost of `horizon` steps from the rope. The expert's action keeps on it and leads back to it, any other leads
    off it; a step that ends off it costs 1, so that the expert's own cost is 0."""
    steps = np.array([[1 - error_on_rope, error_on_rope], [1 - error_off_rope, error_off_rope]])
    marginal, cost = np.array([1.0, 0.0]), 0.0
    for _ in range(horizon):
        marginal = marginal @ steps
        cost += marginal[1]
    return cost


def exact_rows() -> list[dict]:
    """A clone that never saw the expert off the rope errs there always; one that was told what to do there errs as seldom as
    on it."""
    rows = []
    for error in ERRORS:
        for method, off in (("behaviour-cloning", 1.0), ("dagger", error)):
            rows += [{"method": method, "error": error, "horizon": horizon, "regret": exact_regret(error, off, horizon)}
                     for horizon in EXACT_HORIZONS]
    return rows


def measured_regrets(path: Path) -> dict[tuple[str, int], list[float]]:
    """By method and horizon, for each seed the horizon less the mean return; the expert balances to the end."""
    returns: dict[tuple[str, int, str], list[float]] = {}
    with open(path, newline="", encoding="utf-8") as table:
        for row in csv.DictReader(table):
            method, _, horizon = row["agent"].rpartition("-")
            returns.setdefault((method, int(horizon), row["seed"]), []).append(float(row["return"]))
    regrets: dict[tuple[str, int], list[float]] = {}
    for (method, horizon, _), values in sorted(returns.items()):
        regrets.setdefault((method, horizon), []).append(horizon - float(np.mean(values)))
    return regrets


def draw(exact: list[dict], measured: dict[tuple[str, int], list[float]]) -> Figure:
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(10, 4.4), layout="constrained")
        left, right = figure.subplots(1, 2)
        for index, (method, name) in enumerate(METHODS.items()):
            for error, line in zip(ERRORS, ("--", "-")):
                rows = [row for row in exact if (row["method"], row["error"]) == (method, error)]
                left.plot([row["horizon"] for row in rows], [row["regret"] for row in rows], line, color=COLORS[index],
                          marker=MARKERS[index], markersize=4, label=f"{name}, error {error:g}")
            horizons = sorted(horizon for other, horizon in measured if other == method)
            means = [np.mean(measured[method, horizon]) for horizon in horizons]
            right.plot(horizons, means, color=COLORS[index], marker=MARKERS[index], label=f"{name}, mean")
            for horizon in horizons:
                values = measured[method, horizon]
                right.plot([horizon] * len(values), values, linestyle="", color=COLORS[index],
                           marker=MARKERS[index], markersize=3.5, alpha=0.5)
        left.set(xscale="log", yscale="log", xlabel="horizon T (steps)", ylabel="regret (cost)",
                 title="Two states, exactly")
        right.set(xlabel="horizon T (steps)", ylabel="regret (T - return)",
                  title="CartPole-v1, 1,000 decisions of the expert")
        left.legend()
        right.legend()
    return figure


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where results.csv is and files go")
    options = parser.parse_args(arguments)
    exact, measured = exact_rows(), measured_regrets(options.out / "results.csv")
    with open(options.out / "exact.csv", "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, exact[0].keys(), lineterminator="\n")
        table.writeheader()
        table.writerows(exact)
    for (method, horizon), values in measured.items():
        print(f"{method} {horizon}: {np.mean(values):.1f} ({', '.join(f'{value:.1f}' for value in values)})")
    save(draw(exact, measured), options.out / "regret.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
