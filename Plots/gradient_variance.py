"""Draws the table of `foresight gradient-variance`: python Plots/gradient_variance.py FILE.csv --out FIGURE.png."""

import argparse
import csv
import sys
from pathlib import Path

import matplotlib

from foresight_plots.figures import COLORS, MARKERS, STYLE

LABELS = {
    "reparametrization": "reparametrization (RP)",
    "likelihood_ratio": "likelihood ratio (LR)",
    "total_propagation": "total propagation (TP)",
}


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status: 0, or 1 after a one-line message on standard error."""
    parser = argparse.ArgumentParser(description="Draws the variance of policy gradients against the horizon.")
    parser.add_argument("table", type=Path, metavar="FILE", help="what `foresight gradient-variance` wrote")
    parser.add_argument("--out", type=Path, required=True, metavar="FIGURE", help="a .png, .svg or .pdf file")
    options = parser.parse_args(arguments)
    try:
        with options.table.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        curves: dict[str, list[tuple[int, float]]] = {name: [] for name in LABELS}
        for row in rows:
            # where rewards do not depend on the noise yet, what is left is rounding
            if row["variance"] and float(row["variance"]) > 1e-12:
                curves[row["estimator"]].append((int(row["horizon"]), float(row["variance"])))
        environment, noise = rows[0]["environment"], rows[0]["noise"]
    except (OSError, KeyError, ValueError, IndexError) as error:
        print(f"error: {options.table}: {error!r}", file=sys.stderr)
        return 1
    with matplotlib.rc_context(STYLE):
        from matplotlib.figure import Figure

        figure = Figure(figsize=(6.4, 4.2), layout="constrained")
        axes = figure.subplots()
        for index, (name, label) in enumerate(LABELS.items()):
            points = sorted(curves[name])
            axes.plot([point[0] for point in points], [point[1] for point in points], label=label,
                      color=COLORS[index], marker=MARKERS[index], markersize=4)
        axes.set_yscale("log")
        axes.set_xlabel("horizon (imagined steps)")
        axes.set_ylabel("variance of one trajectory's gradient\n(trace of the covariance)")
        axes.set_title(f"{environment}, true dynamics with noise {noise}")
        axes.legend()
        options.out.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(options.out, dpi=150, metadata={"Software": None} if options.out.suffix == ".png" else None)
    print(options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
