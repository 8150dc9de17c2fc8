"""Draws tables of `foresight gradient-variance`: python Plots/gradient_variance.py FILE... --out FOLDER.

FOLDER gets results.csv (all rows of the files), table.csv (the variances, a row for each horizon) and a figure for each
environment. With FOLDER/results.csv as the only file, the others are made from it.
"""

import argparse
import csv
import sys
from pathlib import Path

import matplotlib
from foresight.program import leave
from foresight.style import COLORS, MARKERS, STYLE, save
from matplotlib.figure import Figure

LABELS = {
    "reparametrization": "reparametrization (RP)",
    "likelihood_ratio": "likelihood ratio (LR)",
    "total_propagation": "total propagation (TP)",
}


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status: 0, or 1 after a one-line message on standard error."""
    parser = argparse.ArgumentParser(description="Draws the variance of policy gradients against the horizon.")
    parser.add_argument("tables", type=Path, nargs="+", metavar="FILE", help="what `foresight gradient-variance` wrote")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where the files go")
    options = parser.parse_args(arguments)
    rows: list[dict[str, str]] = []
    try:
        for path in options.tables:
            with path.open(newline="", encoding="utf-8") as file:
                found = list(csv.DictReader(file))
            for row in found:
                float(row["variance"] or 0), int(row["horizon"]), row["noise"], LABELS[row["estimator"]]
            rows += found
        if not rows:
            raise ValueError("no rows")
    except (OSError, KeyError, ValueError, IndexError) as error:
        print(f"error: {path}: {error!r}", file=sys.stderr)
        return 1
    options.out.mkdir(parents=True, exist_ok=True)
    written = [options.out / "results.csv", options.out / "table.csv"]
    write_rows(written[0], list(rows[0]), [list(row.values()) for row in rows])
    write_rows(written[1], ["environment", "horizon", *LABELS], variances(rows))
    for environment in dict.fromkeys(row["environment"] for row in rows):
        written.append(options.out / f"gradient-variance-{environment}.png")
        save(draw(environment, [row for row in rows if row["environment"] == environment]), written[-1])
    for path in written:
        print(path)
    return 0


def variances(rows: list[dict[str, str]]) -> list[list[str]]:
    """A row for each environment and horizon, with the variance under each estimator."""
    table: dict[tuple[str, str], dict[str, str]] = {}
    for row in rows:
        table.setdefault((row["environment"], row["horizon"]), {})[row["estimator"]] = row["variance"]
    return [[*key, *(cells.get(name, "") for name in LABELS)] for key, cells in table.items()]


def write_rows(path: Path, header: list[str], rows: list[list[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])


def draw(environment: str, rows: list[dict[str, str]]) -> Figure:
    """The variance of each estimator against the horizon, on a logarithmic axis."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(6.4, 4.2), layout="constrained")
        axes = figure.subplots()
        for index, (name, label) in enumerate(LABELS.items()):
            # where rewards do not depend on the noise yet, what is left is rounding
            points = sorted((int(row["horizon"]), float(row["variance"])) for row in rows
                            if row["estimator"] == name and row["variance"] and float(row["variance"]) > 1e-12)
            axes.plot([point[0] for point in points], [point[1] for point in points], label=label,
                      color=COLORS[index], marker=MARKERS[index], markersize=4)
        axes.set_yscale("log")
        axes.set_xlabel("horizon (imagined steps)")
        axes.set_ylabel("variance of one trajectory's gradient\n(trace of the covariance)")
        axes.set_title(f"{environment}, true dynamics with noise {rows[0]['noise']}")
        axes.legend()
    return figure


if __name__ == "__main__":
    leave(main)
